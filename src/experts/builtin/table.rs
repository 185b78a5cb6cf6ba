//! A table as the rules see it: the brief's evidence, and what names and types let expect.

use serde::Deserialize;

use crate::claims::text::{singular, words};
use crate::experts::thought::TaskBrief;
use crate::source::Dialect;

#[derive(Clone, Debug, Deserialize)]
pub struct TableView {
    engine: String,
    /// `schema.table`.
    pub table: String,
    kind: String,
    pub rows: Option<u64>,
    pub primary_key: Vec<String>,
    pub columns: Vec<ColumnView>,
    pub references: Vec<ReferenceView>,
    pub referenced_by: Vec<ReferenceView>,
    unique: Vec<Vec<String>>,
    #[serde(skip)]
    pub schema: String,
    #[serde(skip)]
    pub name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ColumnView {
    pub name: String,
    pub r#type: String,
    #[serde(default)]
    pub comment: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceView {
    pub key: String,
    pub columns: Vec<String>,
    pub table: String,
}

const CODE_WORDS: [&str; 15] = [
    "category", "class", "code", "flag", "gender", "kind", "level", "method", "mode", "phase", "priority", "stage", "state", "status",
    "type",
];
const ID_WORDS: [&str; 6] = ["id", "key", "fk", "ref", "uuid", "guid"];
const MEASURE_WORDS: [&str; 24] = [
    "amount",
    "balance",
    "budget",
    "bytes",
    "cost",
    "count",
    "discount",
    "distance",
    "duration",
    "fee",
    "hours",
    "milliseconds",
    "minutes",
    "points",
    "price",
    "qty",
    "quantity",
    "revenue",
    "salary",
    "seconds",
    "size",
    "stock",
    "total",
    "weight",
];
/// Adding these up says nothing; their mean does.
const RATE_WORDS: [&str; 11] = ["age", "average", "avg", "discount", "percent", "percentage", "price", "rate", "rating", "ratio", "score"];
const PLACE_WORDS: [&str; 6] = ["lat", "latitude", "lng", "lon", "longitude", "year"];

impl TableView {
    /// None where the task is about no table that the snapshot has.
    pub fn of(brief: &TaskBrief) -> Option<Self> {
        let name = brief.table.clone()?;
        let mut view = Self::deserialize(&brief.evidence).ok()?;
        view.schema = brief.schema.clone();
        view.name = name;
        Some(view)
    }

    pub fn dialect(&self) -> Dialect {
        crate::claims::sql::dialect_of(&self.engine)
    }

    pub fn is_view(&self) -> bool {
        self.kind == "view"
    }

    /// What one row is, as far as the name says.
    pub fn thing(&self) -> String {
        thing(&self.name)
    }

    pub fn things(&self) -> String {
        words(&self.name).join(" ")
    }

    pub fn is_reference(&self, column: &str) -> bool {
        self.references.iter().any(|reference| reference.columns.iter().any(|name| name == column))
    }

    fn is_alone_unique(&self, column: &str) -> bool {
        let alone = |key: &Vec<String>| key.len() == 1 && key[0] == column;
        alone(&self.primary_key) || self.unique.iter().any(alone)
    }

    /// Columns that look as if they refer to something, though nothing says to what.
    pub fn undeclared_references(&self) -> impl Iterator<Item = &ColumnView> {
        self.columns.iter().filter(|column| {
            let names_id =
                words(&column.name).last().is_some_and(|last| ID_WORDS.contains(&last.as_str()) || last == "no" || last == "code");
            let by_type = matches!(column.r#type.as_str(), "integer" | "decimal" | "text");
            names_id && by_type && words(&column.name).len() > 1 && !self.is_reference(&column.name) && !self.is_alone_unique(&column.name)
        })
    }

    pub fn codes(&self) -> impl Iterator<Item = &ColumnView> {
        self.columns.iter().filter(|column| {
            let by_type = matches!(column.r#type.as_str(), "text" | "integer" | "other");
            // An id stands for a row somewhere, declared or not, and not for one of a few words.
            let names_a_code = has_word(&column.name, &CODE_WORDS) && !has_word(&column.name, &ID_WORDS);
            by_type && names_a_code && !self.is_reference(&column.name) && !self.is_alone_unique(&column.name)
        })
    }

    pub fn measures(&self) -> impl Iterator<Item = &ColumnView> {
        self.columns.iter().filter(|column| {
            let number = match column.r#type.as_str() {
                "decimal" | "float" => true,
                "integer" => has_word(&column.name, &MEASURE_WORDS),
                _ => false,
            };
            let other = has_word(&column.name, &ID_WORDS) || has_word(&column.name, &CODE_WORDS) || has_word(&column.name, &PLACE_WORDS);
            number && !other && !self.is_reference(&column.name) && !self.is_alone_unique(&column.name)
        })
    }

    pub fn times(&self) -> impl Iterator<Item = &ColumnView> {
        self.columns.iter().filter(|column| {
            matches!(column.r#type.as_str(), "date" | "timestamp")
                // SQLite keeps times as text; the name has to tell.
                || (column.r#type == "text" && has_word(&column.name, &["at", "date", "time", "timestamp"]) && !has_word(&column.name, &["zone"]))
        })
    }

    /// The part that the table plays, by its references and columns.
    pub fn role(&self) -> &'static str {
        let key_refers = !self.primary_key.is_empty() && self.primary_key.iter().all(|column| self.is_reference(column));
        let referring: usize = self.references.iter().map(|reference| reference.columns.len()).sum();
        let named_log = has_word(&self.name, &["audit", "event", "events", "history", "log", "logs"]);
        if self.is_view() {
            "view"
        } else if self.references.len() >= 2 && key_refers && self.columns.len() <= referring + 2 {
            "bridge"
        } else if named_log {
            "log"
        } else if self.references.is_empty() && self.columns.len() <= 4 && !self.referenced_by.is_empty() {
            "lookup"
        } else if !self.references.is_empty() && (self.measures().next().is_some() || self.times().next().is_some()) {
            "event"
        } else {
            "entity"
        }
    }
}

impl ColumnView {
    /// Adding such values up says nothing.
    pub fn is_rate(&self) -> bool {
        has_word(&self.name, &RATE_WORDS)
    }

    pub fn in_words(&self) -> String {
        words(&self.name).join(" ")
    }
}

/// `order_items` is about an order item.
pub fn thing(table: &str) -> String {
    let mut words = words(table.rsplit('.').next().unwrap_or(table));
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    words.join(" ")
}

pub fn has_word(name: &str, listed: &[&str]) -> bool {
    words(name).iter().any(|word| listed.contains(&word.as_str()))
}
