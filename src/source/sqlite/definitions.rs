//! What SQLite keeps only in the words of its definitions: checks, expressions, collations, names of references, when triggers fire.
//!
//! The words are SQLite's own or passed its parser, so they are read by their places and not judged. What is not understood is left out.

use std::collections::HashMap;

use super::harvest::SCHEMA;
use crate::domain::{Check, Trigger};
use crate::source::guard::lex::{Kind, Token, lex};
use crate::source::guard::relations::Place;
use crate::source::guard::{self, Dialect};

/// What the definition of a table says beyond the pragmas.
#[derive(Debug, Default, PartialEq)]
pub struct Defined {
    pub checks: Vec<Check>,
    /// By their names in small letters.
    pub columns: HashMap<String, DefinedColumn>,
    /// Names of references, by their columns in small letters.
    pub references: HashMap<Vec<String>, String>,
}

#[derive(Debug, Default, PartialEq)]
pub struct DefinedColumn {
    pub expression: Option<String>,
    pub collation: Option<String>,
    pub numbered: bool,
}

/// The words of one column or constraint.
struct Item<'t, 'a> {
    sql: &'a str,
    tokens: &'t [Token<'a>],
}

pub fn of_table(sql: &str) -> Defined {
    let mut defined = Defined::default();
    let Ok(lexed) = lex(Dialect::Sqlite, sql) else { return defined };
    for tokens in items(&lexed.tokens) {
        Item { sql, tokens }.read_into(&mut defined);
    }
    defined
}

/// The terms of an index, as they are written, without their order.
pub fn of_index(sql: &str) -> Vec<String> {
    let Ok(lexed) = lex(Dialect::Sqlite, sql) else { return Vec::new() };
    let term = |tokens: &[Token<'_>]| {
        let ordered = tokens.last().is_some_and(|last| last.is_word("asc") || last.is_word("desc"));
        let term = &tokens[..tokens.len() - usize::from(ordered)];
        term.first().zip(term.last()).map_or(String::new(), |(first, last)| sql[first.at..last.end].to_owned())
    };
    items(&lexed.tokens).into_iter().map(term).collect()
}

/// `before update of a, b`; SQLite's own `before` where nothing is said.
pub fn of_trigger(name: &str, sql: &str) -> Trigger {
    let words = lex(Dialect::Sqlite, sql).ok().and_then(|lexed| {
        let tokens = &lexed.tokens;
        let is_event = |token: &Token<'_>| ["insert", "update", "delete"].iter().any(|word| token.is_word(word));
        // A trigger's name may be one of these words, and stands before its time.
        let named = tokens.iter().position(|token| token.is_word("trigger"))? + 1;
        let event = named + 1 + tokens[named + 1..].iter().position(is_event)?;
        let on = event + tokens[event..].iter().position(|token| token.is_word("on"))?;
        let time = match &tokens[event - 1] {
            token if token.is_word("after") => "after",
            token if token.is_word("of") => "instead of",
            _ => "before",
        };
        Some(format!("{time} {}", sql[tokens[event].at..tokens[on - 1].end].to_lowercase()))
    });
    Trigger { name: name.to_owned(), when: words.unwrap_or_default(), definition: Some(sql.to_owned()) }
}

/// Tables and views that a view reads; none where its definition is not understood.
pub fn read_by_view(sql: &str) -> Vec<String> {
    let query = guard::behind_as(Dialect::Sqlite, sql).and_then(|query| guard::check(Dialect::Sqlite, query).ok());
    let Some(query) = query else { return Vec::new() };
    let relations = query.reads().relations.iter().filter(|relation| relation.place != Place::Type);
    let mut names: Vec<String> = relations.filter_map(|relation| relation.path.last()).map(|name| name.text.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// What stands between the commas of the first brackets.
fn items<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let Some(open) = tokens.iter().position(|token| token.is_sign("(")) else { return Vec::new() };
    let (mut items, mut depth, mut start) = (Vec::new(), 0, open + 1);
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            token if token.is_sign("(") => depth += 1,
            token if token.is_sign(")") => depth -= 1,
            token if depth == 1 && token.is_sign(",") => {
                items.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            items.push(&tokens[start..at]);
            break;
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

impl<'a> Item<'_, 'a> {
    fn read_into(&self, defined: &mut Defined) {
        let is_constraint = ["constraint", "primary", "unique", "check", "foreign"].iter().any(|word| self.tokens[0].is_word(word));
        let column = (!is_constraint).then(|| name_of(&self.tokens[0]));
        let mut told = DefinedColumn::default();
        let mut named = None;
        let mut at = usize::from(column.is_some());
        while let Some(token) = self.tokens.get(at) {
            match token {
                token if token.is_word("constraint") => named = self.tokens.get(at + 1).map(name_of),
                token if token.is_word("check") => {
                    if let Some(condition) = self.bracketed(at + 1) {
                        let name = named.take().unwrap_or_else(|| format!("check_{}", defined.checks.len() + 1));
                        defined.checks.push(Check { name, condition });
                    }
                }
                token if token.is_word("collate") => told.collation = self.tokens.get(at + 1).map(name_of),
                token if token.is_word("autoincrement") => told.numbered = true,
                token if token.is_word("as") && column.is_some() => told.expression = self.bracketed(at + 1),
                token if token.is_word("foreign") || (token.is_word("references") && column.is_some()) => {
                    let columns = match &column {
                        Some(column) => vec![column.to_lowercase()],
                        None => items(&self.tokens[at..]).into_iter().map(|item| name_of(&item[0]).to_lowercase()).collect(),
                    };
                    if let Some(name) = named.take() {
                        defined.references.insert(columns, name);
                    }
                }
                _ => {}
            }
            at = self.behind(at);
        }
        if let Some(column) = column {
            defined.columns.insert(column.to_lowercase(), told);
        }
    }

    /// What stands in the brackets that open there.
    fn bracketed(&self, at: usize) -> Option<String> {
        let open = self.tokens.get(at).filter(|token| token.is_sign("("))?;
        let close = self.tokens.get(self.behind(at) - 1)?;
        Some(self.sql[open.end..close.at].trim().to_owned())
    }

    /// The place behind the word, or behind the brackets, that begins there.
    fn behind(&self, at: usize) -> usize {
        let mut depth = 0;
        for (place, token) in self.tokens.iter().enumerate().skip(at) {
            depth += i32::from(token.is_sign("(")) - i32::from(token.is_sign(")"));
            if depth <= 0 {
                return place + 1;
            }
        }
        self.tokens.len()
    }
}

fn name_of(token: &Token<'_>) -> String {
    // SQLite takes a string for a name here.
    if token.kind == Kind::Text { token.text.replace("''", "'") } else { token.unquoted() }
}

/// `main.name` of each that is there, as it is spelt there.
pub fn full_names(read: &[String], known: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut names: Vec<String> = read.iter().filter_map(|name| known(name)).map(|name| format!("{SCHEMA}.{name}")).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_tells_what_the_pragmas_do_not() {
        let defined = of_table(
            "CREATE TABLE \"odd, (name\" (id integer primary key autoincrement, -- a comment, with (brackets
                \"a \"\"b\" text collate nocase check (length(\"a \"\"b\") in (1, 2)) constraint parted references p (id) on delete cascade,
                twice int generated always as (id * (1 + 1)) virtual, price decimal(8, 2) default (max(1, 2)) constraint dear check (price > 0),
                constraint pair foreign key (id, [price]) references q (x, y), check (id <> price), unique (id, price))",
        );
        let checks: Vec<(&str, &str)> = defined.checks.iter().map(|check| (check.name.as_str(), check.condition.as_str())).collect();
        assert_eq!(checks, [("check_1", "length(\"a \"\"b\") in (1, 2)"), ("dear", "price > 0"), ("check_3", "id <> price")]);
        assert_eq!(defined.columns["a \"b"].collation.as_deref(), Some("nocase"));
        assert_eq!(defined.columns["twice"].expression.as_deref(), Some("id * (1 + 1)"));
        assert!(defined.columns["id"].numbered && !defined.columns["price"].numbered && defined.columns.len() == 4);
        assert_eq!(defined.references[&vec!["a \"b".to_owned()]], "parted");
        assert_eq!(defined.references[&vec!["id".to_owned(), "price".to_owned()]], "pair");
        assert_eq!(of_table("create table broken (a text check"), of_table(""));
    }

    #[test]
    fn triggers_say_when_they_fire() {
        for (sql, expect) in [
            ("create trigger \"on\" after insert on t begin select 1; end", "after insert"),
            ("CREATE TRIGGER IF NOT EXISTS x UPDATE OF a, b ON t BEGIN SELECT 1; END", "before update of a, b"),
            ("create temp trigger x instead of delete on v for each row when old.a begin select 1; end", "instead of delete"),
            ("create trigger main.\"update\" before delete on t begin select 1; end", "before delete"),
        ] {
            assert_eq!(of_trigger("x", sql).when, expect, "{sql}");
        }
    }

    #[test]
    fn an_index_is_on_terms_and_a_view_reads_tables() {
        assert_eq!(of_index("create index i on t (lower(a, b) desc, c collate nocase asc, d)"), ["lower(a, b)", "c collate nocase", "d"]);
        let reads = read_by_view(
            "create view v (a) as with q as (select * from t) select * from q join \"Other T\" o on o.x in (select y from main.u)",
        );
        assert_eq!(reads, ["Other T", "t", "u"]);
        assert!(read_by_view("create view v as select").is_empty());
    }
}
