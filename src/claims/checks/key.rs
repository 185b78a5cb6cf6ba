//! Keys of entries: their one form, and what they speak of.

use crate::claims::text::line;
use crate::domain::{Snapshot, Table};

/// What a key is about, read from its text.
pub struct Subject<'a> {
    prefix: &'a str,
    rest: &'a str,
}

/// Kinds that the engine writes; an expert cannot.
const RESERVED: [&str; 5] = ["intent", "question", "report", "run", "answer"];
/// Kinds whose keys have a fixed beginning.
const PREFIXES: [(&str, &str); 10] = [
    ("table", "table"),
    ("column", "col"),
    ("profile", "profile"),
    ("relationship", "rel"),
    ("domain", "domain"),
    ("metric", "metric"),
    ("question_template", "question_template"),
    ("hypothesis", "hypothesis"),
    ("summary", "summary"),
    ("note", "note"),
];

/// Kind and key as the catalog knows them; none for kinds that are not an expert's and for keys that say nothing.
pub fn canonical(snapshot: &Snapshot, kind: &str, key: &str) -> Option<(String, String)> {
    let said = word(kind);
    let key = line(key.trim().trim_matches('`'), 300);
    let (prefix, rest) = match key.split_once('/') {
        Some((prefix, rest)) => (word(prefix), rest.trim().to_owned()),
        None => (String::new(), key.clone()),
    };
    if rest.is_empty() || RESERVED.contains(&said.as_str()) || RESERVED.contains(&prefix.as_str()) {
        return None;
    }
    let by_prefix = PREFIXES.iter().find(|(kind, form)| *form == prefix || *kind == prefix);
    let by_kind = PREFIXES.iter().find(|(kind, form)| *kind == said || *form == said);
    let Some((kind, form)) = by_prefix.or(by_kind) else {
        // A free kind keeps its key, within a place of its own.
        let kind = if said.is_empty() { "note".to_owned() } else { said };
        let key = if prefix.is_empty() { format!("{kind}/{rest}") } else { key };
        return Some((kind, key));
    };
    // A slash that belongs to no known prefix is part of the name.
    let rest = if by_prefix.is_some() || prefix.is_empty() { rest } else { key };
    let rest = match *form {
        "table" => find_table(snapshot, &rest).map_or(rest, Table::full_name),
        "col" => find_column(snapshot, &rest).unwrap_or(rest),
        _ => rest,
    };
    Some(((*kind).to_owned(), format!("{form}/{rest}")))
}

/// A table by `schema.table`, or by its name where only one has it.
pub fn find_table<'a>(snapshot: &'a Snapshot, text: &str) -> Option<&'a Table> {
    let whole = snapshot.tables.iter().find(|table| table.full_name().eq_ignore_ascii_case(text));
    whole.or_else(|| {
        let mut named = snapshot.tables.iter().filter(|table| table.name.eq_ignore_ascii_case(text));
        named.next().filter(|_| named.next().is_none())
    })
}

/// The table and the text after it: `schema.table.rest` or `table.rest`, the longest table name that fits.
pub fn split_table<'a, 'b>(snapshot: &'a Snapshot, text: &'b str) -> Option<(&'a Table, &'b str)> {
    let after = |name: &str| {
        let (start, rest) = (text.get(..name.len())?, text.get(name.len()..)?);
        start.eq_ignore_ascii_case(name).then(|| rest.strip_prefix('.')).flatten()
    };
    let by = |name: fn(&Table) -> String| {
        let fits = snapshot.tables.iter().filter_map(move |table| after(&name(table)).map(|rest| (table, rest)));
        fits.min_by_key(|(_, rest)| rest.len())
    };
    by(Table::full_name).or_else(|| by(|table| table.name.clone()))
}

fn find_column(snapshot: &Snapshot, text: &str) -> Option<String> {
    let (table, column) = split_table(snapshot, text)?;
    let column = table.column(column)?;
    Some(format!("{}.{}", table.full_name(), column.name))
}

fn word(text: &str) -> String {
    let word: String = text.trim().to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).take(40).collect();
    match word.as_str() {
        "view" => "table".to_owned(),
        "reference" | "foreign_key" | "fk" | "join" => "rel".to_owned(),
        "template" => "question_template".to_owned(),
        _ => word,
    }
}

impl<'a> Subject<'a> {
    pub fn of_key(key: &'a str) -> Self {
        let (prefix, rest) = key.split_once('/').unwrap_or(("", key));
        Self { prefix, rest }
    }

    /// Whether it names a table, a column or two sides of a reference that the snapshot has.
    pub fn exists_in(&self, snapshot: &Snapshot) -> bool {
        match self.prefix {
            "table" => find_table(snapshot, self.rest).is_some(),
            "col" => find_column(snapshot, self.rest).is_some(),
            "rel" => self.sides().count() == 2 && self.sides().all(|side| split_table(snapshot, side).is_some()),
            _ => false,
        }
    }

    /// Whether it speaks of that table or of something in it.
    pub fn names_table(&self, schema: Option<&str>, table: &str) -> bool {
        self.sides().any(|side| {
            let side = match schema {
                Some(schema) => strip(side, schema).and_then(|rest| rest.strip_prefix('.')),
                None => side.split_once('.').map(|(_, rest)| rest),
            };
            side.and_then(|side| strip(side, table)).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    fn sides(&self) -> impl Iterator<Item = &'a str> {
        self.rest.split("->").map(str::trim)
    }
}

fn strip<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let beginning = text.get(..start.len())?;
    beginning.eq_ignore_ascii_case(start).then(|| &text[start.len()..])
}
