//! The shape of a text: what kinds of signs stand where. `AB-1234` is `AA-9999`, `ada@x.org` is `a@a.a`.

/// Longer shapes end with `…`.
const LONGEST: usize = 32;

/// Longer runs of capitals or digits are shown as `A+`, `9+`.
const RUN: usize = 8;

/// Signs of a text that are looked at.
const SIGNS: usize = 128;

/// Runs of small letters, and of letters after a capital, become one sign; runs of digits and of capitals keep their length.
pub fn shape(text: &str) -> String {
    let mut shape = String::with_capacity(LONGEST + 4);
    write(text, &mut shape);
    shape
}

/// In place of what `shape` was before.
pub fn write(text: &str, shape: &mut String) {
    let mut classes = [0; SIGNS];
    let mut count = 0;
    if text.is_ascii() {
        for (class, byte) in classes.iter_mut().zip(text.bytes()) {
            *class = ASCII[usize::from(byte)];
            count += 1;
        }
    } else {
        for (class, sign) in classes.iter_mut().zip(text.chars()) {
            *class = class_of(sign);
            count += 1;
        }
    }
    shape.clear();
    runs(&classes[..count], shape);
}

/// Classes are all ASCII, so that each is one byte of the shape.
fn runs(classes: &[u8], shape: &mut String) {
    for run in classes.chunk_by(|left, right| left == right) {
        let kind = run[0];
        let (shown, more) = match kind {
            b'A' | b'9' if run.len() > RUN => (1, "+"),
            b'A' | b'9' => (run.len(), ""),
            _ => (1, ""),
        };
        if shape.len() + shown + more.len() > LONGEST {
            shape.push('…');
            return;
        }
        for _ in 0..shown {
            shape.push(char::from(kind));
        }
        shape.push_str(more);
    }
}

/// The class of each sign of ASCII, looked up rather than found out.
static ASCII: [u8; 128] = {
    let mut classes = [b'?'; 128];
    let mut sign = 0;
    while sign < 128 {
        classes[sign as usize] = ascii_class(sign);
        sign += 1;
    }
    classes
};

const fn ascii_class(sign: u8) -> u8 {
    match sign {
        b'0'..=b'9' => b'9',
        b'a'..=b'z' => b'a',
        b'A'..=b'Z' => b'A',
        _ if sign.is_ascii_graphic() => sign,
        // What Unicode takes for white space.
        b' ' | 9..=13 => b' ',
        _ => b'?',
    }
}

fn class_of(sign: char) -> u8 {
    match u8::try_from(sign) {
        Ok(byte) if byte.is_ascii() => ascii_class(byte),
        _ if sign.is_whitespace() => b' ',
        _ if sign.is_uppercase() => b'A',
        _ if sign.is_alphabetic() => b'a',
        _ if sign.is_numeric() => b'9',
        _ => b'?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_show_what_values_have_in_common() {
        for (text, expect) in [
            ("ABC-123", "AAA-999"),
            ("ada@x.org", "a@a.a"),
            ("Größe 12", "Aa 99"),
            ("2026-01-31 12:00", "9999-99-99 99:99"),
            ("123456789012", "9+"),
            ("", ""),
            ("東京", "a"),
            ("tab\there\u{0}", "a a?"),
        ] {
            assert_eq!(shape(text), expect, "{text}");
        }
        let long = shape(&"a1".repeat(10_000));
        assert!(long.ends_with('…') && long.chars().count() <= LONGEST + 1, "{long}");
    }
}
