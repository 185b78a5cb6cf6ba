//! The figures of a sketch, as they are shown: each says whether it is exact, an estimate, or from a sample.

use serde::Serialize;
use serde_json::Value;

use super::column::ColumnSketch;
use super::kinds::KINDS;
use super::numbers::{Bucket, Quantiles, share};
use super::remembered::Remembered;
use super::times::Coverage;
use crate::evidence::names;

/// From this share of values on, a column is said to hold what they are.
const MOSTLY: f64 = 0.6;

/// More different values than this are no list of categories.
const CATEGORIES: u64 = 50;

/// A few zeros before digits tell that all of the digits are codes.
const FEW: f64 = 0.02;

const KINDS_SHOWN: usize = 4;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ColumnFigures {
    /// That were seen.
    pub rows: u64,
    pub nulls: u64,
    pub null_share: f64,
    pub empty: u64,
    pub distinct: u64,
    /// Whether the distinct count of the rows that were seen is exact.
    pub distinct_exact: bool,
    /// Of an estimate, relative: one standard deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct_error: Option<f64>,
    /// Whether no two of the rows that were seen have the same value; none where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_different: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_deviation: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<Quantiles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub true_share: Option<f64>,
    /// Of texts in characters, of other values in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_length: Option<f64>,
    /// What the values are, by the share of texts that pass a test.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub semantic_types: Vec<Share>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub date_formats: Vec<Share>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<Counted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<Bucket>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top_values: Vec<Counted>,
    /// How many a count in `top_values` may be too low by; 0 where they are exact.
    pub top_values_missed: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Value>,
    /// What is odd about the values, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    pub r#type: String,
    pub share: f64,
    /// Values that were tested.
    pub of: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counted {
    pub value: Value,
    pub count: u64,
}

impl ColumnSketch {
    /// The name of the column helps where its values alone could mean many things.
    pub fn figures(&self, name: &str, max_top_values: usize) -> ColumnFigures {
        let filled = self.rows - self.nulls;
        let is_rising = self.rising.holds();
        let distinct = if is_rising { filled } else { self.distinct.count().min(filled) };
        let distinct_exact = is_rising || self.distinct.is_exact();
        let mut figures = ColumnFigures {
            rows: self.rows,
            nulls: self.nulls,
            null_share: share(self.nulls, self.rows),
            empty: self.empty,
            distinct,
            distinct_exact,
            distinct_error: (!distinct_exact).then(|| (self.distinct.standard_error() * 1e4).round() / 1e4),
            all_different: match (distinct_exact, self.may_be_all_different()) {
                (true, _) => Some(distinct == filled),
                (false, false) => Some(false),
                (false, true) => None,
            },
            true_share: (self.booleans > 0).then(|| share(self.trues, self.booleans)),
            top_values: self
                .frequent
                .top(max_top_values)
                .into_iter()
                .map(|(value, count)| Counted { value: value.json(), count })
                .collect(),
            top_values_missed: self.frequent.missed(),
            samples: self.samples.values().iter().map(Remembered::json).collect(),
            ..ColumnFigures::default()
        };
        self.describe_texts(&mut figures);
        self.describe_numbers(&mut figures);
        self.describe_times(&mut figures);
        self.tell_types(name, &mut figures);
        figures.quality = self.quality(&figures);
        figures
    }

    /// True where the values that were seen do not speak against it.
    pub fn may_be_all_different(&self) -> bool {
        let filled = self.rows - self.nulls;
        let estimate = self.distinct.count() as f64;
        self.rising.holds() || estimate * (1.0 + 3.0 * self.distinct.standard_error()) >= filled as f64 && !self.frequent.has_twice()
    }

    fn describe_numbers(&self, figures: &mut ColumnFigures) {
        let Some(numbers) = &self.numbers else { return };
        if let Some((least, most)) = numbers.ends() {
            figures.min = Some(least.json());
            // Where texts stand among the numbers, they come after them.
            figures.max.get_or_insert_with(|| most.json());
        }
        (figures.mean, figures.standard_deviation) = (numbers.mean(), numbers.standard_deviation());
        (figures.quantiles, figures.histogram) = (numbers.quantiles(), numbers.histogram());
    }

    fn describe_texts(&self, figures: &mut ColumnFigures) {
        let Some(texts) = self.texts.as_ref().filter(|texts| texts.count > 0) else { return };
        if let Some((least, most)) = texts.ends().filter(|_| self.times.is_none()) {
            (figures.min, figures.max) = (Some(least.into()), Some(most.into()));
        }
        (figures.min_length, figures.max_length) = (Some(texts.shortest), Some(texts.longest));
        figures.mean_length = Some((texts.mean_length() * 100.0).round() / 100.0);
        figures.patterns = texts.shapes.top(8).into_iter().map(|(shape, count)| Counted { value: shape.as_str().into(), count }).collect();
        if self.is_time {
            figures.patterns.clear();
            return;
        }
        let mut formats: Vec<(&str, u64)> = Vec::new();
        for format in texts.kinds.values().iter().filter_map(|kind| kind.format) {
            match formats.iter_mut().find(|(known, _)| *known == format) {
                Some((_, count)) => *count += 1,
                None => formats.push((format, 1)),
            }
        }
        formats.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
        let of = texts.kinds.values().len();
        figures.date_formats =
            formats.into_iter().map(|(format, count)| Share { r#type: format.to_owned(), share: share(count, of as u64), of }).collect();
    }

    fn describe_times(&self, figures: &mut ColumnFigures) {
        let Some(times) = self.times.as_ref().filter(|times| times.count > 0) else { return };
        if let Some((first, last)) = times.ends() {
            (figures.min, figures.max) = (Some(first.into()), Some(last.into()));
        }
        (figures.coverage, figures.histogram) = (times.coverage(), times.histogram());
    }

    fn tell_types(&self, name: &str, figures: &mut ColumnFigures) {
        let filled = self.rows - self.nulls;
        let mut found: Vec<Share> = Vec::new();
        if let Some(texts) = self.texts.as_ref().filter(|texts| !self.is_time && texts.count - self.empty == filled - self.empty) {
            let tested = texts.kinds.values();
            for (at, (kind, _)) in KINDS.iter().enumerate() {
                let count = tested.iter().filter(|kind| kind.bits >> at & 1 == 1).count();
                let share = share(count as u64, tested.len() as u64);
                let least = if *kind == "leading_zeros" { FEW } else { MOSTLY };
                if share >= least && !tested.is_empty() {
                    found.push(Share { r#type: (*kind).to_owned(), share, of: tested.len() });
                }
            }
        }
        let of = filled.min(usize::MAX as u64) as usize;
        let words = names::words(name);
        let named = |listed: &[&str]| words.iter().any(|word| listed.contains(&word.as_str()));
        if let Some(numbers) = self.numbers.as_ref().filter(|numbers| numbers.count() == filled && filled > 0)
            && let Some((least, most)) = numbers.ends()
        {
            let within = |low: f64, high: f64| least.value() >= low && most.value() <= high;
            let is_whole = numbers.whole == numbers.count();
            for (kind, holds) in [
                ("boolean_like", is_whole && within(0.0, 1.0)),
                ("year", is_whole && within(1_000.0, 2_999.0) && named(&["year", "yr"])),
                ("unix_time", is_whole && within(1e8, 4.2e9) && (named(&["at", "time", "timestamp", "date", "created", "updated", "ts"]))),
                ("latitude", !is_whole && within(-90.0, 90.0) && named(&["lat", "latitude"])),
                ("longitude", !is_whole && within(-180.0, 180.0) && named(&["lon", "lng", "long", "longitude"])),
                ("percentage", within(0.0, 100.0) && named(&["percent", "percentage", "pct", "rate"])),
                ("money", named(&["amount", "balance", "cost", "fee", "price", "revenue", "salary", "total"]) && !is_whole),
            ] {
                if holds {
                    found.push(Share { r#type: kind.to_owned(), share: 1.0, of });
                }
            }
        }
        let is_text = self.texts.is_some() && !self.is_time && self.blobs == 0;
        if is_text && figures.distinct_exact && (2..=CATEGORIES).contains(&figures.distinct) && figures.distinct * 5 <= filled {
            found.push(Share { r#type: "category".to_owned(), share: 1.0, of });
        }
        let is = |kind: &str| found.iter().any(|found| found.r#type == kind);
        // Zeros before a few of other signs say nothing; before digits they say that these are no numbers.
        let unsaid = if is("numeric_text") && is("leading_zeros") { "numeric_text" } else { "leading_zeros" };
        if is("leading_zeros") {
            found.retain(|found| found.r#type != unsaid);
        }
        found.sort_by(|left, right| right.share.total_cmp(&left.share));
        found.truncate(KINDS_SHOWN);
        figures.semantic_types = found;
    }

    fn quality(&self, figures: &ColumnFigures) -> Vec<String> {
        let mut said = Vec::new();
        let filled = self.rows - self.nulls;
        if self.rows > 0 && filled == 0 {
            said.push("no row has a value".to_owned());
        } else if filled > 1 && figures.distinct == 1 {
            said.push("all rows that have a value have the same".to_owned());
        }
        let ends = self.numbers.as_ref().and_then(|numbers| numbers.ends());
        for (value, count) in self.sentinels.found(ends) {
            said.push(format!("`{value}`, perhaps for a missing value: {count} rows"));
        }
        if let Some(numbers) = &self.numbers {
            for (count, what) in [(numbers.not_a_number, "not a number (NaN)"), (numbers.infinite, "infinite")] {
                if count > 0 {
                    said.push(format!("{what}, left out of smallest, largest and mean: {count} rows"));
                }
            }
        }
        if self.not_times > 0 {
            said.push(format!("no day of a calendar: {} rows", self.not_times));
        }
        if let Some(texts) = &self.texts {
            if texts.not_utf8 > 0 {
                said.push(format!("not UTF-8: {} rows", texts.not_utf8));
            }
            if texts.padded > 0 {
                said.push(format!("white space at an end: {} rows", texts.padded));
            }
            let of_texts = texts.count - self.blobs.min(texts.count);
            if let Some(numbers) = self.numbers.as_ref().filter(|_| of_texts > 0) {
                said.push(format!("numbers among texts: {} beside {of_texts}", numbers.count()));
            }
        }
        let is = |kind: &str| figures.semantic_types.iter().any(|found| found.r#type == kind);
        if is("leading_zeros") {
            said.push("digits with zeros before them are kept as text: codes, not numbers".to_owned());
        } else if is("numeric_text") && !is("date") {
            said.push("numbers are kept as text".to_owned());
        }
        if figures.date_formats.len() > 1 {
            let formats: Vec<String> = figures.date_formats.iter().map(|found| format!("`{}`", found.r#type)).collect();
            said.push(format!("dates are written in {} ways: {}", formats.len(), formats.join(", ")));
        } else if is("date") {
            said.push("dates are kept as text".to_owned());
        }
        said
    }
}

impl ColumnFigures {
    /// Takes out what the figures of some rows do not say of all of them.
    #[must_use]
    pub fn of_some_rows(mut self) -> Self {
        self.distinct_exact = false;
        if let Some(coverage) = &mut self.coverage {
            (coverage.missing, coverage.longest_gap) = (None, None);
        }
        self
    }
}
