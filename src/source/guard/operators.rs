//! What stands between operands: signs and words that compare, join and test, and the lists of those that each engine brings.

use super::lex::Kind;
use super::reader::{Read, Reader};
use super::relations::Place;

impl Reader<'_> {
    /// Whether an operator stood here that another operand follows; what follows an operand by itself is passed, too.
    pub fn infix(&mut self) -> Read<bool> {
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Sign if self.is_postgresql() && POSTGRESQL_OPERATORS.contains(&token.text) => {
                    self.advance();
                    return Ok(true);
                }
                Kind::Sign if !self.is_postgresql() && !["(", ")", ",", ";", ".", ":=", "!", "{", "}", "~"].contains(&token.text) => {
                    self.advance();
                    return Ok(true);
                }
                Kind::Word => {}
                _ => return Ok(false),
            }
            if self.take_any(&["isnull", "notnull"]) || self.is_sqlite() && self.take_phrase(&["not", "null"]) {
                continue;
            }
            if self.take("collate") {
                self.path()?;
                continue;
            }
            if self.take_phrase(&["at", "local"]) {
                continue;
            }
            if self.is("is") {
                if self.is_test()? {
                    continue;
                }
                return Ok(true);
            }
            let negated = self.is("not");
            let word = if negated { self.ahead(1) } else { token };
            if word.is_word("in") {
                self.take("not");
                self.advance();
                self.in_what()?;
                continue;
            }
            let is_infix = word.is_any_word(if negated { NEGATED } else { INFIX })
                || self.is_mysql() && !negated && word.is_any_word(&["xor", "div", "mod"])
                || self.is_mysql() && word.is_any_word(&["rlike", "regexp"])
                || self.is_sqlite() && word.is_any_word(&["glob", "match", "regexp"])
                || self.is_postgresql() && word.is_word("ilike");
            if is_infix {
                self.take("not");
                self.advance();
                if word.is_word("between") {
                    self.take_any(&["symmetric", "asymmetric"]);
                }
                if word.is_any_word(&["like", "glob", "ilike"]) {
                    self.pattern()?;
                }
                return Ok(true);
            }
            if self.is_postgresql() && self.is("operator") && self.ahead(1).is_sign("(") {
                self.operator()?;
                return Ok(true);
            }
            let phrases = [
                (self.is_postgresql(), &["at", "time", "zone"][..]),
                (self.is_mysql(), &["at", "time", "zone"]),
                (self.is_postgresql(), &["similar", "to"]),
                (self.is_postgresql(), &["not", "similar", "to"]),
                (self.is_mysql(), &["sounds", "like"]),
                (self.is_mysql(), &["member", "of"]),
            ];
            return Ok(phrases.iter().any(|(known, phrase)| *known && self.take_phrase(phrase)));
        }
    }

    /// Behind `is`: whether the test is whole, or an operand follows.
    fn is_test(&mut self) -> Read<bool> {
        self.expect("is")?;
        self.take("not");
        if self.take_phrase(&["distinct", "from"]) {
            return Ok(false);
        }
        if !self.is_postgresql() {
            return Ok(false);
        }
        if self.take("json") {
            self.take_any(&["value", "scalar", "array", "object"]);
            if self.take_any(&["with", "without"]) {
                self.expect("unique")?;
                self.take("keys");
            }
            return Ok(true);
        }
        if self.take_any(&["nfc", "nfd", "nfkc", "nfkd"]) {
            return self.expect("normalized").map(|()| true);
        }
        Ok(self.take_any(&["null", "true", "false", "unknown", "document", "normalized"]))
    }

    fn in_what(&mut self) -> Read {
        if self.is_sign("(") || !self.is_sqlite() {
            return if self.is_sign("(") { self.brackets() } else { self.unexpected() };
        }
        let start = self.place();
        let path = self.path()?;
        if self.is_sign("(") {
            return self.table_function(path);
        }
        let number = self.open_relation(path, start)?;
        self.amend(number, |relation| relation.place = Place::Member);
        Ok(())
    }

    /// SQLite and others match in a time that grows with each `%` or `*` as a power.
    fn pattern(&self) -> Read {
        let token = self.peek();
        let signs = token.text.chars().filter(|sign| matches!(sign, '%' | '*')).count();
        if token.kind == Kind::Text && signs > MAX_WILDCARDS {
            return self.refuse(format!("a pattern with {signs} wildcards; {MAX_WILDCARDS} are the most"));
        }
        Ok(())
    }

    /// PostgreSQL's `operator(pg_catalog.+)`, or the sign alone.
    pub fn operator(&mut self) -> Read {
        if !self.take("operator") {
            return self.known_operator();
        }
        self.in_brackets(|reader| {
            if reader.take("pg_catalog") {
                reader.expect_sign(".")?;
            }
            reader.known_operator()
        })
    }

    fn known_operator(&mut self) -> Read {
        let token = self.peek();
        if token.kind != Kind::Sign || !POSTGRESQL_OPERATORS.contains(&token.text) {
            return self.unexpected();
        }
        self.advance();
        Ok(())
    }
}

const MAX_WILDCARDS: usize = 7;

const INFIX: &[&str] = &["and", "or", "like", "between", "overlaps", "escape", "uescape"];

const NEGATED: &[&str] = &["like", "between"];

/// The operators that PostgreSQL and its usual extensions bring; any other may call whatever a user has written.
const POSTGRESQL_OPERATORS: &[&str] = &[
    "!!", "!~", "!~*", "!~~", "!~~*", "#", "##", "#-", "#=", "#>", "#>>", "%", "%#", "%%", "%>", "%>>", "&", "&&", "&&&", "&<", "&<|",
    "&>", "*", "*<", "*<=", "*<>", "*=", "*>", "*>=", "+", "-", "->", "->>", "-|-", "/", "<", "<#>", "<%", "<+>", "<->", "<->>", "<->>>",
    "<<", "<<%", "<<->", "<<->>", "<<<->", "<<=", "<<|", "<=", "<=>", "<>", "<@", "<^", "=", ">", ">=", ">>", ">>=", ">^", "?", "?#", "?&",
    "?-", "?-|", "?<@", "?@>", "?|", "?||", "?~", "@", "@-@", "@>", "@?", "@@", "@@@", "@~", "^", "^<@", "^@", "^@>", "^~", "|", "|&>",
    "|/", "|=|", "|>>", "||", "||/", "~", "~*", "~<=~", "~<~", "~=", "~>", "~>=~", "~>~", "~@", "~~", "~~*", "!=",
];
