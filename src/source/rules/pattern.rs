//! Patterns of tables and columns, as a source's lists hold them: names with points between them, `*` for any part of a name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `schema`, `table` or `schema.table`: one name alone is that of a schema, or of a table in any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TablePattern(Pattern);

/// `column`, `table.column` or `schema.table.column`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ColumnPattern(Pattern);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    text: String,
    parts: Vec<Part>,
}

/// Characters; none stands for any number of them.
type Part = Vec<Option<char>>;

/// Whether capitals make another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Told,
    Ignored,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a pattern: {reason}; valid is {valid}, with `*` for any part of a name, and a name with a point in it in double quotes"
)]
pub struct BadPattern {
    text: String,
    reason: &'static str,
    valid: &'static str,
}

const TABLES: &str = "`schema`, `table` or `schema.table`";
const COLUMNS: &str = "`column`, `table.column` or `schema.table.column`";
const MAX_CHARS: usize = 300;

impl TablePattern {
    pub fn matches(&self, schema: &str, name: &str, case: Case) -> bool {
        match self.0.parts.as_slice() {
            [one] => fits(one, schema, case) || fits(one, name, case),
            [of_schema, of_name] => fits(of_schema, schema, case) && fits(of_name, name, case),
            _ => false,
        }
    }

    /// Whether it matches something that is called so.
    pub fn may_mean(&self, name: &str) -> bool {
        self.0.parts.iter().any(|part| fits(part, name, Case::Ignored))
    }

    /// Whether it matches all that a schema has.
    pub fn covers(&self, schema: &str, case: Case) -> bool {
        match self.0.parts.as_slice() {
            [one] => fits(one, schema, case),
            [of_schema, of_name] => fits(of_schema, schema, case) && of_name.iter().all(Option::is_none),
            _ => false,
        }
    }

    /// Whether it matches that one and says its name.
    pub fn names(&self, schema: &str, name: &str, case: Case) -> bool {
        let last = self.0.parts.last().is_some_and(|part| is_plain(part) && fits(part, name, case));
        last && self.matches(schema, name, case)
    }
}

impl ColumnPattern {
    /// A rule that hides must not miss for a capital.
    pub fn matches(&self, schema: &str, table: &str, column: &str) -> bool {
        let names = [schema, table, column];
        let named = &names[names.len() - self.0.parts.len()..];
        self.0.parts.iter().zip(named).all(|(part, name)| fits(part, name, Case::Ignored))
    }

    /// Whether it says the name of that table.
    pub fn names_table(&self, schema: &str, table: &str) -> bool {
        match self.0.parts.as_slice() {
            [of_table, _] => is_plain(of_table) && fits(of_table, table, Case::Ignored),
            [of_schema, of_table, _] => {
                fits(of_schema, schema, Case::Ignored) && is_plain(of_table) && fits(of_table, table, Case::Ignored)
            }
            _ => false,
        }
    }
}

impl Pattern {
    fn parse(text: &str, most_parts: usize, valid: &'static str) -> Result<Self, BadPattern> {
        let text = text.trim();
        let bad = |reason| BadPattern { text: text.chars().take(MAX_CHARS).collect(), reason, valid };
        if text.chars().count() > MAX_CHARS {
            return Err(bad("it is too long"));
        }
        let mut parts = vec![Part::new()];
        let mut signs = text.chars().peekable();
        while let Some(sign) = signs.next() {
            let part = parts.last_mut().expect("there is one from the start");
            match sign {
                '.' => parts.push(Part::new()),
                '"' if !part.is_empty() => return Err(bad("a quote in the middle of a name")),
                '"' => loop {
                    match signs.next() {
                        Some('"') if signs.next_if_eq(&'"').is_some() => part.push(Some('"')),
                        Some('"') if matches!(signs.peek(), None | Some('.')) => break,
                        Some('"') => return Err(bad("something stands right behind a quote")),
                        Some(sign) => part.push(Some(sign)),
                        None => return Err(bad("a quote is not closed")),
                    }
                },
                '*' => part.push(None),
                sign if sign.is_control() => return Err(bad("it has a control character")),
                sign => part.push(Some(sign)),
            }
        }
        if parts.iter().any(Vec::is_empty) {
            return Err(bad("a name is missing"));
        }
        if parts.len() > most_parts {
            return Err(bad("it has too many names"));
        }
        Ok(Self { text: text.to_owned(), parts })
    }
}

fn is_plain(part: &Part) -> bool {
    part.iter().all(Option::is_some)
}

fn fits(part: &Part, name: &str, case: Case) -> bool {
    let name: Vec<char> = name.chars().collect();
    let same = |left: char, right: char| left == right || case == Case::Ignored && left.to_lowercase().eq(right.to_lowercase());
    let (mut at, mut sign) = (0, 0);
    // Where the last star stood, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while sign < name.len() {
        match part.get(at) {
            Some(Some(wanted)) if same(*wanted, name[sign]) => (at, sign) = (at + 1, sign + 1),
            Some(None) => {
                star = Some((at, sign));
                at += 1;
            }
            _ => match star {
                Some((place, reached)) => {
                    star = Some((place, reached + 1));
                    (at, sign) = (place + 1, reached + 1);
                }
                None => return false,
            },
        }
    }
    part[at..].iter().all(Option::is_none)
}

impl FromStr for TablePattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        Pattern::parse(text, 2, TABLES).map(Self)
    }
}

impl FromStr for ColumnPattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        Pattern::parse(text, 3, COLUMNS).map(Self)
    }
}

impl TryFrom<String> for TablePattern {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, BadPattern> {
        text.parse()
    }
}

impl TryFrom<String> for ColumnPattern {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, BadPattern> {
        text.parse()
    }
}

impl From<TablePattern> for String {
    fn from(pattern: TablePattern) -> Self {
        pattern.0.text
    }
}

impl From<ColumnPattern> for String {
    fn from(pattern: ColumnPattern) -> Self {
        pattern.0.text
    }
}

impl fmt::Display for TablePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Display for ColumnPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_schemas_tables_and_parts_of_names() {
        let check = |pattern: &str, schema: &str, name: &str, expect: bool| {
            let pattern: TablePattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(schema, name, Case::Told), expect, "{pattern} on {schema}.{name}");
        };
        for (pattern, schema, name, expect) in [
            ("public", "public", "orders", true),
            ("orders", "public", "orders", true),
            ("orders", "public", "orders_old", false),
            ("public.orders", "public", "orders", true),
            ("public.orders", "other", "orders", false),
            ("public.tmp_*", "public", "tmp_", true),
            ("public.tmp_*", "public", "xtmp_a", false),
            ("*.secrets", "any", "secrets", true),
            ("*.s*c*s", "any", "secrets", true),
            ("*.s*c*s", "any", "secret", false),
            ("*a*a", "b", "aaab", false),
            ("\"a.b\".\"c*\"", "a.b", "c*", true),
            ("\"a.b\".\"c*\"", "a.b", "cc", false),
            ("Public.orders", "public", "orders", false),
        ] {
            check(pattern, schema, name, expect);
        }
        let pattern: TablePattern = "MAIN.Größe".parse().unwrap();
        assert!(pattern.matches("main", "GRÖßE", Case::Ignored));
        assert!(pattern.names("main", "größe", Case::Ignored) && !pattern.covers("main", Case::Ignored));
        let wide: TablePattern = "main.*".parse().unwrap();
        assert!(wide.covers("main", Case::Told) && !wide.names("main", "t", Case::Told));
    }

    #[test]
    fn columns_are_named_from_behind() {
        let matches = |pattern: &str| pattern.parse::<ColumnPattern>().unwrap().matches("public", "customers", "Email");
        for pattern in ["email", "customers.email", "public.customers.email", "*.*.e*", "*.email", "*"] {
            assert!(matches(pattern), "{pattern}");
        }
        for pattern in ["mail", "orders.email", "other.customers.email", "public.email"] {
            assert!(!matches(pattern), "{pattern}");
        }
        let names = |pattern: &str| pattern.parse::<ColumnPattern>().unwrap().names_table("public", "customers");
        assert!(names("customers.x") && names("*.customers.*") && !names("*.x") && !names("email") && !names("other.customers.x"));
    }

    #[test]
    fn a_bad_pattern_is_refused_with_what_is_valid() {
        for (text, says) in [
            ("", "a name is missing"),
            ("a..b", "a name is missing"),
            ("a.b.c", "too many"),
            ("\"a", "not closed"),
            ("\"a\"b", "right behind"),
            ("a\"b\"", "middle"),
            ("a\n", ""),
        ] {
            let refused = text.parse::<TablePattern>();
            if says.is_empty() {
                assert!(refused.is_ok(), "what stands around a pattern is cut off");
                continue;
            }
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(says) && refused.contains("`schema.table`"), "{refused}");
        }
        assert!("a.b.c.d".parse::<ColumnPattern>().unwrap_err().to_string().contains("`schema.table.column`"));
        let limits: Result<ColumnPattern, _> = serde_json::from_str("\"a..b\"");
        assert!(limits.unwrap_err().to_string().contains("a name is missing"));
    }
}
