//! Access: who calls, and what they may do. Scopes are given with a token; some are never an assistant's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Author;

/// Who calls where no token says who.
const OUTSIDE: &str = "outside";

/// What a call needs. Each stands alone: who has one has no other by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Looking at runs, findings, the catalog and the structure of sources.
    Read,
    /// Seeing values of rows: SQL, samples, profiles, and checks with SQL of one's own.
    Sql,
    /// Starting and steering runs, harvests, recording findings.
    Write,
    /// What only a person may: answering in a person's name.
    Approve,
    /// Tokens, sources, secrets, and what was done by whom.
    Admin,
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

/// Who holds a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    #[default]
    Person,
    /// A program that decides by itself what to call.
    Assistant,
}

/// What a token lets its holder do. There is none that goes beyond its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    kind: TokenKind,
    scopes: Scopes,
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Under which name claims are made.
    pub author: Author,
    token: Option<String>,
    grant: Grant,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    #[error("a token needs at least one scope")]
    Nothing,
    #[error("the token of an assistant never has {}", .0.in_words())]
    NeverAnAssistants(Scopes),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{call}` needs the scope {}; {} has {}", missing.in_words(), whose(token.as_deref()), has.in_words())]
pub struct MissingScope {
    pub call: String,
    pub missing: Scopes,
    pub has: Scopes,
    token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope; valid are `read`, `sql`, `write`, `approve` and `admin`")]
pub struct NoScope(String);

fn whose(token: Option<&str>) -> String {
    token.map_or_else(|| "an assistant".to_owned(), |name| format!("the token `{name}`"))
}

impl Scope {
    pub const ALL: [Self; 5] = [Self::Read, Self::Sql, Self::Write, Self::Approve, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Sql => "sql",
            Self::Write => "write",
            Self::Approve => "approve",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Scopes {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self::of(&Scope::ALL);

    pub const fn of(scopes: &[Scope]) -> Self {
        let (mut bits, mut place) = (0, 0);
        while place < scopes.len() {
            bits |= scopes[place].bit();
            place += 1;
        }
        Self(bits)
    }

    /// The scopes of these names; what is no name of one gives nothing.
    pub fn from_words(words: &str) -> Self {
        words.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    }

    /// Their names, with blanks between them.
    pub fn words(self) -> String {
        self.iter().map(Scope::name).collect::<Vec<_>>().join(" ")
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub fn and(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    pub fn within(self, most: Self) -> Self {
        Self(self.0 & most.0)
    }

    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    fn in_words(self) -> String {
        let names: Vec<String> = self.iter().map(|scope| format!("`{scope}`")).collect();
        match names.split_last() {
            None => "none".to_owned(),
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
        }
    }
}

impl TokenKind {
    pub const ALL: [Self; 2] = [Self::Person, Self::Assistant];

    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Assistant => "assistant",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What a token of this kind has where nobody says less, which is also the most that it can have.
    pub fn most(self) -> Scopes {
        match self {
            Self::Person => Scopes::ALL,
            Self::Assistant => Scopes::of(&[Scope::Read, Scope::Sql, Scope::Write]),
        }
    }
}

impl Grant {
    /// Everything, for a person.
    pub const EVERYTHING: Self = Self { kind: TokenKind::Person, scopes: Scopes::ALL };

    /// As somebody asks for it.
    pub fn new(kind: TokenKind, scopes: Scopes) -> Result<Self, NotGranted> {
        let beyond = scopes.without(kind.most());
        if !beyond.is_empty() {
            return Err(NotGranted::NeverAnAssistants(beyond));
        }
        if scopes.is_empty() { Err(NotGranted::Nothing) } else { Ok(Self { kind, scopes }) }
    }

    /// As it was kept: whatever stands there, it gives no more than its kind may have.
    pub fn kept(kind: TokenKind, scopes: Scopes) -> Self {
        Self { kind, scopes: scopes.within(kind.most()) }
    }

    pub fn kind(self) -> TokenKind {
        self.kind
    }

    pub fn scopes(self) -> Scopes {
        self.scopes
    }
}

impl Identity {
    /// Somebody at the machine, who shows no token and may do everything.
    pub fn at_the_machine() -> Self {
        Self { author: OUTSIDE.to_owned(), token: None, grant: Grant::EVERYTHING }
    }

    /// A program at the machine that decides by itself what to call, and shows no token.
    pub fn assistant() -> Self {
        Self { author: OUTSIDE.to_owned(), token: None, grant: Grant::kept(TokenKind::Assistant, Scopes::ALL) }
    }

    /// The name of an author comes from the token alone, and is nobody's inside: `person`, `harvest` and the experts have names without
    /// a colon, and no expert may be called `outside`.
    pub fn of_token(name: &str, grant: Grant) -> Self {
        Self { author: format!("token:{name}"), token: Some(name.to_owned()), grant }
    }

    /// The name of the token that was shown.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub fn grant(&self) -> Grant {
        self.grant
    }

    pub fn scopes(&self) -> Scopes {
        self.grant.scopes
    }

    /// `call` is what is asked for, in the words of who asks.
    pub fn require(&self, needed: Scopes, call: &str) -> Result<(), MissingScope> {
        let (has, missing) = (self.scopes(), needed.without(self.scopes()));
        if missing.is_empty() {
            return Ok(());
        }
        Err(MissingScope { call: call.to_owned(), missing, has, token: self.token.clone() })
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        Self::of(&[scope])
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<Several: IntoIterator<Item = Scope>>(scopes: Several) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::and)
    }
}

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        Self::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| NoScope(text.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A list of names.
impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Scope>::deserialize(deserializer).map(|scopes| scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assistant_never_approves_and_never_administers() {
        for never in [Scope::Approve, Scope::Admin] {
            let asked = TokenKind::Assistant.most().and(never);
            assert_eq!(Grant::new(TokenKind::Assistant, asked), Err(NotGranted::NeverAnAssistants(never.into())));
            assert!(Grant::new(TokenKind::Person, asked).is_ok());
        }
        let tampered = Grant::kept(TokenKind::Assistant, Scopes::ALL);
        assert_eq!(tampered.scopes().words(), "read sql write");
        assert_eq!(Grant::new(TokenKind::Person, Scopes::NONE), Err(NotGranted::Nothing));
    }

    #[test]
    fn each_scope_stands_alone() {
        for (place, scope) in Scope::ALL.into_iter().enumerate() {
            let scopes = Scopes::from(scope);
            assert_eq!(scopes.iter().collect::<Vec<_>>(), [scope]);
            assert!(Scope::ALL.into_iter().enumerate().all(|(other, others)| scopes.has(others) == (place == other)));
            assert_eq!(scope.name().parse(), Ok(scope));
        }
        assert_eq!(Scopes::from_words(&Scopes::ALL.words()), Scopes::ALL);
        assert_eq!(Scopes::from_words("sql everything read sql").words(), "read sql", "what is no scope gives nothing");
        assert!("Read".parse::<Scope>().is_err());
    }

    #[test]
    fn what_is_missing_is_told_with_what_there_is() {
        let grant = Grant::new(TokenKind::Assistant, Scopes::of(&[Scope::Read, Scope::Write])).unwrap();
        let identity = Identity::of_token("lab", grant);
        assert_eq!(identity.author, "token:lab");
        assert_eq!(identity.require(Scope::Write.into(), "x"), Ok(()));
        let told = identity.require(Scopes::of(&[Scope::Sql, Scope::Write]), "run_sql_readonly").unwrap_err().to_string();
        assert_eq!(told, "`run_sql_readonly` needs the scope `sql`; the token `lab` has `read` and `write`");
        assert_eq!(Identity::at_the_machine().require(Scopes::ALL, "x"), Ok(()));
    }
}
