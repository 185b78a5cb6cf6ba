//! Queries: `with`, `select`, `values`, `table`, what joins them, and what follows them. Whatever could write or lock has no rule here.

use super::lex::{Kind, Token};
use super::reader::{Read, Reader};
use super::relations::Place;

impl Reader<'_> {
    pub fn starts_query(&self) -> bool {
        self.is_any(&["select", "values", "with"]) || self.is("table") && !self.is_sqlite()
    }

    pub fn query(&mut self) -> Read {
        self.deeper(|reader| reader.in_scope(Self::query_in_scope))
    }

    fn query_in_scope(&mut self) -> Read {
        let reader = self;
        if reader.take("with") {
            let recursive = reader.take("recursive") || reader.is_sqlite();
            reader.list(|reader| reader.common_table(recursive))?;
        }
        reader.term()?;
        reader.tail()
    }

    /// What may follow a query that has begun: other queries, order and bounds.
    pub fn tail(&mut self) -> Read {
        while self.take_any(&["union", "intersect", "except"]) {
            self.take_any(&["all", "distinct"]);
            self.term()?;
        }
        if self.take_phrase(&["order", "by"]) {
            self.list(Self::ordering)?;
        }
        while self.bound()? {}
        if self.is_any(&["for", "lock", "into"]) { self.unexpected() } else { Ok(()) }
    }

    pub fn ordering(&mut self) -> Read {
        self.expr()?;
        if self.is_postgresql() && self.take("using") {
            self.operator()?;
        }
        self.take_any(&["asc", "desc"]);
        if self.take("nulls") && !self.take_any(&["first", "last"]) {
            return self.unexpected();
        }
        Ok(())
    }

    fn common_table(&mut self, recursive: bool) -> Read {
        let name = self.name()?;
        if self.is_sign("(") {
            self.names_in_brackets()?;
        }
        self.expect("as")?;
        self.take("not");
        self.take("materialized");
        if recursive {
            self.hide_by(name);
        }
        let place = self.place();
        self.in_brackets(|reader| if reader.starts_query() || reader.is_sign("(") { reader.query() } else { reader.unexpected() })?;
        if !recursive {
            self.hide_by(name);
        }
        let body = self.since(place);
        let repeats = body.windows(2).any(|pair| pair[0].is_any_word(&["from", "join"]) && pair[1].text.eq_ignore_ascii_case(name.text));
        let ends = |token: &Token<'_>| token.is_any_word(&["where", "on", "using", "natural", "having", "limit", "fetch"]);
        if recursive && repeats && !body.iter().any(ends) && !self.is_limited() && !self.is("cycle") {
            return self.refuse_at(name, format!("the recursion of `{}`, which has no end; give it a `where` or a `limit`", name.text));
        }
        if self.take_phrase(&["search", "breadth", "first", "by"]) || self.take_phrase(&["search", "depth", "first", "by"]) {
            self.list(|reader| reader.name().map(drop))?;
            self.expect("set")?;
            self.name()?;
        }
        if self.take("cycle") {
            self.list(|reader| reader.name().map(drop))?;
            if self.take("restrict") {
                return Ok(());
            }
            self.expect("set")?;
            self.name()?;
            if self.take("to") {
                self.expr()?;
                self.expect("default")?;
                self.expr()?;
            }
            self.expect("using")?;
            self.name()?;
        }
        Ok(())
    }

    fn term(&mut self) -> Read {
        match () {
            () if self.take("select") => self.select(),
            () if self.take("values") => self.list(|reader| {
                if reader.is_mysql() {
                    reader.take("row");
                }
                reader.in_brackets(|reader| reader.list(Self::expr))
            }),
            () if self.is("table") && !self.is_sqlite() => {
                let start = self.advance().at;
                let only = self.is_postgresql() && self.take("only");
                let number = self.relation()?;
                self.take_sign("*");
                let end = self.before().end;
                self.amend(number, |relation| (relation.span, relation.place, relation.only) = (start..end, Place::Statement, only));
                Ok(())
            }
            () if self.is_sign("(") && !self.is_sqlite() => self.in_brackets(Self::query),
            () => self.unexpected(),
        }
    }

    fn select(&mut self) -> Read {
        if self.is_mysql() {
            while self.take_any(MYSQL_OPTIONS) {}
        } else if self.take("distinct") {
            if self.is_postgresql() && self.take("on") {
                self.in_brackets(|reader| reader.list(Self::expr))?;
            }
        } else {
            self.take("all");
        }
        // PostgreSQL selects nothing at all, if asked so.
        let nothing = self.is_postgresql()
            && (matches!(self.peek().kind, Kind::End)
                || self.is_sign(")")
                || self.is_any(&["from", "where", "group", "order", "limit", "union", "except", "intersect"]));
        if !nothing {
            self.list(Self::item)?;
        }
        if self.take("from") {
            self.list(Self::joined)?;
        }
        if self.take("where") {
            self.expr()?;
        }
        if self.take_phrase(&["group", "by"]) {
            self.take_any(&["all", "distinct"]);
            self.list(Self::grouping)?;
            if self.is_mysql() && self.take("with") {
                self.expect("rollup")?;
            }
        }
        if self.take("having") {
            self.expr()?;
        }
        if self.take("window") {
            self.list(|reader| {
                reader.name()?;
                reader.expect("as")?;
                reader.window()
            })?;
        }
        Ok(())
    }

    fn item(&mut self) -> Read {
        if self.take_sign("*") {
            return Ok(());
        }
        self.expr()?;
        self.alias().map(drop)
    }

    fn grouping(&mut self) -> Read {
        if self.take_phrase(&["grouping", "sets"]) {
            return self.in_brackets(|reader| reader.list(Self::grouping));
        }
        if self.is_any(&["rollup", "cube"]) && self.ahead(1).is_sign("(") {
            self.advance();
            return self.in_brackets(|reader| reader.list(Self::grouping));
        }
        self.expr()?;
        if self.is_mysql() {
            self.take_any(&["asc", "desc"]);
        }
        Ok(())
    }

    /// Whether one of `limit`, `offset` and `fetch` stood here.
    fn bound(&mut self) -> Read<bool> {
        if self.take("limit") {
            if !(self.is("rows") || self.is_postgresql() && self.take("all")) {
                self.expr()?;
            }
            if !self.is_postgresql() && self.take_sign(",") {
                self.expr()?;
            }
            if self.is_mysql() && self.take_phrase(&["rows", "examined"]) {
                self.expr()?;
            }
        } else if self.take("offset") {
            self.expr()?;
            self.take_any(&["row", "rows"]);
            if self.is_mysql() && self.take_phrase(&["rows", "examined"]) {
                self.expr()?;
            }
        } else if !self.is_sqlite() && self.take("fetch") {
            if !self.take_any(&["first", "next"]) {
                return self.unexpected();
            }
            if !self.is_any(&["row", "rows"]) {
                self.expr()?;
            }
            if !self.take_any(&["row", "rows"]) || !(self.take("only") || self.take_phrase(&["with", "ties"])) {
                return self.unexpected();
            }
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// A window in brackets: what it is made of, its order and its frame.
    pub fn window(&mut self) -> Read {
        self.in_brackets(|reader| {
            if !reader.is_any(&["partition", "order", "rows", "range", "groups"]) && !reader.is_sign(")") {
                reader.name()?;
            }
            if reader.take_phrase(&["partition", "by"]) {
                reader.list(Self::expr)?;
            }
            if reader.take_phrase(&["order", "by"]) {
                reader.list(Self::ordering)?;
            }
            if !reader.take_any(&["rows", "range", "groups"]) {
                return Ok(());
            }
            if reader.take("between") {
                reader.frame_bound()?;
                reader.expect("and")?;
            }
            reader.frame_bound()?;
            if reader.take("exclude") {
                let known = [&["current", "row"][..], &["no", "others"], &["group"], &["ties"]];
                if !known.iter().any(|phrase| reader.take_phrase(phrase)) {
                    return reader.unexpected();
                }
            }
            Ok(())
        })
    }

    fn frame_bound(&mut self) -> Read {
        if self.take_phrase(&["current", "row"]) {
            return Ok(());
        }
        if !self.take("unbounded") {
            self.operand()?;
            while !self.is("and") && self.infix()? {
                self.operand()?;
            }
        }
        if self.take_any(&["preceding", "following"]) { Ok(()) } else { self.unexpected() }
    }
}

const MYSQL_OPTIONS: &[&str] = &[
    "all",
    "distinct",
    "distinctrow",
    "high_priority",
    "straight_join",
    "sql_small_result",
    "sql_big_result",
    "sql_buffer_result",
    "sql_cache",
    "sql_no_cache",
    "sql_calc_found_rows",
];
