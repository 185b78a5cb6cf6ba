//! Figures about texts: lengths and ends of all of them; shapes, kinds and formats of a sample.

use std::borrow::Cow;

use super::frequent::Frequent;
use super::reservoir::Reservoir;
use super::{digest, kinds, shape};

/// Texts whose kinds are looked at; a share of them is off by less than 0.06 in 99 of 100 cases.
pub const SAMPLE: usize = 512;

const SHAPES: usize = 48;

/// Texts are compared and shown by so many bytes of their beginning.
pub const SHOWN: usize = 120;

pub struct Texts {
    pub count: u64,
    pub not_utf8: u64,
    /// With white space at an end.
    pub padded: u64,
    pub shortest: u64,
    pub longest: u64,
    characters: f64,
    ends: Option<(String, String)>,
    /// Of the last text; its memory is used again.
    shape: String,
    pub shapes: Frequent<String>,
    pub kinds: Reservoir<Kind>,
}

/// What one text was found to be.
pub struct Kind {
    pub bits: u32,
    pub format: Option<&'static str>,
}

impl Texts {
    pub fn new() -> Self {
        Self {
            count: 0,
            not_utf8: 0,
            padded: 0,
            shortest: u64::MAX,
            longest: 0,
            characters: 0.0,
            ends: None,
            shape: String::new(),
            shapes: Frequent::new(SHAPES),
            kinds: Reservoir::new(SAMPLE),
        }
    }

    pub fn add(&mut self, bytes: &[u8]) {
        let beginning = self.measure(bytes);
        if bytes.is_empty() {
            return;
        }
        match &mut self.ends {
            None => self.ends = Some((beginning.to_string(), beginning.to_string())),
            Some((least, most)) => {
                if *beginning < **least {
                    beginning.as_ref().clone_into(least);
                } else if *beginning > **most {
                    beginning.as_ref().clone_into(most);
                }
            }
        }
        shape::write(&beginning, &mut self.shape);
        self.shapes.add(digest::of_bytes(self.shape.as_bytes()), |kept| self.shape.clone_into(kept));
        self.kinds.offer(|| {
            let text = std::str::from_utf8(bytes).unwrap_or(&beginning);
            Kind { bits: kinds::of(text), format: kinds::date_format(text.trim()) }
        });
    }

    /// Only its length, and what is wrong with it. The answer is how it begins.
    pub fn measure<'b>(&mut self, bytes: &'b [u8]) -> Cow<'b, str> {
        let whole = std::str::from_utf8(bytes);
        self.not_utf8 += u64::from(whole.is_err());
        let beginning = match whole {
            Ok(text) if text.len() <= SHOWN => Cow::Borrowed(text),
            _ => String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]),
        };
        let text = whole.unwrap_or(&beginning);
        self.length(if whole.is_ok() { text.chars().count() } else { bytes.len() });
        self.padded += u64::from(text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace));
        beginning
    }

    /// In characters of a text, in bytes of what is none.
    pub fn length(&mut self, length: usize) {
        self.count += 1;
        let length = length as u64;
        self.characters += length as f64;
        self.shortest = self.shortest.min(length);
        self.longest = self.longest.max(length);
    }

    pub fn mean_length(&self) -> f64 {
        self.characters / self.count.max(1) as f64
    }

    pub fn ends(&self) -> Option<(&str, &str)> {
        self.ends.as_ref().map(|(least, most)| (least.as_str(), most.as_str()))
    }
}
