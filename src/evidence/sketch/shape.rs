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
    let mut length = 0;
    let mut signs = text.chars().take(SIGNS).map(class).peekable();
    while let Some(kind) = signs.next() {
        let mut run = 1;
        while signs.next_if_eq(&kind).is_some() {
            run += 1;
        }
        let (shown, more) = match kind {
            'A' | '9' if run > RUN => (1, "+"),
            'A' | '9' => (run, ""),
            _ => (1, ""),
        };
        length += shown + more.len();
        if length > LONGEST {
            shape.push('…');
            break;
        }
        shape.extend(std::iter::repeat_n(kind, shown));
        shape.push_str(more);
    }
    shape
}

fn class(sign: char) -> char {
    match sign {
        '0'..='9' => '9',
        'a'..='z' => 'a',
        'A'..='Z' => 'A',
        _ if sign.is_ascii_graphic() => sign,
        _ if sign.is_whitespace() => ' ',
        _ if sign.is_uppercase() => 'A',
        _ if sign.is_alphabetic() => 'a',
        _ if sign.is_numeric() => '9',
        _ => '?',
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
