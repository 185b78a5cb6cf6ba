//! What a CSV file is, found by looking at all of it once: encoding, delimiter, header, width, the type of each column, odd rows.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::Path;

use csv::{Reader, ReaderBuilder, StringRecord};
use encoding_rs::Encoding;

use super::bytes::{Utf8, encoding_of};

/// Of the text that tells the delimiter.
const SAMPLE_BYTES: u64 = 64 * 1024;
const SAMPLE_ROWS: usize = 50;

/// As many as SQLite gives a table.
const MAX_COLUMNS: usize = 2_000;
const MAX_NAME_CHARS: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// No value was seen.
    Empty,
    Integer,
    Real,
    Text,
}

#[derive(Debug)]
pub struct Look {
    pub encoding: &'static Encoding,
    pub delimiter: u8,
    pub has_header: bool,
    pub columns: Vec<(String, Type)>,
    /// A sentence each.
    pub remarks: Vec<String>,
}

/// None where it holds no row.
pub fn look(path: &Path) -> io::Result<Option<Look>> {
    let encoding = encoding_of(path)?;
    let delimiter = delimiter_of(path, encoding)?;
    let mut reader = reader(Utf8::open(path, encoding)?, delimiter);
    let row_bytes = reader.get_ref().row_bytes();
    let mut record = StringRecord::new();
    if !reader.read_record(&mut record)? {
        return Ok(None);
    }
    let first = record.clone();
    let mut types: Vec<Type> = Vec::new();
    let (mut shorter, mut longer, mut first_odd) = (0_u64, 0_u64, None);
    loop {
        row_bytes.set(0);
        if !reader.read_record(&mut record)? {
            break;
        }
        if record.len() != first.len() {
            if record.len() < first.len() {
                shorter += 1
            } else {
                longer += 1
            }
            first_odd = first_odd.or_else(|| record.position().map(csv::Position::line));
        }
        if record.len() > MAX_COLUMNS {
            return Err(io::Error::other(format!("a row has {} values; {MAX_COLUMNS} is the most", record.len())));
        }
        types.resize(types.len().max(record.len()), Type::Empty);
        for (known, value) in types.iter_mut().zip(&record) {
            *known = (*known).max(type_of(value));
        }
    }
    types.resize(types.len().max(first.len()), Type::Empty);
    let has_header = has_header(&first, &types);
    if !has_header {
        types.iter_mut().zip(&first).for_each(|(known, value)| *known = (*known).max(type_of(value)));
    }
    let mut remarks = Vec::new();
    if let Some(line) = first_odd {
        let than = if has_header { "the header" } else { "the first row" };
        remarks.push(format!(
            "{shorter} rows have fewer values than {than}, {longer} have more, the first at line {line}: what is missing is NULL, what is more stands in columns of its own"
        ));
    }
    if !has_header {
        remarks.push("no header was found, so its columns have numbers".to_owned());
    }
    let names = names(if has_header { Some(&first) } else { None }, types.len());
    let columns = names.into_iter().zip(types).collect();
    Ok(Some(Look { encoding, delimiter, has_header, columns, remarks }))
}

pub fn reader<R: Read>(from: R, delimiter: u8) -> Reader<R> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(from)
}

/// A number keeps its digits or it is a text: no leading zeros, nothing that the database would round.
pub fn type_of(value: &str) -> Type {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_led_by_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    match value {
        "" => Type::Empty,
        _ if is_led_by_zero || !digits.starts_with(|sign: char| sign.is_ascii_digit()) => Type::Text,
        _ if digits.bytes().all(|byte| byte.is_ascii_digit()) && value.parse::<i64>().is_ok() => Type::Integer,
        _ if is_real(digits) => Type::Real,
        _ => Type::Text,
    }
}

/// More digits than this are not kept by a floating number.
const EXACT_DIGITS: usize = 15;

fn is_real(digits: &str) -> bool {
    let figures = digits.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).filter(u8::is_ascii_digit).count();
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    is_plain
        && figures <= EXACT_DIGITS
        && digits.ends_with(|sign: char| sign.is_ascii_digit())
        && digits.parse::<f64>().is_ok_and(f64::is_finite)
}

/// That which parts most rows into the same number of values, and into the most of them.
fn delimiter_of(path: &Path, encoding: &'static Encoding) -> io::Result<u8> {
    let mut sample = String::new();
    let mut bytes = Vec::new();
    Utf8::open(path, encoding)?.take(SAMPLE_BYTES).read_to_end(&mut bytes)?;
    sample.push_str(&String::from_utf8_lossy(&bytes));
    let is_tsv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tsv"));
    let usual = if is_tsv { b'\t' } else { b',' };
    let score = |delimiter: u8| {
        let rows = reader(sample.as_bytes(), delimiter).into_records().take(SAMPLE_ROWS);
        let widths: Vec<usize> = rows.map_while(Result::ok).map(|row| row.len()).collect();
        let alike = |width: &&usize| widths.iter().filter(|other| other == width).count();
        let width = widths.iter().max_by_key(alike).copied().unwrap_or(0);
        let share = widths.iter().filter(|other| **other == width).count() * 100 / widths.len().max(1);
        if width < 2 { (0, 0, false) } else { (share, width, delimiter == usual) }
    };
    let best = [b'\t', b'|', b';', b','].into_iter().max_by_key(|delimiter| score(*delimiter)).unwrap_or(usual);
    Ok(if score(best).1 < 2 { usual } else { best })
}

/// There is none where the first row is already what all that follows it is: a number in each column of numbers.
fn has_header(first: &StringRecord, types: &[Type]) -> bool {
    let mut numbers = first.iter().zip(types).filter(|(_, known)| matches!(known, Type::Integer | Type::Real)).peekable();
    let is_number = |value: &str| matches!(type_of(value), Type::Integer | Type::Real);
    if numbers.peek().is_some() { !numbers.all(|(value, _)| is_number(value)) } else { !first.iter().any(is_number) }
}

/// Each once, whatever its case.
fn names(header: Option<&StringRecord>, width: usize) -> Vec<String> {
    let mut taken = HashSet::new();
    let written = |at: usize| header.and_then(|header| header.get(at)).map(str::trim).filter(|name| !name.is_empty());
    let name = |at: usize| match written(at) {
        Some(name) => name.chars().filter(|sign| !sign.is_control()).take(MAX_NAME_CHARS).collect(),
        None => format!("column_{}", at + 1),
    };
    (0..width).map(|at| unique(name(at), &mut taken)).collect()
}

pub fn unique(name: String, taken: &mut HashSet<String>) -> String {
    let mut free = name.clone();
    let mut number = 2;
    while !taken.insert(free.to_lowercase()) {
        free = format!("{name}_{number}");
        number += 1;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_only_where_nothing_of_them_is_lost() {
        for (value, expect) in [
            ("", Type::Empty),
            ("0", Type::Integer),
            ("-12", Type::Integer),
            ("9223372036854775807", Type::Integer),
            ("9223372036854775808", Type::Text),
            ("007", Type::Text),
            ("+1", Type::Text),
            ("0.5", Type::Real),
            ("-1.25e3", Type::Real),
            ("00.5", Type::Text),
            ("1.", Type::Text),
            (".5", Type::Text),
            ("1.2345678901234567", Type::Text),
            ("1e999", Type::Text),
            ("2024-01-02", Type::Text),
            ("1,5", Type::Text),
            ("NaN", Type::Text),
            (" 1", Type::Text),
        ] {
            assert_eq!(type_of(value), expect, "{value}");
        }
    }

    #[test]
    fn names_are_told_apart() {
        let header = StringRecord::from(vec!["id", "ID", " ", "name ", "name_2", "name"]);
        assert_eq!(names(Some(&header), 7), ["id", "ID_2", "column_3", "name", "name_2", "name_3", "column_7"]);
    }
}
