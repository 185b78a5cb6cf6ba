//! Expressions, read as operands with operators between them: which binds closer changes nothing about what is called.

use super::lex::Kind;
use super::reader::{Read, Reader};

impl Reader<'_> {
    pub fn expr(&mut self) -> Read {
        self.deeper(|reader| {
            reader.operand()?;
            while reader.infix()? {
                reader.operand()?;
            }
            Ok(())
        })
    }

    pub fn operand(&mut self) -> Read {
        self.prefixes()?;
        let token = self.peek();
        match token.kind {
            Kind::Number | Kind::Variable => drop(self.advance()),
            Kind::Text => {
                self.advance();
                self.more_text();
            }
            Kind::Sign if token.text == "(" => self.brackets()?,
            Kind::Sign if token.text == "{" && self.is_mysql() => {
                self.advance();
                self.name()?;
                self.expect_text()?;
                self.expect_sign("}")?;
            }
            Kind::Word => self.word()?,
            Kind::Name | Kind::EscapedName => self.named()?,
            Kind::Sign | Kind::End => return self.unexpected(),
        }
        self.postfixes()
    }

    fn prefixes(&mut self) -> Read {
        loop {
            let token = self.peek();
            let known = match token.kind {
                Kind::Word => token.is_word("not") || self.is_mysql() && token.is_word("binary") && !self.ahead(1).is_sign("("),
                Kind::Sign => {
                    SIGNS.contains(&token.text)
                        || self.is_mysql() && token.text == "!"
                        || self.is_postgresql() && POSTGRESQL_SIGNS.contains(&token.text)
                }
                _ => false,
            };
            if known {
                self.advance();
            } else if self.is_postgresql() && token.is_word("operator") && self.ahead(1).is_sign("(") {
                self.operator()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Strings that stand beside each other are one, where the engine says so.
    fn more_text(&mut self) {
        while !self.is_sqlite() && self.peek().kind == Kind::Text {
            self.advance();
        }
    }

    /// A query, one expression, or several.
    pub fn brackets(&mut self) -> Read {
        self.in_brackets(|reader| {
            if reader.starts_query() {
                return reader.query();
            }
            if reader.is_sign(")") {
                return Ok(());
            }
            reader.list(Self::expr)?;
            reader.tail()
        })
    }

    fn word(&mut self) -> Read {
        let next_is_bracket = self.ahead(1).is_sign("(");
        match () {
            () if self.take("case") => self.case(),
            () if next_is_bracket && self.is_any(&["exists", "any", "some", "all"]) => {
                self.advance();
                self.brackets()
            }
            () if next_is_bracket && self.take("cast") => self.in_brackets(|reader| {
                reader.expr()?;
                reader.expect("as")?;
                reader.type_name()
            }),
            () if self.is_mysql() && next_is_bracket && self.take("convert") => self.in_brackets(|reader| {
                reader.expr()?;
                if reader.take("using") { reader.name().map(drop) } else { reader.expect_sign(",").and_then(|()| reader.type_name()) }
            }),
            () if next_is_bracket && self.take("position") => self.in_brackets(|reader| {
                reader.operand()?;
                while !reader.is("in") && reader.infix()? {
                    reader.operand()?;
                }
                reader.expect("in")?;
                reader.expr()
            }),
            () if self.is_postgresql() && next_is_bracket && self.take("array") => self.brackets(),
            () if self.is_postgresql() && self.is("array") && self.ahead(1).is_sign("[") => {
                self.advance();
                self.elements()
            }
            () if self.is_postgresql() && self.is_phrase(&["collation", "for"]) => {
                self.take_phrase(&["collation", "for"]);
                self.in_brackets(Self::expr)
            }
            () if self.is("interval") && !(self.is_mysql() && next_is_bracket && self.is_interval_function()) => {
                self.advance();
                self.interval()
            }
            () if self.is_mysql() && next_is_bracket && self.take("match") => self.full_text(),
            () if self.is_mysql() && (self.is_phrase(&["next", "value", "for"]) || self.is_phrase(&["previous", "value", "for"])) => {
                self.refuse("a sequence, which reading would move; read its table instead")
            }
            () if self.is_mysql() && self.peek().text.starts_with('_') && matches!(self.ahead(1).kind, Kind::Text | Kind::Number) => {
                self.advance();
                self.advance();
                self.more_text();
                Ok(())
            }
            // These stand for themselves, and as functions.
            () if next_is_bracket && self.is_any(&["like", "in", "set"]) => {
                let name = self.advance();
                self.call(None, name)
            }
            () => self.named(),
        }
    }

    /// A column, a function, or a type before its literal.
    fn named(&mut self) -> Read {
        let start = self.place();
        let path = self.path()?;
        if self.take_sign(".") {
            self.expect_sign("*")?;
            self.note_qualified(start);
            return Ok(());
        }
        self.note_qualified(start);
        if self.peek().kind == Kind::Text {
            self.note_type(start);
        }
        // As in Oracle, where MariaDB is told to be like it.
        if self.is_mysql() && path.schema.is_some() && path.last.is_any_word(&["nextval", "currval"]) {
            return self.refuse_at(path.last, "a sequence, which reading would move; read its table instead");
        }
        if self.is_sign("(") {
            self.call(path.schema, path.last)?;
            if path.last.is_any_word(&["timestamp", "time"]) {
                self.time_zone_words();
            }
        } else if path.last.is_any_word(&["timestamp", "time"]) && self.is_any(&["with", "without"]) && self.ahead(1).is_word("time") {
            self.time_zone_words();
        } else if self.is_postgresql() && path.last.is_any_word(&["double", "character", "bit", "char"]) && self.ahead(1).kind == Kind::Text
        {
            self.take_any(&["precision", "varying"]);
        }
        let is_literal = self.is_postgresql() || self.is_mysql() && path.last.is_any_word(&["date", "time", "timestamp"]);
        if is_literal && self.peek().kind == Kind::Text {
            self.advance();
        }
        Ok(())
    }

    fn postfixes(&mut self) -> Read {
        while self.is_postgresql() {
            if self.take_sign("::") {
                self.type_name()?;
            } else if self.is_sign("[") {
                self.elements()?;
            } else if self.is_sign(".") {
                self.advance();
                if !self.take_sign("*") {
                    self.path()?;
                }
            } else {
                break;
            }
        }
        Ok(())
    }

    /// The elements of an array, an index or a slice.
    fn elements(&mut self) -> Read {
        self.expect_sign("[")?;
        self.deeper(|reader| {
            while !reader.is_sign("]") {
                if reader.is_sign("[") {
                    reader.elements()?;
                } else if !reader.is_sign(":") {
                    reader.expr()?;
                }
                if !reader.take_sign(",") && !reader.take_sign(":") {
                    break;
                }
            }
            Ok(())
        })?;
        self.expect_sign("]")
    }

    fn case(&mut self) -> Read {
        self.deeper(|reader| {
            if !reader.is("when") {
                reader.expr()?;
            }
            while reader.take("when") {
                reader.expr()?;
                reader.expect("then")?;
                reader.expr()?;
            }
            if reader.take("else") {
                reader.expr()?;
            }
            reader.expect("end")
        })
    }

    /// MySQL's `interval(a, b, …)`, which compares, and not `interval (a) day`.
    fn is_interval_function(&self) -> bool {
        let mut depth = 0;
        for place in 1.. {
            let token = self.ahead(place);
            match token.text {
                "(" if token.kind == Kind::Sign => depth += 1,
                ")" if token.kind == Kind::Sign => depth -= 1,
                "," if token.kind == Kind::Sign && depth == 1 => return true,
                _ if token.kind == Kind::End => return false,
                _ => {}
            }
            if depth == 0 {
                return false;
            }
        }
        false
    }

    fn interval(&mut self) -> Read {
        if self.is_mysql() {
            self.expr()?;
            return if self.take_any(UNITS) { Ok(()) } else { self.unexpected() };
        }
        if self.peek().kind != Kind::Text && !self.is_sign("(") {
            // A column of that name.
            return Ok(());
        }
        if self.is_sign("(") {
            self.in_brackets(Self::expr)?;
        }
        self.expect_text()?;
        self.interval_fields();
        Ok(())
    }

    fn full_text(&mut self) -> Read {
        self.in_brackets(|reader| reader.list(Self::expr))?;
        self.expect("against")?;
        self.in_brackets(|reader| {
            reader.operand()?;
            let modes = [
                &["in", "boolean", "mode"][..],
                &["in", "natural", "language", "mode", "with", "query", "expansion"],
                &["in", "natural", "language", "mode"],
                &["with", "query", "expansion"],
            ];
            let _ = modes.iter().any(|mode| reader.take_phrase(mode));
            Ok(())
        })
    }
}

/// What may stand before an operand.
const SIGNS: &[&str] = &["+", "-", "~"];

const POSTGRESQL_SIGNS: &[&str] = &["@", "|/", "||/", "!!", "@@", "#", "?-", "?|", "@-@"];

const UNITS: &[&str] = &[
    "microsecond",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "second_microsecond",
    "minute_microsecond",
    "minute_second",
    "hour_microsecond",
    "hour_second",
    "hour_minute",
    "day_microsecond",
    "day_second",
    "day_minute",
    "day_hour",
    "year_month",
];
