//! Calls of functions and names of types: what is called must be on the list of its dialect, whatever stands around it.

use super::functions;
use super::lex::{Kind, Token};
use super::reader::{Path, Read, Reader};

/// The largest number that may be given to a function that makes something as long as it is told to.
const MAX_MADE: u64 = 1_000_000;

const MAKERS: &[&str] =
    &["generate_series", "lpad", "printf", "format", "randomblob", "random_bytes", "repeat", "rpad", "space", "zeroblob"];

impl Reader<'_> {
    /// From the bracket behind the name to the end of what belongs to the call.
    pub fn call(&mut self, schema: Option<Token<'_>>, name: Token<'_>) -> Read {
        // Only to be asked; an argument would set it.
        let is_asked = self.is_mysql() && schema.is_none() && name.is_word("last_insert_id") && self.ahead(1).is_sign(")");
        if !is_asked && !functions::is_allowed_call(self.dialect, Path { schema, last: name }) {
            return self.refuse_at(name, format!("the function `{}`, which is not known to only read data", name.text));
        }
        self.note_call(name);
        self.arguments(name)?;
        if self.take_phrase(&["within", "group"]) {
            self.in_brackets(|reader| {
                reader.take_phrase(&["order", "by"]);
                reader.list(Self::ordering)
            })?;
        }
        if self.is("filter") && self.ahead(1).is_sign("(") {
            self.advance();
            self.in_brackets(|reader| {
                reader.expect("where")?;
                reader.expr()
            })?;
        }
        let _ = self.take_phrase(&["respect", "nulls"])
            || self.take_phrase(&["ignore", "nulls"])
            || self.take_phrase(&["from", "first"])
            || self.take_phrase(&["from", "last"]);
        if self.is("over") && self.ahead(1).is_sign("(") {
            self.advance();
            return self.window();
        }
        if self.is("over") && matches!(self.ahead(1).kind, Kind::Word | Kind::Name | Kind::EscapedName) && !self.ahead(1).is_word("from") {
            self.advance();
            return self.name().map(drop);
        }
        Ok(())
    }

    /// In their brackets, with the words that some functions have between them.
    pub fn arguments(&mut self, name: Token<'_>) -> Read {
        let place = self.place();
        self.in_brackets(|reader| {
            if reader.is_sign(")") || reader.take_sign("*") {
                return Ok(());
            }
            reader.take_any(&["distinct", "all", "unique"]);
            reader.take_any(&["both", "leading", "trailing"]);
            reader.take_any(&["document", "content"]);
            while !reader.is_sign(")") {
                if !reader.is_any(BETWEEN_ARGUMENTS) {
                    reader.argument(name)?;
                }
                reader.behind_argument()?;
            }
            Ok(())
        })?;
        if name.is_any_word(MAKERS) {
            for token in self.since(place) {
                let is_large = token.kind == Kind::Number && token.text.parse::<u64>().map_or(true, |number| number > MAX_MADE);
                // `%.*c` takes its width from an argument.
                if is_large || token.kind == Kind::Text && token.text.contains('*') && name.is_any_word(&["printf", "format"]) {
                    return self.refuse_at(*token, format!("a length that is not known to be under {MAX_MADE}"));
                }
            }
        }
        Ok(())
    }

    fn argument(&mut self, function: Token<'_>) -> Read {
        if function.is_any_word(&["xmlelement", "xmlpi"]) && self.is("name") && matches!(self.ahead(1).kind, Kind::Word | Kind::Name) {
            self.advance();
            return self.name().map(drop);
        }
        if function.is_word("xmlroot") && (self.take_phrase(&["version", "no", "value"]) || self.is_any(&["version", "standalone"])) {
            return Ok(());
        }
        self.take("variadic");
        if function.is_word("json_array") && self.is("select") {
            return self.query();
        }
        self.expr()?;
        if self.is_postgresql() && (self.take_sign("=>") || self.take_sign(":=") || self.take_sign(":")) {
            self.expr()?;
        }
        Ok(())
    }

    /// One comma or one word that stands between arguments, or the end of them.
    fn behind_argument(&mut self) -> Read {
        if self.take_sign(",") {
            return if self.is_sign(")") { self.unexpected() } else { Ok(()) };
        }
        if self.take("as") {
            return self.type_name();
        }
        if self.take_phrase(&["order", "by"]) {
            return self.list(Self::ordering);
        }
        if self.take("separator") {
            return self.expect_text();
        }
        if self.is_mysql() && self.take("limit") {
            return self.list(Self::expr);
        }
        if self.take("passing") {
            self.passed_by();
            self.expr()?;
            self.passed_by();
            return Ok(());
        }
        if self.take("using") {
            return self.path().map(drop);
        }
        if self.take_any(&["from", "for", "placing", "similar", "value"]) {
            return self.expr();
        }
        if self.take("version") {
            return if self.take_phrase(&["no", "value"]) { Ok(()) } else { self.expr() };
        }
        if self.take("standalone") {
            return if self.take_phrase(&["no", "value"]) || self.take_any(&["yes", "no"]) { Ok(()) } else { self.unexpected() };
        }
        let nulls = [&["respect", "nulls"][..], &["ignore", "nulls"], &["preserve", "whitespace"], &["strip", "whitespace"]];
        if nulls.iter().any(|phrase| self.take_phrase(phrase)) {
            return Ok(());
        }
        let place = self.place();
        self.json_answers()?;
        if self.place() > place || self.is_sign(")") { Ok(()) } else { self.unexpected() }
    }

    /// What the functions of JSON return, and what instead of nothing.
    pub fn json_answers(&mut self) -> Read {
        loop {
            if self.take("returning") {
                self.type_name()?;
            } else if self.take("default") {
                self.operand()?;
                self.expect("on")?;
                if !self.take_any(&["empty", "error"]) {
                    return self.unexpected();
                }
            } else if (self.is_any(&["null", "error", "absent", "empty"])) && (self.ahead(1).is_word("on") || self.ahead(2).is_word("on")) {
                self.advance();
                self.take_any(&["array", "object"]);
                self.expect("on")?;
                if !self.take_any(&["empty", "error", "null"]) {
                    return self.unexpected();
                }
            } else if self.take_phrase(&["format", "json"]) {
                if self.take("encoding") {
                    self.name()?;
                }
            } else if self.take_phrase(&["with", "unique"]) || self.take_phrase(&["without", "unique"]) {
                self.take("keys");
            } else if !self.take("indent")
                && !self.take_phrase(&["no", "indent"])
                && !self.take_phrase(&["with", "wrapper"])
                && !self.take_phrase(&["without", "wrapper"])
            {
                return Ok(());
            }
        }
    }

    /// A type as in `cast`: words and numbers, nothing that is computed.
    pub fn type_name(&mut self) -> Read {
        if self.is_postgresql() {
            self.take("setof");
        }
        let start = self.place();
        let name = self.path()?.last;
        self.note_type(start);
        if self.is_sqlite() {
            while matches!(self.peek().kind, Kind::Word | Kind::Name) {
                self.advance();
            }
            return self.sizes();
        }
        self.take_any(&["precision", "varying"]);
        if name.is_any_word(&["character", "char", "national", "long", "nchar"]) && !self.is_phrase(&["character", "set"]) {
            self.take_any(&["character", "char", "large"]);
            self.take_any(&["varying", "object"]);
        }
        self.sizes()?;
        if name.is_word("interval") {
            self.interval_fields();
        }
        self.time_zone_words();
        while self.is_mysql() {
            if self.take_any(&["unsigned", "signed", "integer", "zerofill", "array", "binary", "ascii", "unicode"]) {
                continue;
            }
            if self.take_any(&["charset", "collate"]) || self.take_phrase(&["character", "set"]) {
                self.path()?;
                continue;
            }
            break;
        }
        if self.is_postgresql() {
            self.take("array");
            while self.is_sign("[") && (self.ahead(1).is_sign("]") || self.ahead(1).kind == Kind::Number && self.ahead(2).is_sign("]")) {
                while !self.take_sign("]") {
                    self.advance();
                }
            }
        }
        Ok(())
    }

    fn sizes(&mut self) -> Read {
        if !self.is_sign("(") {
            return Ok(());
        }
        self.in_brackets(|reader| {
            reader.list(|reader| {
                let _ = reader.take_sign("-") || reader.take_sign("+");
                match reader.peek().kind {
                    Kind::Number | Kind::Word | Kind::Text => drop(reader.advance()),
                    _ => return reader.unexpected(),
                }
                Ok(())
            })
        })
    }

    pub fn time_zone_words(&mut self) {
        let _ = self.take_phrase(&["with", "time", "zone"])
            || self.take_phrase(&["without", "time", "zone"])
            || self.take_phrase(&["with", "local", "time", "zone"]);
    }

    /// `year to month`, `second(3)`
    pub fn interval_fields(&mut self) {
        const FIELDS: &[&str] = &["year", "month", "day", "hour", "minute", "second"];
        if self.take_any(FIELDS) && self.take("to") {
            self.take_any(FIELDS);
        }
        if self.is_sign("(") && self.ahead(1).kind == Kind::Number && self.ahead(2).is_sign(")") {
            for _ in 0..3 {
                self.advance();
            }
        }
    }
}

/// Words that stand before the next argument without a comma.
const BETWEEN_ARGUMENTS: &[&str] = &["from", "for", "using", "order", "separator", "as", "returning", "version", "standalone"];
