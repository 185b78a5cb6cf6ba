//! What stands behind `from`: tables, functions that return rows, queries in brackets, and joins of these.

use super::functions;
use super::reader::{Path, Read, Reader, WRITES};
use super::relations::Place;

impl<'a> Reader<'a> {
    /// One table and all that is joined to it.
    pub fn joined(&mut self) -> Read {
        self.source()?;
        loop {
            if self.take("on") {
                self.expr()?;
            } else if self.take("using") {
                self.names_in_brackets()?;
                if self.is_postgresql() && self.take("as") {
                    self.name()?;
                }
            } else if self.join()? {
                self.source()?;
            } else {
                return Ok(());
            }
        }
    }

    fn join(&mut self) -> Read<bool> {
        if self.is_mysql() && self.take("straight_join") || self.take("join") {
            return Ok(true);
        }
        if !self.is_any(&["natural", "inner", "cross", "left", "right", "full"]) {
            return Ok(false);
        }
        self.take("natural");
        self.take_any(&["inner", "cross", "left", "right", "full"]);
        self.take("outer");
        self.expect("join").map(|()| true)
    }

    fn source(&mut self) -> Read {
        if !self.is_sqlite() {
            self.take("lateral");
        }
        if self.is_sign("(") {
            self.in_brackets(|reader| {
                if reader.starts_query() {
                    return reader.query();
                }
                // Some of these are names as well, but not where a statement could begin.
                if reader.is_any(WRITES) {
                    return reader.unexpected();
                }
                reader.list(Self::joined)?;
                reader.tail()
            })?;
            return self.alias_with_columns().map(drop);
        }
        if self.is_postgresql() && self.is_phrase(&["rows", "from"]) {
            self.take_phrase(&["rows", "from"]);
            self.in_brackets(|reader| {
                reader.list(|reader| {
                    let path = reader.path()?;
                    reader.table_function(path)?;
                    if reader.take("as") { reader.columns() } else { Ok(()) }
                })
            })?;
            self.take_phrase(&["with", "ordinality"]);
            return self.alias_with_columns().map(drop);
        }
        if !self.is_sqlite() && self.is("json_table") && self.ahead(1).is_sign("(") {
            self.advance();
            self.in_brackets(Self::json_table)?;
            return self.alias_with_columns().map(drop);
        }
        if self.is_postgresql() && self.is("xmltable") && self.ahead(1).is_sign("(") {
            self.advance();
            self.in_brackets(Self::xml_table)?;
            return self.alias_with_columns().map(drop);
        }
        let start = self.place();
        let only = self.is_postgresql() && self.take("only");
        if only && self.is_sign("(") {
            let mut number = None;
            self.in_brackets(|reader| {
                number = reader.relation()?;
                Ok(())
            })?;
            return self.called(number, start, only);
        }
        let path_start = self.place();
        let path = self.path()?;
        if self.is_sign("(") {
            self.table_function(path)?;
            self.take_phrase(&["with", "ordinality"]);
            return self.alias_with_columns().map(drop);
        }
        let number = self.open_relation(path, path_start)?;
        if self.is_postgresql() {
            self.take_sign("*");
        }
        self.called(number, start, only)
    }

    /// What follows the name of a relation; its words began at `start`.
    fn called(&mut self, number: Option<usize>, start: usize, only: bool) -> Read {
        let words = self.since(start);
        if let [first, .., last] | [first @ last] = words {
            let span = first.at..last.end;
            self.amend(number, |relation| (relation.span, relation.only) = (span, only));
        }
        let before = self.place();
        if self.is_mysql() {
            if self.take("partition") {
                self.names_in_brackets()?;
            }
            self.system_time()?;
        }
        let mut is_adorned = self.place() > before;
        let has_alias = self.alias_with_columns()?;
        let before = self.place();
        self.hints()?;
        is_adorned |= self.place() > before;
        self.amend(number, |relation| {
            relation.place = match (is_adorned, has_alias) {
                (true, _) => Place::Adorned,
                (false, true) => Place::Aliased,
                (false, false) => Place::Bare,
            };
        });
        Ok(())
    }

    fn hints(&mut self) -> Read {
        match () {
            () if self.is_mysql() => self.index_hints(),
            () if self.is_postgresql() && self.take("tablesample") => self.sample(),
            () if self.is_sqlite() && self.take_phrase(&["indexed", "by"]) => self.name().map(drop),
            () if self.is_sqlite() => {
                self.take_phrase(&["not", "indexed"]);
                Ok(())
            }
            () => Ok(()),
        }
    }

    pub fn table_function(&mut self, path: Path<'a>) -> Read {
        if !functions::is_allowed_as_table(self.dialect, path) {
            return self.refuse_at(path.last, format!("the table function `{}`, which is not known to only read data", path.last.text));
        }
        self.note_call(path.last);
        self.arguments(path.last)
    }

    /// Whether a name was given.
    fn alias_with_columns(&mut self) -> Read<bool> {
        if self.is_postgresql() && self.is("as") && self.ahead(1).is_sign("(") {
            self.advance();
            return self.columns().map(|()| false);
        }
        let is_called = self.alias()?;
        if is_called && self.is_sign("(") && !self.is_sqlite() {
            self.columns()?;
        }
        Ok(is_called)
    }

    /// Names in brackets, with or without their types.
    fn columns(&mut self) -> Read {
        self.in_brackets(|reader| {
            reader.list(|reader| {
                reader.name()?;
                if reader.is_sign(",") || reader.is_sign(")") {
                    return Ok(());
                }
                reader.type_name()?;
                if reader.take("collate") { reader.path().map(drop) } else { Ok(()) }
            })
        })
    }

    fn sample(&mut self) -> Read {
        if !self.take_any(&["bernoulli", "system", "system_rows"]) {
            return self.unexpected();
        }
        self.in_brackets(|reader| reader.list(Self::expr))?;
        if self.take("repeatable") { self.in_brackets(Self::expr) } else { Ok(()) }
    }

    fn index_hints(&mut self) -> Read {
        while self.take_any(&["use", "ignore", "force"]) {
            if !self.take_any(&["index", "key"]) {
                return self.unexpected();
            }
            if self.take("for") && !(self.take("join") || self.take_phrase(&["order", "by"]) || self.take_phrase(&["group", "by"])) {
                return self.unexpected();
            }
            self.in_brackets(|reader| if reader.is_sign(")") { Ok(()) } else { reader.list(|reader| reader.name().map(drop)) })?;
            // Hints may be parted by commas; a table behind one is no hint.
            if self.is_sign(",") && self.ahead(1).is_any_word(&["use", "ignore", "force"]) {
                self.advance();
            }
        }
        Ok(())
    }

    fn system_time(&mut self) -> Read {
        if !self.take_phrase(&["for", "system_time"]) {
            return Ok(());
        }
        if self.take_phrase(&["as", "of"]) {
            self.take_any(&["timestamp", "transaction"]);
            return self.expr();
        }
        if self.take("from") {
            self.expr()?;
            self.expect("to")?;
            return self.expr();
        }
        // `between … and …` is one expression here.
        if self.take("between") { self.expr() } else { self.expect("all") }
    }

    fn json_table(&mut self) -> Read {
        self.expr()?;
        self.expect_sign(",")?;
        self.expr()?;
        self.json_columns()
    }

    fn json_columns(&mut self) -> Read {
        self.expect("columns")?;
        self.in_brackets(|reader| {
            reader.list(|reader| {
                if reader.is("nested") && !reader.ahead(1).is_word("for") {
                    reader.advance();
                    reader.take("path");
                    reader.expect_text()?;
                    return reader.deeper(Self::json_columns);
                }
                reader.name()?;
                if reader.take_phrase(&["for", "ordinality"]) {
                    return Ok(());
                }
                reader.type_name()?;
                reader.take("exists");
                if reader.take("path") {
                    reader.expect_text()?;
                }
                reader.json_answers()
            })
        })
    }

    fn xml_table(&mut self) -> Read {
        if self.take("xmlnamespaces") {
            self.in_brackets(|reader| {
                reader.list(|reader| {
                    reader.take("default");
                    reader.expr()?;
                    reader.alias().map(drop)
                })
            })?;
            self.expect_sign(",")?;
        }
        self.expr()?;
        self.expect("passing")?;
        self.passed_by();
        self.expr()?;
        self.passed_by();
        self.expect("columns")?;
        self.list(|reader| {
            reader.name()?;
            if reader.take_phrase(&["for", "ordinality"]) {
                return Ok(());
            }
            reader.type_name()?;
            while reader.is_any(&["path", "default", "not", "null"]) {
                if reader.take("null") || reader.take_phrase(&["not", "null"]) {
                    continue;
                }
                reader.advance();
                reader.expr()?;
            }
            Ok(())
        })
    }

    pub fn passed_by(&mut self) {
        let _ = self.take_phrase(&["by", "ref"]) || self.take_phrase(&["by", "value"]);
    }
}
