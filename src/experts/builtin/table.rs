//! A table as the rules see it: the brief's evidence, and what names and types let expect.

use serde::Deserialize;
use serde_json::Value;

use crate::evidence::natures::{self, Measure, has_word};
use crate::evidence::ways::Way;
use crate::evidence::{names, wording};
use crate::experts::thought::TaskBrief;
use crate::source::Dialect;

/// How sure a pair of columns is that are only named so.
const BY_NAME: f64 = 0.6;

#[derive(Clone, Debug, Deserialize)]
pub struct TableView {
    pub engine: String,
    /// `schema.table`.
    pub table: String,
    kind: String,
    pub rows: Option<u64>,
    pub primary_key: Vec<String>,
    #[serde(default)]
    pub inferred_key: Vec<String>,
    pub columns: Vec<ColumnView>,
    #[serde(default)]
    pub place: Option<PlaceView>,
    #[serde(default)]
    pub domain: Option<DomainView>,
    pub references: Vec<ReferenceView>,
    pub referenced_by: Vec<ReferenceView>,
    #[serde(default)]
    polymorphic: Vec<PolymorphicView>,
    #[serde(default)]
    pub ways: Vec<Way>,
    #[serde(default)]
    pub may_ask: MayAsk,
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
    /// What was seen of its values.
    #[serde(default)]
    pub distinct: Option<u64>,
    #[serde(default)]
    semantic_type: Option<String>,
    #[serde(default)]
    semantic_share: Option<f64>,
    #[serde(default)]
    pub written: Option<String>,
    #[serde(default)]
    pub placeholder: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PlaceView {
    pub role: String,
    #[serde(default)]
    pub why: Vec<String>,
    #[serde(default)]
    pub copy_of: Option<String>,
    #[serde(default)]
    pub label: Vec<String>,
    #[serde(default)]
    pub rank: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct DomainView {
    pub title: String,
    pub tables: Vec<String>,
    pub table_count: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceView {
    pub key: String,
    pub columns: Vec<String>,
    /// The other side.
    pub table: String,
    #[serde(default)]
    pub to_columns: Vec<String>,
    #[serde(default)]
    pub declared: bool,
    #[serde(default)]
    pub confidence: f64,
    #[serde(default)]
    pub signals: Vec<String>,
    #[serde(default)]
    pub rivals: Vec<RivalView>,
    #[serde(default)]
    pub contested: bool,
}

/// A reference to one table or another.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PolymorphicView {
    /// The one that names the table, and the one that refers.
    pub columns: [String; 2],
    /// None where names alone tell of it.
    pub tables: Vec<String>,
    pub confidence: f64,
    #[serde(default)]
    pub signals: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct RivalView {
    pub table: String,
    pub columns: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MayAsk {
    pub references: bool,
    pub codes: bool,
    pub twice: bool,
}

impl TableView {
    /// None where the task is about no table that the snapshot has.
    pub fn of(brief: &TaskBrief) -> Option<Self> {
        let name = brief.table.clone()?;
        let mut evidence = brief.evidence.clone();
        // A column that may be absent and a list that may be empty are the same to the rules.
        if evidence.get("inferred_key").is_some_and(Value::is_null) {
            evidence.as_object_mut()?.remove("inferred_key");
        }
        let mut view = Self::deserialize(&evidence).ok()?;
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
        wording::thing(&self.name)
    }

    pub fn things(&self) -> String {
        wording::things(&self.name)
    }

    /// Declared, or else what the data shows.
    pub fn key(&self) -> &[String] {
        if self.primary_key.is_empty() { &self.inferred_key } else { &self.primary_key }
    }

    pub fn is_reference(&self, column: &str) -> bool {
        self.references.iter().any(|reference| reference.columns.iter().any(|name| name == column))
    }

    pub fn is_alone_unique(&self, column: &str) -> bool {
        let alone = |key: &[String]| key.len() == 1 && key[0] == column;
        alone(self.key()) || self.unique.iter().any(|key| alone(key))
    }

    fn is_joined(&self, column: &ColumnView) -> bool {
        self.is_reference(&column.name) || self.is_alone_unique(&column.name)
    }

    /// Columns that look as if they refer to something, though nothing says to what.
    pub fn undeclared_references(&self) -> impl Iterator<Item = &ColumnView> {
        let several: Vec<String> =
            self.polymorphic().into_iter().filter(|pair| !pair.tables.is_empty()).map(|pair| pair.columns[1].clone()).collect();
        self.columns.iter().filter(move |column| {
            let names_id = names::is_id_like(&names::split(&column.name));
            let by_type = matches!(column.r#type.as_str(), "integer" | "decimal" | "text");
            names_id && by_type && !several.contains(&column.name) && !self.is_joined(column) && !self.key().contains(&column.name)
        })
    }

    /// As the survey found them, and those that only names tell of: that the data did not show them says little.
    pub fn polymorphic(&self) -> Vec<PolymorphicView> {
        let mut found = self.polymorphic.clone();
        for named in self.polymorphic_by_name() {
            if found.iter().all(|other| other.columns[1] != named.columns[1]) {
                found.push(named);
            }
        }
        found
    }

    /// A number whose table another column names: `object_type` and `object_id`.
    fn polymorphic_by_name(&self) -> impl Iterator<Item = PolymorphicView> {
        let stem = |column: &ColumnView, ending: &str| {
            let words = names::split(&column.name);
            (words.last().is_some_and(|last| last == ending) && words.len() > 1).then(|| words[..words.len() - 1].join(" "))
        };
        self.columns.iter().filter(|column| !self.is_joined(column)).filter_map(move |id| {
            let of = stem(id, "id")?;
            let kind = self.columns.iter().find(|column| stem(column, "type").is_some_and(|stem| stem == of))?;
            let columns = [kind.name.clone(), id.name.clone()];
            Some(PolymorphicView { columns, tables: Vec::new(), confidence: BY_NAME, signals: Vec::new() })
        })
    }

    pub fn codes(&self) -> impl Iterator<Item = &ColumnView> {
        self.columns.iter().filter(|column| natures::is_code(&column.name, &column.r#type) && !self.is_joined(column))
    }

    pub fn measures(&self) -> impl Iterator<Item = (&ColumnView, Measure)> {
        let measures = self.columns.iter().filter(|column| !self.is_joined(column) && !self.key().contains(&column.name));
        measures.filter_map(|column| Some((column, natures::measure(&column.name, &column.r#type)?)))
    }

    pub fn times(&self) -> impl Iterator<Item = &ColumnView> {
        self.columns.iter().filter(|column| natures::is_time(&column.name, &column.r#type))
    }

    /// When what a row is about happened: not when it was written, and not when somebody was born.
    pub fn happened(&self) -> impl Iterator<Item = &ColumnView> {
        self.times().filter(|time| {
            !natures::is_housekeeping(&time.name) && !has_word(&time.name, &["birth", "birthdate", "birthday", "dob", "born"])
        })
    }

    /// What columns tell of people, by their names.
    pub fn personal(&self) -> impl Iterator<Item = (&ColumnView, &'static str)> {
        let people = natures::are_people(&self.name);
        self.columns.iter().filter_map(move |column| Some((column, natures::personal(&column.name, people)?)))
    }

    /// The part that the table plays.
    pub fn role(&self) -> &str {
        match &self.place {
            Some(place) => &place.role,
            None if self.is_view() => "view",
            None => "entity",
        }
    }

    /// What is said of the middle of the schema weighs more.
    pub fn weight(&self, base: f64) -> f64 {
        let rank = self.place.as_ref().map_or(0, |place| place.rank);
        (base / (1.0 + rank as f64 / 20.0) * 1e3).round() / 1e3
    }

    pub fn copy_of(&self) -> Option<&str> {
        self.place.as_ref()?.copy_of.as_deref()
    }

    /// Counted or read; a table of which nothing is known is not empty.
    pub fn is_empty(&self) -> bool {
        self.role() == "empty" || self.rows == Some(0)
    }

    /// The amount that is asked for first: what is summed up already, or else the first of the table.
    pub fn main_sum(&self) -> Option<&ColumnView> {
        let sums = || self.measures().filter(|(column, measure)| self.adds_up(column, *measure)).map(|(column, _)| column);
        sums().find(|column| has_word(&column.name, &["amount", "revenue", "total", "value"])).or_else(|| sums().next())
    }

    /// What happened is added up; what things are like is not.
    pub fn adds_up(&self, column: &ColumnView, measure: Measure) -> bool {
        let kept = has_word(&column.name, &["balance", "budget", "population", "quantity", "qty", "revenue", "salary", "stock"]);
        measure == Measure::Adds && (kept || matches!(self.role(), "fact" | "log" | "bridge"))
    }
}

impl ColumnView {
    /// What the values are by their form, and the share of them that is so.
    pub fn semantic(&self) -> Option<(&str, f64)> {
        Some((self.semantic_type.as_deref()?, self.semantic_share.unwrap_or(1.0)))
    }

    pub fn in_words(&self) -> String {
        wording::in_words(&self.name)
    }
}

/// `orders` of `main.orders`.
pub fn short(table: &str) -> &str {
    table.split_once('.').map_or(table, |(_, name)| name)
}
