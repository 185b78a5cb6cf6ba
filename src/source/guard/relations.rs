//! What a query reads: each relation with its place in the text, so that a source's own rules can refuse it or put another in its place.
//!
//! Invariant: a name is left out only where it is certain that a common table expression of this query stands behind it.

use std::ops::Range;

use super::lex::{Kind, Token};
use super::reader::{Path, Read, Reader};
use super::{Dialect, Refusal, functions};

/// All that a query reads, and the first thing in it that tells of objects without reading them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    pub relations: Vec<Relation>,
    pub qualified: Vec<Qualified>,
    pub telling: Option<Refusal>,
}

/// A table, a view or whatever else has rows and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// In the query's text, with `only` before it and `*` behind it.
    pub span: Range<usize>,
    /// From the outermost name to the relation's own.
    pub path: Vec<Name>,
    pub place: Place,
    /// PostgreSQL's `only`: without what inherits from it.
    pub only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind `from`, alone: its own name is what columns are called by.
    Bare,
    /// Behind `from`, with a name that the query gives it.
    Aliased,
    /// Behind `from`, with words that only a table can have: partitions, indexes, samples, times.
    Adorned,
    /// `table t`; the span begins with that word.
    Statement,
    /// SQLite's `x in t`.
    Member,
    /// The name of a type, which may be that of a table's rows.
    Type,
}

/// `schema.table.` before a column or a star.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualified {
    pub schema: Name,
    pub table: Name,
    /// The schema and its point.
    pub span: Range<usize>,
}

/// A name as the engine understands it: without quotes, in small letters where the engine makes them so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: String,
}

impl Reads {
    /// Of the text from there on.
    pub(super) fn from(&self, start: usize) -> Self {
        let mut reads = self.clone();
        reads.relations.retain(|relation| relation.span.start >= start);
        reads.qualified.retain(|qualified| qualified.span.start >= start);
        let spans = reads.relations.iter_mut().map(|relation| &mut relation.span);
        for span in spans.chain(reads.qualified.iter_mut().map(|qualified| &mut qualified.span)) {
            *span = span.start - start..span.end - start;
        }
        reads
    }
}

impl Name {
    pub fn same(&self, other: &Self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Sqlite => self.text.eq_ignore_ascii_case(&other.text),
            // Whether MySQL looks at the case depends on the server; where it does not, the name is taken for a table's, which is refused or read.
            Dialect::Postgresql | Dialect::Mysql => self.text == other.text,
        }
    }
}

impl<'a> Reader<'a> {
    fn understood(&self, token: Token<'_>) -> Name {
        let doubled = match (token.kind, self.byte(token.at)) {
            (Kind::Name | Kind::Text, quote @ (b'"' | b'`' | b'\'')) => Some(char::from(quote)),
            _ => None,
        };
        let text = match doubled {
            Some(quote) => token.text.replace(&format!("{quote}{quote}"), &quote.to_string()),
            None if token.kind == Kind::Word && self.is_postgresql() => token.text.to_ascii_lowercase(),
            None => token.text.to_owned(),
        };
        Name { text }
    }

    /// Notes the relation whose path began at that token and has just been read; its number, where it is no common table expression.
    pub fn note_relation(&mut self, start: usize) -> Option<usize> {
        let tokens = self.since(start);
        let path: Vec<Name> = tokens.iter().filter(|token| !token.is_sign(".")).map(|token| self.understood(*token)).collect();
        if let [name] = path.as_slice()
            && self.common_tables.iter().flatten().any(|known| known.same(name, self.dialect))
        {
            return None;
        }
        let span = tokens.first()?.at..tokens.last()?.end;
        self.reads.relations.push(Relation { span, path, place: Place::Bare, only: false });
        Some(self.reads.relations.len() - 1)
    }

    /// Says more of a relation that was noted.
    pub fn amend(&mut self, number: Option<usize>, change: impl FnOnce(&mut Relation)) {
        if let Some(relation) = number.and_then(|number| self.reads.relations.get_mut(number)) {
            change(relation);
        }
    }

    /// A name that was given by `with` hides tables of the same name from here on.
    pub fn hide_by(&mut self, name: Token<'_>) {
        if name.kind != Kind::EscapedName {
            let name = self.understood(name);
            if let Some(innermost) = self.common_tables.last_mut() {
                innermost.push(name);
            }
        }
    }

    /// `schema.table.column` or `schema.table.*`, whose path began at that token.
    pub fn note_qualified(&mut self, start: usize) {
        if let [schema, _, table, point, _] = self.since(start)
            && point.is_sign(".")
        {
            let (schema, table, span) = (self.understood(*schema), self.understood(*table), schema.at..table.at);
            self.reads.qualified.push(Qualified { schema, table, span });
        }
    }

    /// A name that stands where a type stands.
    pub fn note_type(&mut self, start: usize) {
        if !self.is_postgresql() {
            return;
        }
        let last = self.since(start).iter().rev().find(|token| !token.is_sign("."));
        if let Some(last) = last.copied().filter(|last| functions::is_type_of_objects(last.text)) {
            self.note_telling(last);
        }
        let number = self.note_relation(start);
        self.amend(number, |relation| relation.place = Place::Type);
    }

    /// What is called and tells of objects by their names or numbers.
    pub fn note_call(&mut self, name: Token<'_>) {
        if functions::tells_of_objects(self.dialect, name.text) {
            self.note_telling(name);
        }
    }

    pub fn note_telling(&mut self, token: Token<'_>) {
        if self.reads.telling.is_none() {
            let refusal = self.refuse_at::<()>(token, format!("`{}`, which tells of objects by name or number", token.text));
            self.reads.telling = refusal.err();
        }
    }

    /// What `with` names inside is unknown outside.
    pub fn in_scope(&mut self, inner: impl FnOnce(&mut Self) -> Read) -> Read {
        self.common_tables.push(Vec::new());
        let read = inner(self);
        self.common_tables.pop();
        read
    }

    /// A table by its name, which must be one of the data; its number, where it is no common table expression.
    pub fn relation(&mut self) -> Read<Option<usize>> {
        let start = self.place();
        let path = self.path()?;
        self.open_relation(path, start)
    }

    pub fn open_relation(&mut self, path: Path<'a>, start: usize) -> Read<Option<usize>> {
        let schema = path.schema.map(|schema| schema.text);
        if [Some(path.last), path.schema].iter().flatten().any(|token| token.kind == Kind::EscapedName) {
            return self.refuse_at(path.last, "a table whose name is written in escapes; write its letters");
        }
        if functions::is_closed_relation(self.dialect, schema, path.last.text) {
            return self.refuse_at(path.last, format!("`{}`, which is no table of the data", path.last.text));
        }
        Ok(self.note_relation(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::guard;

    fn reads(dialect: Dialect, sql: &str) -> Vec<String> {
        let query = guard::check(dialect, sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
        let told = |relation: &Relation| {
            let path: Vec<&str> = relation.path.iter().map(|name| name.text.as_str()).collect();
            assert!(query.sql().get(relation.span.clone()).is_some_and(|text| !text.is_empty()), "{sql}");
            format!("{} {:?}", path.join("."), relation.place)
        };
        query.reads().relations.iter().map(told).collect()
    }

    #[test]
    fn a_common_table_hides_a_table_only_where_it_is_seen() {
        let pg = |sql: &str| reads(Dialect::Postgresql, sql);
        assert_eq!(pg("with t as (select 1) select * from t"), Vec::<String>::new());
        assert_eq!(pg("with t as (select * from t) select * from T"), ["t Bare"], "its own body reads the table");
        assert_eq!(pg("with recursive t as (select 1 union all select * from t where 1 = 1) select * from t"), Vec::<String>::new());
        assert_eq!(pg("with t as (select 1) select * from s.t"), ["s.t Bare"]);
        assert_eq!(pg("select * from (with t as (select 1) select * from t) as a, t as b"), ["t Aliased"]);
        assert_eq!(pg("with a as (select * from b), b as (select 1) select * from a, b"), ["b Bare"]);
        assert_eq!(pg("with \"T\" as (select 1) select * from t"), ["t Bare"]);
        assert_eq!(pg("with t as (select 1) select (with u as (select * from t) select * from u) from u"), ["u Bare"]);
        assert_eq!(reads(Dialect::Sqlite, "with T as (select 1) select * from t where 1 in t"), Vec::<String>::new());
        assert_eq!(reads(Dialect::Mysql, "with T as (select 1) select * from t"), ["t Bare"]);
    }

    #[test]
    fn every_place_of_a_relation_is_known() {
        assert_eq!(
            reads(
                Dialect::Postgresql,
                "select * from only (a.b) join \"C\"\"d\" as x on true, lateral (table e) f, g tablesample system (1)"
            ),
            ["a.b Bare", "C\"d Aliased", "e Statement", "g Adorned"]
        );
        assert_eq!(reads(Dialect::Postgresql, "select null::s.t, x '1', cast(1 as int)"), ["s.t Type", "x Type", "int Type"]);
        assert_eq!(
            reads(Dialect::Mysql, "select * from `a`.b partition (p) x, c use index (i), d where exists (select 1 from e as f)"),
            ["a.b Adorned", "c Adorned", "d Bare", "e Aliased"]
        );
        assert_eq!(
            reads(Dialect::Sqlite, "select * from [a b] indexed by i, 'c' where x in main.d"),
            ["a b Adorned", "c Bare", "main.d Member"]
        );
        let query = guard::check(Dialect::Postgresql, "  explain /* so */ select a.b.c, a.b.* from only a.b").unwrap();
        for query in [query.clone(), query.planned()] {
            assert_eq!(&query.sql()[query.reads().relations[0].span.clone()], "only a.b");
            let schemas: Vec<&str> = query.reads().qualified.iter().map(|qualified| &query.sql()[qualified.span.clone()]).collect();
            assert_eq!(schemas, ["a.", "a."]);
        }
    }

    #[test]
    fn what_tells_of_objects_is_noted() {
        for sql in [
            "select 16400::regclass",
            "select '{1}'::_regclass",
            "select regclass '1'",
            "select pg_get_viewdef(1)",
            "select to_regclass('t')",
            "select * from json_to_record('{}') as x(a regclass)",
            "select U&\"\\0061\" from t",
            "select has_table_privilege('t', 'select')",
        ] {
            assert!(guard::check(Dialect::Postgresql, sql).unwrap().reads().telling.is_some(), "{sql}");
        }
        assert!(guard::check(Dialect::Sqlite, "select * from pragma_table_info('t')").unwrap().reads().telling.is_some());
        assert!(guard::check(Dialect::Postgresql, "select pg_typeof(a), a::text from t").unwrap().reads().telling.is_none());
    }
}
