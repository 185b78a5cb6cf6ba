//! Digests of values: the same for a number whether it comes as integer, as decimal or as text, so that columns of different types can be
//! compared.

use super::distinct::Digest;
use crate::domain::Cell;

/// Decimals that a float is tried with before it is written out.
const MOST_DECIMALS: usize = 6;

/// Below this, no two texts of as many digits stand for one float.
const EXACT: f64 = 1e15;

/// Digits, a point and a sign.
const LONGEST_DECIMAL: usize = 20;

pub fn of_cell(cell: &Cell<'_>) -> Digest {
    match cell {
        Cell::Null => 0,
        Cell::Boolean(value) => of_bytes(if *value { b"true" } else { b"false" }),
        Cell::Integer(number) => of_integer(*number),
        Cell::Unsigned(number) => of_bytes(number.to_string().as_bytes()),
        Cell::Float(number) => of_float(*number),
        Cell::Digits(digits) => of_bytes(digits.as_bytes()),
        Cell::Text(bytes) => as_integer(bytes).map_or_else(|| of_bytes(bytes), of_integer),
        Cell::Json(bytes) | Cell::Array(bytes, _) => of_bytes(bytes),
        Cell::Blob(bytes) => of_bytes(bytes),
    }
}

pub fn of_bytes(bytes: &[u8]) -> Digest {
    xxhash_rust::xxh3::xxh3_64(bytes)
}

fn of_integer(number: i64) -> Digest {
    xxhash_rust::xxh3::xxh3_64_with_seed(&number.to_le_bytes(), 1)
}

/// A whole number as an integer, any other by its shortest digits.
#[expect(clippy::float_cmp, reason = "whether the number is whole is a question of bits")]
fn of_float(number: f64) -> Digest {
    if number == number.trunc() && number.abs() < 9e15 {
        return of_integer(number as i64);
    }
    of_decimal(number).unwrap_or_else(|| of_bytes(number.to_string().as_bytes()))
}

/// Of a number with few decimals, as most have: the same as by the general way, which is far slower.
#[expect(clippy::float_cmp, reason = "the division gives the float that these digits stand for, or they are not its digits")]
fn of_decimal(number: f64) -> Option<Digest> {
    let mut scale = 1.0;
    for decimals in 1..=MOST_DECIMALS {
        scale *= 10.0;
        let digits = (number * scale).round();
        if digits.abs() < EXACT && digits / scale == number {
            let mut written = [0; LONGEST_DECIMAL];
            return Some(of_bytes(decimal(digits.abs() as u64, decimals, number < 0.0, &mut written)));
        }
    }
    None
}

/// The digits with a point before the last so many of them.
fn decimal(mut digits: u64, decimals: usize, is_negative: bool, written: &mut [u8; LONGEST_DECIMAL]) -> &[u8] {
    let (mut start, mut count) = (LONGEST_DECIMAL, 0);
    let mut before = |sign: u8| {
        start -= 1;
        written[start] = sign;
    };
    while digits > 0 || count <= decimals {
        before(b'0' + (digits % 10) as u8);
        digits /= 10;
        count += 1;
        if count == decimals {
            before(b'.');
        }
    }
    if is_negative {
        before(b'-');
    }
    &written[start..]
}

/// Only as a number would be written: no zeros before it, no plus.
fn as_integer(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let is_plain = match digits {
        [b'0'] => bytes.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.len() < 18 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_plain.then(|| std::str::from_utf8(bytes).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_decimals_have_the_digest_of_their_text() {
        let mut numbers: Vec<f64> = vec![0.5, -0.5, 0.1, 1e-6, 123_456.789, -99_999_999.01, 0.000_001, 1.000_001, 4.35, 2.675, 1e14 + 0.5];
        numbers.extend((0..20_000).map(|at| f64::from(at * 7_919 % 1_000_003) / 100.0));
        numbers.extend((1..20_000).map(|at| f64::from(at).sqrt() * 1e3));
        for number in numbers {
            assert!(number.fract() == 0.0 || of_float(number) == of_bytes(number.to_string().as_bytes()), "{number}");
        }
        for number in [f64::NAN, f64::INFINITY, 1e-300, f64::MAX, 1e15 + 0.125, 9.1e15] {
            assert_eq!(of_float(number), of_bytes(number.to_string().as_bytes()), "{number}");
        }
    }
}
