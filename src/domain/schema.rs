//! What a harvest found: a database's own metadata, normalised. Every engine fills what it has; what it has not stays empty.

use serde::{Deserialize, Serialize};

use super::{SnapshotId, SourceKey};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub id: SnapshotId,
    pub source: SourceKey,
    /// `sqlite`, `postgresql`, `mysql`.
    pub engine: String,
    /// As the server says it; empty where it does not matter.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub engine_version: String,
    /// Those that can be read, in order of name.
    pub schemas: Vec<String>,
    /// In order of schema and name.
    pub tables: Vec<Table>,
    /// In order of schema, name and signature.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routines: Vec<Routine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sequences: Vec<Sequence>,
    /// What is there and could not be read, a sentence each: no permission, a broken view.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    #[default]
    Table,
    /// Its rows are those of its partitions.
    PartitionedTable,
    /// In another database, reached through this one.
    ForeignTable,
    View,
    MaterializedView,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub schema: String,
    pub name: String,
    pub kind: TableKind,
    pub columns: Vec<Column>,
    /// Column names in key order; empty where none is declared.
    pub primary_key: Vec<String>,
    pub foreign_keys: Vec<ForeignKey>,
    pub indexes: Vec<Index>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// As the database knows or counts it; none for views and where counting was too dear.
    pub row_count: Option<u64>,
    /// The count is the database's own estimate.
    #[serde(default, skip_serializing_if = "is_false")]
    pub row_count_estimated: bool,
    /// With indexes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Tables and views that a view reads, as the database knows them; `schema.name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<String>,
    /// The table whose partition this is; `schema.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_of: Option<String>,
    /// How a partitioned table is divided, or which part of it this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitioning: Option<String>,
    /// What the reading user may do beyond reading: `insert`, `update`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privileges: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// From 1, in declared order.
    pub position: u32,
    /// The type as it was declared.
    pub declared_type: String,
    /// The type as every engine would say it: `integer`, `decimal`, `float`, `text`, `boolean`, `date`, `time`, `timestamp`, `interval`,
    /// `blob`, `json`, `uuid`, `enum`, `array`, `other`.
    pub r#type: String,
    pub nullable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Computed by the database from other columns.
    #[serde(default)]
    pub generated: bool,
    /// The expression of a generated column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Numbered by the database: identity, serial, auto_increment.
    #[serde(default, skip_serializing_if = "is_false")]
    pub identity: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
    /// The values of an enum or set, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enum_values: Vec<String>,
    /// The source's `mask` covers it: a constant is read in place of its values.
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub columns: Vec<String>,
    pub to_schema: String,
    pub to_table: String,
    /// Paired with `columns`.
    pub to_columns: Vec<String>,
    /// `cascade`, `restrict`, `set null`, `set default`; none for `no action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_update: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    pub unique: bool,
    /// Column names; an expression stands as its text or as `<expression>`.
    pub columns: Vec<String>,
    /// What is special about a column, paired with `columns`: `desc`, `prefix 10`; empty where nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// `gin`, `hash`, `fulltext`, …; none for the ordinary ordered kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub condition: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Unique only within its table.
    pub name: String,
    /// As `before insert or update`.
    pub when: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoutineKind {
    Function,
    Procedure,
    Aggregate,
    /// Runs by the clock.
    Event,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routine {
    pub schema: String,
    pub name: String,
    /// Types of the arguments, which tell overloaded routines apart; of an event, its schedule.
    pub signature: String,
    pub kind: RoutineKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    pub schema: String,
    pub name: String,
    /// The column that it numbers; `schema.table.column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<String>,
}

impl TableKind {
    /// Its rows are computed from other tables.
    pub fn is_derived(self) -> bool {
        matches!(self, Self::View | Self::MaterializedView)
    }

    /// The word in keys of the catalog.
    pub fn word(self) -> &'static str {
        if self.is_derived() { "view" } else { "table" }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Snapshot {
    /// A snapshot is named by what it holds, its source included: the same database twice is the same snapshot.
    /// Estimates are left out, because servers make new ones of tables that nobody has touched.
    pub fn named(mut self) -> Self {
        self.id = SnapshotId(String::new());
        let estimated = |table: &&mut Table| table.row_count_estimated;
        let estimates: Vec<_> =
            self.tables.iter_mut().filter(estimated).map(|table| (table.row_count.take(), table.bytes.take())).collect();
        let content = serde_json::to_vec(&self).expect("tables are plain data and always serialise");
        for (table, figures) in self.tables.iter_mut().filter(estimated).zip(estimates) {
            (table.row_count, table.bytes) = figures;
        }
        self.id = SnapshotId(format!("snap_{:032x}", xxhash_rust::xxh3::xxh3_128(&content)));
        self
    }

    pub fn table(&self, schema: &str, name: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.schema == schema && table.name == name)
            .or_else(|| self.tables.iter().find(|table| table.schema.eq_ignore_ascii_case(schema) && table.name.eq_ignore_ascii_case(name)))
    }

    pub fn tables_of<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = &'a Table> {
        self.tables.iter().filter(move |table| table.schema == schema)
    }
}

impl Table {
    /// `schema.table`, the form used in keys of the catalog.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name == name)
            .or_else(|| self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)))
    }
}
