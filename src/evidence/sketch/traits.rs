//! What inference asks of a column, distilled from its sketch: what its values are, how many, where they lie, and digests to compare them by.

use super::column::ColumnSketch;
use super::distinct::{Digest, Distinct};
use super::kinds::KINDS;

/// From this share of texts on, a column of texts holds what they look like.
const NEARLY_ALL: f64 = 0.95;

/// Different texts that are told, and characters of the longest of them.
const MOST_TEXTS: usize = 30;
const LONGEST_TEXT: u64 = 100;

/// What the values are, whatever type was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// There are none.
    Nothing,
    Integer,
    /// Numbers of which some are not whole.
    Fraction,
    /// Whole numbers written as text.
    Digits,
    Text,
    Time,
    Boolean,
    /// Arrays, documents, bytes; or several of the others.
    Other,
}

#[derive(Clone)]
pub struct Traits {
    pub class: Class,
    pub rows: u64,
    pub nulls: u64,
    pub empty: u64,
    pub distinct: u64,
    /// None where an estimate cannot tell.
    pub all_different: Option<bool>,
    /// Each value is greater than the one in the row before it.
    pub is_rising: bool,
    /// Least and greatest number.
    pub ends: Option<(f64, f64)>,
    /// Different numbers of a sample, in rising order.
    pub numbers: Vec<f64>,
    /// In characters; 0 where there are no texts.
    pub mean_length: f64,
    pub longest: u64,
    /// Of texts that read like sentences.
    pub prose: f64,
    pub digests: Distinct,
    /// In how many rows the frequent values stand, never more than the true number.
    pub frequent: Vec<(Digest, u64)>,
    /// Of a column of few different short texts all of them, with how many rows have each.
    pub texts: Vec<(String, u64)>,
}

impl Traits {
    /// Rows that have a value.
    pub fn filled(&self) -> u64 {
        self.rows - self.nulls
    }

    /// No two rows with a value have the same one, as far as can be told.
    pub fn is_unique(&self) -> bool {
        self.filled() > 0 && self.all_different != Some(false)
    }

    /// What share of the whole numbers between the ends occurs.
    pub fn density(&self) -> Option<f64> {
        let (least, most) = self.ends.filter(|_| self.class == Class::Integer)?;
        Some((self.distinct as f64 / (most - least + 1.0)).min(1.0))
    }
}

impl ColumnSketch {
    pub fn traits(&self) -> Traits {
        let filled = self.rows - self.nulls;
        let is_rising = self.rising.holds() && filled > 0;
        let distinct = if is_rising { filled } else { self.distinct.count().min(filled) };
        let all_different = match (is_rising || self.distinct.is_exact(), self.may_be_all_different()) {
            (true, _) => Some(distinct == filled),
            (false, false) => Some(false),
            (false, true) => None,
        };
        let mut numbers = self.numbers.as_ref().map(|numbers| numbers.sorted()).unwrap_or_default();
        numbers.dedup();
        let texts = self.texts.as_ref();
        Traits {
            class: self.class(),
            rows: self.rows,
            nulls: self.nulls,
            empty: self.empty,
            distinct,
            all_different,
            is_rising,
            ends: self.numbers.as_ref().and_then(|numbers| numbers.ends()).map(|(least, most)| (least.value(), most.value())),
            numbers,
            mean_length: texts.map_or(0.0, |texts| texts.mean_length()),
            longest: texts.map_or(0, |texts| texts.longest),
            prose: self.share_of("free_text"),
            digests: self.distinct.clone(),
            frequent: self.frequent.counts().collect(),
            texts: self.few_texts(),
        }
    }

    fn few_texts(&self) -> Vec<(String, u64)> {
        let is_few = self.distinct.is_exact() && self.distinct.count() <= MOST_TEXTS as u64;
        let is_short = self.texts.as_ref().is_some_and(|texts| texts.longest <= LONGEST_TEXT);
        let told = if is_few && is_short && self.class() == Class::Text { self.frequent.top(MOST_TEXTS) } else { Vec::new() };
        told.into_iter().filter_map(|(text, rows)| Some((text.json().as_str()?.to_owned(), rows))).collect()
    }

    fn class(&self) -> Class {
        let filled = self.rows - self.nulls;
        let numbers = self.numbers.as_ref().map_or(0, |numbers| numbers.count());
        let texts = self.texts.as_ref().map_or(0, |texts| texts.count) - self.blobs;
        let is_nearly_all = |count: u64| count as f64 >= filled as f64 * NEARLY_ALL;
        if filled == self.empty {
            Class::Nothing
        } else if is_nearly_all(self.booleans) {
            Class::Boolean
        } else if is_nearly_all(numbers) {
            let is_whole = self.numbers.as_ref().is_some_and(|numbers| numbers.whole == numbers.count());
            if is_whole { Class::Integer } else { Class::Fraction }
        } else if self.times.is_some() || self.share_of("date") >= NEARLY_ALL {
            Class::Time
        } else if is_nearly_all(texts) && self.share_of("numeric_text") >= NEARLY_ALL {
            Class::Digits
        } else if is_nearly_all(texts + numbers) {
            Class::Text
        } else {
            Class::Other
        }
    }

    /// Of the texts that were looked at.
    fn share_of(&self, kind: &str) -> f64 {
        let Some(at) = KINDS.iter().position(|(name, _)| *name == kind) else { return 0.0 };
        let Some(texts) = self.texts.as_ref() else { return 0.0 };
        let tested = texts.kinds.values();
        let count = tested.iter().filter(|kind| kind.bits >> at & 1 == 1).count();
        count as f64 / tested.len().max(1) as f64
    }
}
