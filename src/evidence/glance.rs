//! What a brief tells of a column's values without telling a value: how many differ, what they are by their form, how times are written.

use serde::Serialize;
use serde_json::Value;

use super::sketch::ColumnFigures;

/// Days that stand for none.
const PLACEHOLDERS: [&str; 7] = ["0001-01-01", "1753-01-01", "1899-12-30", "1900-01-01", "1970-01-01", "2999-12-31", "9999-12-31"];
/// From this share of values on, all but slips are dates.
const NEARLY_ALL: f64 = 0.98;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Glance {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semantic_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semantic_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// A day at an end of the values that stands for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<&'static str>,
}

/// How times are kept in what is no type for times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// `2026-01-31`, so that the month is what it begins with.
    YearFirst,
    /// Since 1970.
    Seconds,
    /// In several ways, or in one that does not begin with the year.
    Otherwise,
}

impl Glance {
    pub fn of(figures: &ColumnFigures) -> Self {
        let found = figures.semantic_types.first();
        let is = |kind: &str| figures.semantic_types.iter().any(|found| found.r#type == kind);
        let dates = figures.semantic_types.iter().find(|found| found.r#type == "date");
        let written = match (dates, figures.date_formats.as_slice()) {
            _ if is("unix_time") => Some(Written::Seconds),
            (Some(dates), [only]) if dates.share >= NEARLY_ALL && only.r#type.starts_with("YYYY-MM") => Some(Written::YearFirst),
            (Some(_), _) => Some(Written::Otherwise),
            (None, _) => None,
        };
        let starts = |end: &Option<Value>, day: &str| end.as_ref().and_then(Value::as_str).is_some_and(|end| end.starts_with(day));
        let placeholder = PLACEHOLDERS.into_iter().find(|day| starts(&figures.min, day) || starts(&figures.max, day));
        Self {
            distinct: Some(figures.distinct),
            semantic_type: found.map(|found| found.r#type.clone()),
            semantic_share: found.map(|found| found.share),
            written,
            placeholder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Cell;
    use crate::evidence::{ColumnSketch, Precision};

    fn glance(name: &str, r#type: &str, values: &[&str]) -> Glance {
        let mut sketch = ColumnSketch::new(r#type, Precision::of_columns(1));
        for value in values {
            sketch.add(&Cell::Text(value.as_bytes().into()));
        }
        Glance::of(&sketch.figures(name, 0))
    }

    #[test]
    fn how_times_are_written_is_seen() {
        let check = |values: &[&str], expect: Option<Written>| assert_eq!(glance("paid_on", "text", values).written, expect, "{values:?}");
        check(&["2026-01-31", "2025-12-01"], Some(Written::YearFirst));
        check(&["2026-01-31", "01.12.2025"], Some(Written::Otherwise));
        check(&["31.01.2026", "01.12.2025"], Some(Written::Otherwise));
        check(&["soon", "later"], None);
    }

    #[test]
    fn a_day_that_stands_for_none_is_seen_at_an_end() {
        assert_eq!(glance("born_on", "text", &["1900-01-01", "1980-05-05"]).placeholder, Some("1900-01-01"));
        assert_eq!(glance("born_on", "text", &["1980-05-05"]).placeholder, None);
    }
}
