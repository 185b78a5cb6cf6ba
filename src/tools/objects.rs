//! The objects of a snapshot as the catalog's tools name them, whatever their type.

use serde_json::{Value, json};

use super::port::Failure;
use super::reading;
use super::workspace::Workspace;
use crate::domain::{Column, Routine, Sequence, Snapshot, Table};

/// What `type` may be.
pub const TYPES: [&str; 4] = ["table", "view", "routine", "sequence"];

#[derive(Clone, Copy)]
pub enum Object<'s> {
    Table(&'s Table),
    Routine(&'s Routine),
    Sequence(&'s Sequence),
    Column(&'s Table, &'s Column),
}

/// All but columns.
pub fn all(snapshot: &Snapshot) -> impl Iterator<Item = Object<'_>> {
    let tables = snapshot.tables.iter().map(Object::Table);
    tables.chain(snapshot.routines.iter().map(Object::Routine)).chain(snapshot.sequences.iter().map(Object::Sequence))
}

/// The object of a key: `table/main.orders`, `view/…`, `routine/public.f(integer)`, `sequence/…`, `col/main.orders.total`.
pub fn of_key<'s>(snapshot: &'s Snapshot, key: &str) -> Result<Object<'s>, Failure> {
    let (kind, path) = key.split_once('/').unwrap_or(("", key));
    let fits =
        |object: &Object<'_>| object.path() == path && (kind.is_empty() || kind == object.kind() || matches!(object, Object::Table(_)));
    let mut found = all(snapshot).find(fits);
    if found.is_none() && matches!(kind, "" | "col" | "column") {
        let inside = snapshot.tables.iter().filter_map(|table| {
            let name = path.strip_prefix(&table.full_name())?.strip_prefix('.')?;
            table.columns.iter().find(|column| column.name == name).map(|column| Object::Column(table, column))
        });
        found = { inside }.next();
    }
    found.ok_or_else(|| Failure::Mendable(format!("there is no object `{key}`; `catalog_list_objects` shows the keys there are")))
}

/// The object of a name; a type tells it from others of the same name.
pub fn named<'s>(workspace: &'s Workspace, schema: Option<&'s str>, name: &str, kind: Option<&str>) -> Result<Object<'s>, Failure> {
    if matches!(kind, None | Some("table" | "view"))
        && let Ok(table) = reading::table(workspace, schema, name)
        && kind.is_none_or(|kind| kind == table.kind.word())
    {
        return Ok(Object::Table(table));
    }
    let schema = reading::schema(workspace, schema)?;
    let fits = |object: &Object<'_>| {
        let bare = object.name() == name || object.path() == format!("{schema}.{name}");
        object.schema() == schema && bare && kind.is_none_or(|kind| kind == object.kind())
    };
    let found: Vec<Object<'s>> = all(&workspace.snapshot).filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] if matches!(kind, None | Some("table" | "view")) => match reading::table(workspace, Some(schema), name) {
            Err(failure) => Err(failure),
            Ok(table) => Err(Failure::Mendable(format!("`{name}` is a {}, not a {}", table.kind.word(), kind.unwrap_or_default()))),
        },
        [] => Err(Failure::Mendable(format!("there is no {} `{name}` in schema `{schema}`", kind.unwrap_or("object")))),
        several => {
            let keys: Vec<String> = several.iter().map(|object| format!("`{}`", object.key())).collect();
            Err(Failure::Mendable(format!("several objects are called `{name}`; give one of these as `key`: {}", keys.join(", "))))
        }
    }
}

impl Object<'_> {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Table(table) => table.kind.word(),
            Self::Routine(_) => "routine",
            Self::Sequence(_) => "sequence",
            Self::Column(..) => "column",
        }
    }

    pub fn schema(&self) -> &str {
        match self {
            Self::Table(table) | Self::Column(table, _) => &table.schema,
            Self::Routine(routine) => &routine.schema,
            Self::Sequence(sequence) => &sequence.schema,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Table(table) => &table.name,
            Self::Routine(routine) => &routine.name,
            Self::Sequence(sequence) => &sequence.name,
            Self::Column(_, column) => &column.name,
        }
    }

    /// The key without its kind, under which findings are about it.
    pub fn path(&self) -> String {
        match self {
            Self::Table(table) => table.full_name(),
            Self::Routine(routine) => format!("{}.{}({})", routine.schema, routine.name, routine.signature),
            Self::Sequence(sequence) => format!("{}.{}", sequence.schema, sequence.name),
            Self::Column(table, column) => format!("{}.{}", table.full_name(), column.name),
        }
    }

    pub fn key(&self) -> String {
        let kind = if let Self::Column(..) = self { "col" } else { self.kind() };
        format!("{kind}/{}", self.path())
    }

    pub fn rows(&self) -> Option<u64> {
        if let Self::Table(table) = self { table.row_count } else { None }
    }

    pub fn bytes(&self) -> Option<u64> {
        if let Self::Table(table) = self { table.bytes } else { None }
    }

    pub fn comment(&self) -> Option<&str> {
        match self {
            Self::Table(table) => table.comment.as_deref(),
            Self::Routine(routine) => routine.comment.as_deref(),
            Self::Sequence(_) => None,
            Self::Column(_, column) => column.comment.as_deref(),
        }
    }

    /// One line of a list.
    pub fn line(&self) -> Value {
        let mut line = json!({"key": self.key(), "type": self.kind(), "schema": self.schema(), "name": self.name()});
        if let Self::Table(table) = self {
            line["kind"] = json!(table.kind);
            line["rows"] = json!(table.row_count);
            line["rows_estimated"] = json!(table.row_count_estimated);
            line["bytes"] = json!(table.bytes);
            line["columns"] = json!(table.columns.len());
        }
        if let Some(comment) = self.comment() {
            line["comment"] = json!(comment);
        }
        line
    }
}
