//! Statements: one query, its plan, or a look at metadata and settings. A verb that has no rule here is refused.

use super::functions::pragmas;
use super::lex::Kind;
use super::reader::{Read, Reader, WRITES};
use super::{Dialect, Form};

impl Reader<'_> {
    /// The form, and the token at which the query begins.
    pub fn statement(&mut self) -> Read<(Form, usize)> {
        let form = match () {
            () if self.starts_query() || self.is_sign("(") => {
                self.query()?;
                return self.end().map(|()| (Form::Query, 0));
            }
            () if self.is("explain") || self.is_mysql() && self.is_any(&["describe", "desc", "analyze"]) => {
                let place = self.plan()?;
                return self.end().map(|()| place.map_or((Form::Listing, 0), |place| (Form::Plan, place)));
            }
            () if self.is_postgresql() && self.take("show") => self.show_setting()?,
            () if self.is_mysql() && self.take("show") => self.show()?,
            () if self.is_sqlite() && self.take("pragma") => self.pragma()?,
            () if self.peek().kind == Kind::End || self.is_sign(";") => return self.refuse("an empty text; give one `select`"),
            () => return self.unknown_verb(),
        };
        self.end()?;
        Ok((form, 0))
    }

    /// Nothing may follow but one semicolon.
    pub fn end(&mut self) -> Read {
        if self.is_sign(";") && self.ahead(1).kind == Kind::End {
            self.advance();
        }
        if self.peek().kind == Kind::End { Ok(()) } else { self.unexpected() }
    }

    fn unknown_verb<T>(&self) -> Read<T> {
        let token = self.peek();
        if token.kind != Kind::Word {
            return self.unexpected();
        }
        let verb = token.text.to_lowercase();
        let reads = match self.dialect {
            Dialect::Sqlite => "`select`, `values`, `with … select`, `explain` of these and some of `pragma`",
            Dialect::Postgresql => "`select`, `values`, `table`, `with … select`, `explain` of these and `show`",
            Dialect::Mysql => "`select`, `values`, `table`, `with … select`, `explain` of these, `show` and `describe`",
        };
        self.refuse(format!("`{verb}`, which is not a read; only {reads} are let through"))
    }

    /// `explain` and its kin: where the query begins, or nothing where a table is described.
    fn plan(&mut self) -> Read<Option<usize>> {
        let verb = self.advance();
        match self.dialect {
            Dialect::Sqlite => drop(self.take_phrase(&["query", "plan"])),
            Dialect::Postgresql if self.is_sign("(") && !self.ahead(1).is_any_word(&["select", "values", "with", "table"]) => {
                self.in_brackets(|reader| reader.list(Self::plan_option))?;
            }
            Dialect::Postgresql => {
                self.take("analyze");
                self.take("verbose");
            }
            Dialect::Mysql => {
                // `explain analyze` runs the query: no more than the query itself would do.
                self.take("analyze");
                self.take_any(&["extended", "partitions"]);
                if self.is("format") && self.ahead(1).is_sign("=") {
                    self.advance();
                    self.advance();
                    self.name()?;
                }
                let describes = !verb.is_word("analyze") && !self.starts_query() && !self.is_sign("(");
                if describes && !self.is_any(WRITES) && !self.is("for") {
                    return self.described().map(|()| None);
                }
            }
        }
        let place = self.place();
        // `analyze table t` is upkeep.
        let is_upkeep = verb.is_word("analyze") && self.is("table");
        if !is_upkeep && (self.starts_query() || self.is_sign("(")) {
            self.query()?;
            return Ok(Some(place));
        }
        self.unexpected()
    }

    fn plan_option(&mut self) -> Read {
        const KNOWN: &[&str] =
            &["analyze", "verbose", "costs", "settings", "generic_plan", "buffers", "wal", "timing", "summary", "memory", "format"];
        if !self.take_any(KNOWN) {
            return self.unexpected();
        }
        if matches!(self.peek().kind, Kind::Word | Kind::Number | Kind::Text | Kind::Name) {
            self.advance();
        }
        Ok(())
    }

    fn described(&mut self) -> Read {
        self.relation()?;
        match self.peek().kind {
            Kind::Text => drop(self.advance()),
            Kind::Word | Kind::Name => drop(self.name()?),
            _ => {}
        }
        Ok(())
    }

    fn show_setting(&mut self) -> Read<Form> {
        let phrases = [&["time", "zone"][..], &["transaction", "isolation", "level"], &["session", "authorization"]];
        if !phrases.iter().any(|phrase| self.take_phrase(phrase)) {
            self.path()?;
        }
        Ok(Form::Listing)
    }

    fn show(&mut self) -> Read<Form> {
        if self.take("create") {
            if !self.take_any(SHOWN_CREATION) {
                return self.unexpected();
            }
            self.take_phrase(&["if", "not", "exists"]);
            self.relation()?;
            return Ok(Form::Listing);
        }
        if self.take("count") {
            self.in_brackets(|reader| reader.expect_sign("*"))?;
            return if self.take_any(&["warnings", "errors"]) { Ok(Form::Listing) } else { self.unexpected() };
        }
        self.take("extended");
        self.take_any(&["full", "global", "session", "local", "storage"]);
        if !SHOWN.iter().any(|phrase| self.take_phrase(phrase)) {
            return self.unexpected();
        }
        for _ in 0..2 {
            if self.take_any(&["from", "in"]) {
                self.relation()?;
            }
        }
        if self.take("like") {
            self.expect_text()?;
        }
        if self.take("where") {
            self.expr()?;
        }
        if self.take("limit") {
            self.list(Self::expr)?;
        }
        Ok(Form::Listing)
    }

    fn pragma(&mut self) -> Read<Form> {
        let path = self.path()?;
        let name = path.last;
        let has_object = self.take_sign("(");
        if self.is_sign("=") {
            return self.refuse(format!("`pragma {} = …`, which changes a setting", name.text));
        }
        if !pragmas::is_allowed(name.text, has_object) {
            return self.refuse_at(name, format!("`pragma {}`, which is not known to only read", name.text));
        }
        if has_object {
            self.name()?;
            self.expect_sign(")")?;
        }
        Ok(Form::Listing)
    }
}

const SHOWN_CREATION: &[&str] =
    &["table", "view", "database", "schema", "procedure", "function", "trigger", "event", "sequence", "package"];

const SHOWN: &[&[&str]] = &[
    &["databases"],
    &["schemas"],
    &["tables"],
    &["table", "status"],
    &["open", "tables"],
    &["columns"],
    &["fields"],
    &["index"],
    &["indexes"],
    &["keys"],
    &["triggers"],
    &["events"],
    &["procedure", "status"],
    &["function", "status"],
    &["package", "status"],
    &["character", "set"],
    &["charset"],
    &["collation"],
    &["engines"],
    &["variables"],
    &["status"],
    &["warnings"],
    &["errors"],
    &["plugins"],
    &["privileges"],
];
