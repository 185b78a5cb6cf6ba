//! What a source's lists mean for its database: which relations may be read, which columns are masked, and a query or snapshot made so.
//!
//! Sound by construction: with lists, a query reads only relations that the last harvest has found, each is written with its full name, and
//! a relation with masked columns is replaced by a query of its columns in which the masked ones are constants. So nothing that a query can
//! do with a column, a row or a condition comes near a masked value.

mod lineage;
mod pattern;
mod shown;

use std::collections::{BTreeSet, HashMap, HashSet};

pub use pattern::{BadPattern, Case, ColumnPattern, TablePattern};

use super::guard::lex;
use super::guard::relations::{Place, Relation};
use super::guard::{self, Dialect, Form, ReadQuery};
use super::{Error, Limits};
use crate::domain::{Snapshot, Table, TableKind};

/// How the database reads a name without a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Where it looks, first to last.
    pub schemas: Vec<String>,
    pub case: Case,
}

pub struct Rules {
    dialect: Dialect,
    limits: Limits,
    naming: Naming,
    /// By schema and name; in small letters where case is ignored.
    rulings: HashMap<(String, String), Ruling>,
    /// Names of the database's own routines, in small letters: what they read, nobody can tell.
    routines: HashSet<String>,
}

/// What holds for one relation that the harvest has found.
#[derive(Clone, Debug, Default)]
struct Ruling {
    schema: String,
    name: String,
    kind: TableKind,
    /// Why it is not read.
    refused: Option<String>,
    /// It is hidden, name and all, and not only what it reads.
    is_hidden: bool,
    masked: BTreeSet<String>,
    /// What stands in its place where columns are masked.
    instead: Option<String>,
    /// Its plan would tell of what it reads.
    reads_hidden: bool,
}

impl Rules {
    pub fn new(dialect: Dialect, limits: &Limits, naming: Naming, found: &Snapshot) -> Self {
        let routines = found.routines.iter().map(|routine| routine.name.to_lowercase()).collect();
        let mut rules = Self { dialect, limits: limits.clone(), naming, rulings: HashMap::new(), routines };
        for table in &found.tables {
            let refused = rules.hidden(&table.schema, &table.name);
            let masked = rules.masked(table);
            let ruling = Ruling {
                schema: table.schema.clone(),
                name: table.name.clone(),
                kind: table.kind,
                is_hidden: refused.is_some(),
                refused,
                masked,
                ..Ruling::default()
            };
            rules.rulings.insert(rules.key(&table.schema, &table.name), ruling);
        }
        for sequence in &found.sequences {
            let refused = rules.hidden(&sequence.schema, &sequence.name);
            let (schema, name, is_hidden) = (sequence.schema.clone(), sequence.name.clone(), refused.is_some());
            rules.rulings.entry(rules.key(&schema, &name)).or_insert(Ruling { schema, name, refused, is_hidden, ..Ruling::default() });
        }
        rules.follow_partitions(found);
        rules.follow_reads(found);
        rules.write_replacements(found);
        rules
    }

    /// The query as it may be run, or why it may not.
    pub fn applied(&self, query: &ReadQuery, plan: bool) -> Result<ReadQuery, Error> {
        let reads = query.reads();
        if query.form() == Form::Listing {
            // A setting is no object.
            return match self.dialect {
                Dialect::Postgresql => Ok(query.clone()),
                Dialect::Sqlite | Dialect::Mysql => {
                    Err(refused("a listing of objects is not shown where a source has lists; describe its tables one by one"))
                }
            };
        }
        if let Some(telling) = &reads.telling {
            return Err(refused(format!("{} where a source has lists", telling.construct)));
        }
        if let Some(routine) = self.routine_in(query.sql()) {
            return Err(refused(format!(
                "`{routine}` is a routine of this database, and where a source has lists only the server's own functions are called"
            )));
        }
        let mut edits = Vec::with_capacity(reads.relations.len() + reads.qualified.len());
        for relation in &reads.relations {
            if relation.place == Place::Type {
                self.check_type(relation)?;
                continue;
            }
            let text = &query.sql()[relation.span.clone()];
            if self.dialect == Dialect::Mysql && text.eq_ignore_ascii_case("dual") {
                continue;
            }
            let ruling = self.ruling(relation)?;
            if ruling.reads_hidden && (plan || query.form() == Form::Plan) {
                return Err(refused(format!("the plan of `{}` would show what it reads, some of which is hidden", ruling.shown())));
            }
            edits.push((relation.span.clone(), self.written(relation, ruling)?));
        }
        for qualified in &reads.qualified {
            let found = self.rulings.get(&self.key(&qualified.schema.text, &qualified.table.text));
            if found.is_some_and(|ruling| ruling.instead.is_some()) {
                edits.push((qualified.span.clone(), String::new()));
            }
        }
        edits.sort_by_key(|(span, _)| span.start);
        let mut sql = String::with_capacity(query.sql().len() + 200);
        let mut at = 0;
        for (span, text) in edits {
            sql.push_str(&query.sql()[at..span.start]);
            sql.push_str(&text);
            at = span.end;
        }
        sql.push_str(&query.sql()[at..]);
        // What is composed passes the guard like any other text.
        guard::check(self.dialect, &sql).map_err(|refusal| refused(format!("{}, once the source's lists are applied", refusal.construct)))
    }

    /// Patterns that match nothing now, which may be a slip of the pen.
    pub fn idle_patterns(&self) -> Vec<String> {
        let Limits { allow, deny, mask, .. } = &self.limits;
        let tables = |list: &'static str, patterns: &[TablePattern], case: Case| {
            let idle =
                patterns.iter().filter(|pattern| !self.rulings.values().any(|ruling| pattern.matches(&ruling.schema, &ruling.name, case)));
            idle.map(|pattern| format!("the `{list}` pattern `{pattern}` matches nothing that is there")).collect::<Vec<_>>()
        };
        let idle = mask.iter().filter(|pattern| !self.masked_by(pattern));
        let columns = idle.map(|pattern| format!("the `mask` pattern `{pattern}` matches no column that is there"));
        tables("allow", allow, self.naming.case).into_iter().chain(tables("deny", deny, Case::Ignored)).chain(columns).collect()
    }

    fn masked_by(&self, pattern: &ColumnPattern) -> bool {
        let matches = |ruling: &Ruling| ruling.masked.iter().any(|column| pattern.matches(&ruling.schema, &ruling.name, column));
        self.rulings.values().any(matches)
    }

    fn ruling(&self, relation: &Relation) -> Result<&Ruling, Error> {
        let names: Vec<&str> = relation.path.iter().map(|name| name.text.as_str()).collect();
        let (schemas, name) = match names.as_slice() {
            [name] => (self.naming.schemas.iter().map(String::as_str).collect(), *name),
            [schema, name] => (vec![*schema], *name),
            _ => return Err(refused(format!("`{}`; write it as `schema.table`", names.join(".")))),
        };
        let found = schemas.iter().find_map(|schema| self.rulings.get(&self.key(schema, name)));
        let why = match (found, schemas.first()) {
            (Some(Ruling { refused: None, .. }), _) => None,
            (Some(Ruling { refused: Some(why), .. }), _) => Some(why.clone()),
            (None, Some(schema)) => self.hidden(schema, name),
            (None, None) => None,
        };
        match (found, why) {
            (Some(ruling), None) => Ok(ruling),
            (_, Some(why)) => Err(refused(format!("`{}` is not read: {why}", names.join(".")))),
            (None, None) => Err(refused(format!(
                "`{}` is not among the tables and views that the harvest shows, and where a source has lists nothing else is read",
                names.join(".")
            ))),
        }
    }

    /// The name of one of the database's own routines that stands where it could be called: before a bracket, or, as PostgreSQL lets a
    /// function of a row be called, behind a point.
    fn routine_in(&self, sql: &str) -> Option<String> {
        if self.routines.is_empty() {
            return None;
        }
        let lexed = lex::lex(self.dialect, sql).ok()?;
        let called = lexed.tokens.iter().enumerate().filter(|(at, token)| {
            let behind_a_point = at.checked_sub(1).is_some_and(|before| lexed.tokens[before].is_sign("."));
            let is_named = matches!(token.kind, lex::Kind::Word | lex::Kind::Name);
            is_named && (behind_a_point || lexed.tokens.get(at + 1).is_some_and(|next| next.is_sign("(")))
        });
        called.map(|(_, token)| token.text.to_lowercase()).find(|name| self.routines.contains(name))
    }

    /// The row type of a table tells its columns, and a cast to a type of the database's own calls what it was given for that.
    fn check_type(&self, relation: &Relation) -> Result<(), Error> {
        let Some(last) = relation.path.last().map(|name| name.text.as_str()) else { return Ok(()) };
        if !guard::is_builtin_type(last) {
            return Err(refused(format!(
                "the type `{last}` is not one of the server's own, and where a source has lists no other is used"
            )));
        }
        let schema = relation.path.len().checked_sub(2).map(|at| relation.path[at].text.as_str());
        let hidden = |ruling: &Ruling| {
            let same = |name: &str| self.folded(&ruling.name) == self.folded(name);
            // The type of an array of rows is called like the table, behind a `_`.
            let is_meant = same(last) || same(last.trim_start_matches('_'));
            is_meant && ruling.refused.is_some() && schema.is_none_or(|schema| self.folded(schema) == self.folded(&ruling.schema))
        };
        match self.rulings.values().find(|ruling| hidden(ruling)) {
            Some(ruling) => Err(refused(format!("the type `{last}` is not used: {}", ruling.refused.as_deref().unwrap_or_default()))),
            None => Ok(()),
        }
    }

    /// What stands where the relation stood.
    fn written(&self, relation: &Relation, ruling: &Ruling) -> Result<String, Error> {
        let Some(instead) = &ruling.instead else {
            let name = self.full_name(ruling, relation.only);
            return Ok(if relation.place == Place::Statement { format!("table {name}") } else { name });
        };
        match relation.place {
            Place::Bare => Ok(format!("({instead}) as {}", self.dialect.quoted(&ruling.name))),
            Place::Aliased | Place::Member => Ok(format!("({instead})")),
            Place::Statement => Ok(instead.clone()),
            Place::Adorned | Place::Type => Err(refused(format!(
                "`{}` has masked columns ({}), and is read without samples, partitions, times and index hints",
                ruling.shown(),
                ruling.masked.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// Tables that only inherit from this one have a name and rules of their own.
    fn full_name(&self, ruling: &Ruling, only: bool) -> String {
        let only = if only || self.dialect == Dialect::Postgresql && ruling.kind == TableKind::Table { "only " } else { "" };
        format!("{only}{}.{}", self.dialect.quoted(&ruling.schema), self.dialect.quoted(&ruling.name))
    }

    fn write_replacements(&mut self, found: &Snapshot) {
        for table in &found.tables {
            let Some(ruling) = self.rulings.get(&self.key(&table.schema, &table.name)).filter(|ruling| !ruling.masked.is_empty()) else {
                continue;
            };
            let column = |column: &crate::domain::Column| {
                let name = self.dialect.quoted(&column.name);
                match ruling.masked.contains(&column.name) {
                    true => format!("{} as {name}", self.dialect.masked(&column.r#type)),
                    false => name,
                }
            };
            let columns: Vec<String> = table.columns.iter().map(column).collect();
            let instead = format!("select {} from {}", columns.join(", "), self.full_name(ruling, false));
            if let Some(ruling) = self.rulings.get_mut(&self.key(&table.schema, &table.name)) {
                ruling.instead = Some(instead);
            }
        }
    }

    /// Why the lists hide it.
    fn hidden(&self, schema: &str, name: &str) -> Option<String> {
        // A rule that hides must not miss for a capital.
        if let Some(pattern) = self.limits.deny.iter().find(|pattern| pattern.matches(schema, name, Case::Ignored)) {
            return Some(format!("denied by the `deny` pattern `{pattern}`"));
        }
        let is_allowed =
            self.limits.allow.is_empty() || self.limits.allow.iter().any(|pattern| pattern.matches(schema, name, self.naming.case));
        (!is_allowed).then(|| "no `allow` pattern matches it".to_owned())
    }

    fn masked(&self, table: &Table) -> BTreeSet<String> {
        let is_masked = |column: &str| self.limits.mask.iter().any(|pattern| pattern.matches(&table.schema, &table.name, column));
        table.columns.iter().map(|column| column.name.clone()).filter(|column| is_masked(column)).collect()
    }

    fn key(&self, schema: &str, name: &str) -> (String, String) {
        (self.folded(schema), self.folded(name))
    }

    fn folded(&self, name: &str) -> String {
        match (self.naming.case, self.dialect) {
            (Case::Told, _) => name.to_owned(),
            (Case::Ignored, Dialect::Sqlite) => name.to_ascii_lowercase(),
            (Case::Ignored, _) => name.to_lowercase(),
        }
    }
}

impl Ruling {
    fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

impl Limits {
    /// Whether anything is hidden.
    pub fn has_lists(&self) -> bool {
        !(self.allow.is_empty() && self.deny.is_empty() && self.mask.is_empty())
    }
}

fn refused(why: impl Into<String>) -> Error {
    Error::Refused(why.into())
}
