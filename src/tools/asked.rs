//! The SQL that a caller gave with a call: its digest, and the names in it. Which arguments are SQL, the tool's own schema says.

use std::cell::Cell;

use serde_json::Value;

use super::port::Spec;
use super::workspace::Workspace;
use super::{reading, schema};
use crate::source::guard::{self, Dialect, Digest, Fragment, Trust};

/// Each costs a look through the whole snapshot; what more of them stand in a text are shown as literals.
const MOST_LOOKED_UP: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Each argument that is SQL, with its name.
    pub texts: Vec<(String, String)>,
    schema: Option<String>,
    table: Option<String>,
}

impl Asked {
    pub fn of(spec: &Spec, args: &Value) -> Self {
        let text = |name: &str| args.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut texts: Vec<_> = sql_arguments(spec).filter_map(|name| Some((name.to_owned(), text(name)?))).collect();
        // A claim has its query inside.
        let documents = ["document", "summary"].into_iter().filter_map(|name| args.get(name));
        for document in documents {
            let inside = ["sql", "example_sql", "sql_template"].into_iter();
            texts.extend(inside.filter_map(|name| Some((name.to_owned(), document.get(name)?.as_str()?.to_owned()))));
        }
        // A condition comes before an order, as in a query.
        texts.sort_by_key(|(name, _)| fragment(name) == Some(Fragment::Ordering));
        Self { texts, schema: text("schema"), table: text("table") }
    }

    /// Whether the guard refuses a part of it.
    pub fn is_refused(&self, dialect: Dialect) -> bool {
        self.texts.iter().any(|(name, text)| match fragment(name) {
            Some(fragment) => guard::check_fragment(dialect, fragment, text).is_err(),
            None => guard::check(dialect, text).is_err(),
        })
    }

    /// None where nothing of the call is SQL.
    pub fn digest(&self, workspace: &Workspace, trust: Trust) -> Option<Digest> {
        let text = self.in_one_piece(workspace)?;
        let looked_up = Cell::new(0);
        let has_name = |name: &str| {
            looked_up.set(looked_up.get() + 1);
            looked_up.get() <= MOST_LOOKED_UP && is_name_of(workspace, name)
        };
        Some(guard::digest(workspace.source.dialect(), &text, trust, has_name))
    }

    /// A condition is told with the table that it is asked of.
    fn in_one_piece(&self, workspace: &Workspace) -> Option<String> {
        let (first, _) = self.texts.first()?;
        let mut pieces = Vec::new();
        if fragment(first).is_some() {
            let table = self.table.as_deref().and_then(|name| reading::table(workspace, self.schema.as_deref(), name).ok());
            pieces.extend(table.map(|table| format!("from {}", reading::spelt_table(workspace, &table.full_name()))));
        }
        for (name, text) in &self.texts {
            // On lines of their own, so that a comment at the end of one takes nothing else with it.
            pieces.extend(fragment(name).map(|_| name.replace('_', " ")));
            pieces.push(text.clone());
        }
        Some(pieces.join("\n"))
    }
}

/// The names of the tool's arguments that are SQL.
pub fn sql_arguments(spec: &Spec) -> impl Iterator<Item = &str> {
    let properties = spec.args.get("properties").and_then(Value::as_object);
    let is_sql = |property: &Value| property.get("contentMediaType").is_some_and(|media| media == schema::SQL);
    properties.into_iter().flatten().filter(move |(_, property)| is_sql(property)).map(|(name, _)| name.as_str())
}

fn fragment(argument: &str) -> Option<Fragment> {
    match argument {
        "where" => Some(Fragment::Condition),
        "order_by" => Some(Fragment::Ordering),
        _ => None,
    }
}

fn is_name_of(workspace: &Workspace, name: &str) -> bool {
    let is = |known: &String| known.eq_ignore_ascii_case(name);
    let snapshot = &workspace.snapshot;
    snapshot.schemas.iter().any(is)
        || snapshot.tables.iter().any(|table| is(&table.name) || table.columns.iter().any(|column| is(&column.name)))
        || snapshot.routines.iter().any(|routine| is(&routine.name))
}
