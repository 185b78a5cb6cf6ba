//! What a single text can be: an address, a code, a number kept as text. Each test looks at one value only; how many values of a column
//! pass is counted elsewhere.

use super::times::{is_day, moment};
use super::words::{COUNTRIES, COUNTRY_NAMES, CURRENCIES, LANGUAGES, LONGEST_COUNTRY, stands_in};

type Test = fn(&str) -> bool;

/// The more telling first: where as many values pass two tests, the first is named first.
pub const KINDS: [(&str, Test); 26] = [
    ("email", is_email),
    ("url", is_url),
    ("uuid", is_uuid),
    ("ip", |text| text.contains(['.', ':']) && text.parse::<core::net::IpAddr>().is_ok()),
    ("mac", is_mac),
    ("iban", is_iban),
    ("credit_card", is_credit_card),
    ("json", |text| text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()),
    ("date", |text| date_format(text).is_some()),
    ("coordinates", is_coordinates),
    ("percentage", |text| text.strip_suffix('%').is_some_and(|number| is_number(number.trim_end()))),
    ("money", is_money),
    ("color", is_color),
    ("hash", |text| matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) && text.bytes().all(|sign| sign.is_ascii_hexdigit())),
    ("version", is_version),
    ("country_code", |text| stands_in(COUNTRIES, ' ', text)),
    ("country", is_country),
    ("currency_code", |text| stands_in(CURRENCIES, ' ', text)),
    ("language_code", is_language),
    ("phone", is_phone),
    ("boolean_like", |text| {
        ["y", "n", "yes", "no", "true", "false", "t", "f", "0", "1", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word))
    }),
    ("path", is_path),
    ("postal_code", is_postal_code),
    ("leading_zeros", |text| text.len() > 1 && text.starts_with('0') && text.bytes().all(|sign| sign.is_ascii_digit())),
    ("numeric_text", is_number),
    ("free_text", |text| text.split_whitespace().count() >= 4),
];

/// Beyond this a text is not looked at for what it is.
const LONGEST: usize = 64 * 1024;

const LONGEST_DATE: usize = 40;

/// A bit for each of [`KINDS`].
pub fn of(text: &str) -> u32 {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return 0;
    }
    KINDS.iter().enumerate().fold(0, |bits, (at, (_, test))| bits | u32::from(test(text)) << at)
}

/// How a date is written, where a text is one.
pub fn date_format(text: &str) -> Option<&'static str> {
    if text.len() > LONGEST_DATE {
        return None;
    }
    let bytes = text.as_bytes();
    if moment(text).is_some() {
        return Some(match bytes.get(10) {
            None => "YYYY-MM-DD",
            Some(b'T') => "YYYY-MM-DDThh:mm",
            Some(_) => "YYYY-MM-DD hh:mm",
        });
    }
    let numbers =
        || text.split(['.', '/', '-']).map(|part| part.parse::<i64>().ok().filter(|_| part.bytes().all(|sign| sign.is_ascii_digit())));
    let separator = bytes.iter().find(|sign| !sign.is_ascii_digit()).copied();
    let Some(separator) = separator else {
        let number: i64 = text.parse().ok().filter(|_| bytes.len() == 8)?;
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        return ((1900..2100).contains(&year) && is_day(year, month, day)).then_some("YYYYMMDD");
    };
    if bytes.len() > 10 || bytes.iter().filter(|sign| **sign == separator).count() != 2 {
        return None;
    }
    let parts: Option<Vec<i64>> = numbers().collect();
    let [first, second, third] = parts?[..] else { return None };
    if bytes.iter().take_while(|sign| sign.is_ascii_digit()).count() == 4 {
        return (separator == b'/' && is_day(first, second, third)).then_some("YYYY/MM/DD");
    }
    if !(bytes.len() >= 8 && text[text.len() - 4..].bytes().all(|sign| sign.is_ascii_digit())) {
        return None;
    }
    match (separator, is_day(third, second, first), is_day(third, first, second)) {
        (b'.', true, _) => Some("DD.MM.YYYY"),
        (b'-', true, _) => Some("DD-MM-YYYY"),
        (b'/', true, true) => Some("DD/MM/YYYY or MM/DD/YYYY"),
        (b'/', true, false) => Some("DD/MM/YYYY"),
        (b'/', false, true) => Some("MM/DD/YYYY"),
        _ => None,
    }
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let is_plain = |sign: char| sign.is_alphanumeric() || "._%+-'".contains(sign);
    !name.is_empty() && name.chars().all(is_plain) && is_host(host)
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|sign| sign.is_alphanumeric() || sign == '-');
    text.contains('.')
        && text.split('.').all(is_label)
        && text.rsplit('.').next().is_some_and(|last| last.len() > 1 && !last.starts_with(|sign: char| sign.is_ascii_digit()))
}

fn is_url(text: &str) -> bool {
    let rest = ["http://", "https://", "ftp://", "www."].iter().find_map(|start| text.strip_prefix(start));
    rest.is_some_and(|rest| rest.len() > 2 && !rest.contains(char::is_whitespace))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, sign)| if matches!(at, 8 | 13 | 18 | 23) { sign == b'-' } else { sign.is_ascii_hexdigit() })
}

fn is_mac(text: &str) -> bool {
    text.len() == 17
        && text.bytes().enumerate().all(|(at, sign)| if at % 3 == 2 { matches!(sign, b':' | b'-') } else { sign.is_ascii_hexdigit() })
}

/// With its check digits: the number, country last and letters as numbers, leaves 1 when divided by 97.
fn is_iban(text: &str) -> bool {
    let signs: Vec<u8> = text.bytes().filter(|sign| *sign != b' ').collect();
    let is_formed = (15..=34).contains(&signs.len())
        && signs[..2].iter().all(u8::is_ascii_uppercase)
        && signs[2..4].iter().all(u8::is_ascii_digit)
        && signs.iter().all(|sign| sign.is_ascii_digit() || sign.is_ascii_uppercase());
    let rest = |rest: u32, sign: &u8| match sign {
        b'0'..=b'9' => (rest * 10 + u32::from(sign - b'0')) % 97,
        _ => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
    };
    is_formed && signs[4..].iter().chain(&signs[..4]).fold(0, rest) == 1
}

/// With its check digit, doubled every second from the right.
fn is_credit_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter(|sign| !matches!(sign, ' ' | '-')).map(|sign| sign.to_digit(10).unwrap_or(99)).collect();
    let luhn = |(at, digit): (usize, &u32)| match at % 2 {
        0 => *digit,
        _ if *digit > 4 => digit * 2 - 9,
        _ => digit * 2,
    };
    (13..=19).contains(&digits.len())
        && matches!(digits[0], 2..=6)
        && digits.iter().all(|digit| *digit < 10)
        && digits.iter().rev().enumerate().map(luhn).sum::<u32>() % 10 == 0
}

fn is_coordinates(text: &str) -> bool {
    let Some((latitude, longitude)) = text.trim_start_matches('(').trim_end_matches(')').split_once(',') else { return false };
    let within = |text: &str, most: f64| text.contains('.') && text.trim().parse::<f64>().is_ok_and(|number| number.abs() <= most);
    within(latitude, 90.0) && within(longitude, 180.0)
}

fn is_money(text: &str) -> bool {
    let signs = ['$', '€', '£', '¥', '₹'];
    let code = |text: &str| text.len() == 3 && stands_in(CURRENCIES, ' ', text);
    let amount = |text: &str| is_number(&text.trim().replace([',', '.', '\''], "")) && text.contains(|sign: char| sign.is_ascii_digit());
    let marked = text.strip_prefix(signs).or_else(|| text.strip_suffix(signs)).or_else(|| text.strip_prefix("-$"));
    let coded = || text.split_once(' ').is_some_and(|(first, rest)| (code(first) && amount(rest)) || (amount(first) && code(rest)));
    marked.is_some_and(amount) || coded()
}

fn is_color(text: &str) -> bool {
    let hex = |digits: &str| matches!(digits.len(), 3 | 6 | 8) && digits.bytes().all(|sign| sign.is_ascii_hexdigit());
    text.strip_prefix('#').is_some_and(hex) || text.strip_prefix("rgb").is_some_and(|rest| rest.contains('(') && rest.ends_with(')'))
}

fn is_version(text: &str) -> bool {
    let bare = text.strip_prefix('v').unwrap_or(text);
    let core = bare.split(['-', '+']).next().unwrap_or_default();
    let parts = core.split('.').count();
    let is_part = |part: &str| part.len() < 5 && part.parse::<u16>().is_ok_and(|number| number.to_string() == part);
    // Two numbers with a dot are more often a decimal.
    (parts == 3 || parts == 2 && bare.len() < text.len()) && core.split('.').all(is_part)
}

fn is_country(text: &str) -> bool {
    text.len() <= LONGEST_COUNTRY && text.starts_with(char::is_alphabetic) && stands_in(COUNTRY_NAMES, '|', &text.to_lowercase())
}

fn is_language(text: &str) -> bool {
    let (language, country) = text.split_once(['-', '_']).map_or((text, None), |(language, country)| (language, Some(country)));
    stands_in(LANGUAGES, ' ', language) && country.is_none_or(|country| stands_in(COUNTRIES, ' ', country))
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_sign = |sign: char| sign.is_ascii_digit() || " +-()./x".contains(sign);
    let is_parted = || digits >= 9 && text.bytes().filter(|sign| b"- ./".contains(sign)).count() >= 2;
    (7..=15).contains(&digits)
        && text.len() <= 25
        && text.chars().all(is_sign)
        && (text.starts_with(['+', '(']) || is_parted())
        && date_format(text).is_none()
        && !is_dotted(text)
}

/// Four numbers with dots between them are an address of another kind.
fn is_dotted(text: &str) -> bool {
    text.parse::<core::net::IpAddr>().is_ok()
}

fn is_path(text: &str) -> bool {
    let is_unix = (text.starts_with('/') || text.starts_with("./") || text.starts_with("~/")) && text.len() > 2 && !text.starts_with("//");
    let is_windows = text.get(1..3) == Some(":\\") || text.starts_with("\\\\");
    (is_unix || is_windows) && !text.contains(['\n', '<', '>'])
}

fn is_postal_code(text: &str) -> bool {
    let shape = super::shape::shape(text);
    matches!(
        shape.as_str(),
        "99999"
            | "9999"
            | "99999-9999"
            | "A9A 9A9"
            | "9999 AA"
            | "99-999"
            | "999-9999"
            | "999 99"
            | "A9 9AA"
            | "A99 9AA"
            | "AA9 9AA"
            | "AA99 9AA"
            | "A9A 9AA"
            | "AA9A 9AA"
    )
}

pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|sign| sign.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most telling kind of a text.
    fn first(text: &str) -> &'static str {
        let bits = of(text);
        KINDS.iter().enumerate().find(|(at, _)| bits >> at & 1 == 1).map_or("", |(_, (name, _))| *name)
    }

    #[test]
    fn texts_are_told_by_what_they_are() {
        for (kind, texts) in [
            ("email", &["ada.l@mail.example.org", "ö+x@ä.de"][..]),
            ("url", &["https://x.org/a?b=c", "www.example.com"]),
            ("uuid", &["123e4567-e89b-12d3-a456-426614174000"]),
            ("ip", &["10.0.0.1", "2001:db8::1"]),
            ("mac", &["00:1A:2b:3c:4d:5e"]),
            ("iban", &["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"]),
            ("credit_card", &["4111 1111 1111 1111", "5500005555555559"]),
            ("json", &["{\"a\": [1]}", "[]"]),
            ("date", &["2026-02-28", "28.02.2026", "02/28/2026", "20260228", "2026/02/28", "2026-02-28 10:00:00"]),
            ("coordinates", &["50.85, 4.35", "(-33.9,151.2)"]),
            ("percentage", &["12.5 %", "7%"]),
            ("money", &["$1,234.50", "12,00 €", "EUR 5", "-$3"]),
            ("color", &["#fff", "#A0b1C2", "rgb(1, 2, 3)"]),
            ("hash", &["d41d8cd98f00b204e9800998ecf8427e"]),
            ("version", &["1.2.3", "v2.0", "1.0.0-beta.1"]),
            ("country_code", &["BE", "US"]),
            ("country", &["South Africa", "france"]),
            ("currency_code", &["USD"]),
            ("language_code", &["en", "pt-BR"]),
            ("phone", &["+32 2 555 12 12", "(555) 123-4567"]),
            ("boolean_like", &["Y", "false"]),
            ("path", &["/usr/bin/x", "C:\\temp\\a.txt"]),
            ("postal_code", &["90210", "SW1A 1AA", "K1A 0B1"]),
            ("leading_zeros", &["000123"]),
            ("numeric_text", &["-12.5", "123456"]),
            ("free_text", &["a few words about it"]),
            (
                "",
                &[
                    "DE89370400440532013001",
                    "4111111111111112",
                    "31.02.2026",
                    "hello",
                    "",
                    "x@y",
                    "{torn",
                    "1.2.3.",
                    "größer",
                    "2026-02-3ü",
                ],
            ),
        ] {
            for text in texts {
                let found = first(text);
                assert!(found == kind || (kind.is_empty() && found == "numeric_text"), "`{text}` is taken for `{found}`, not `{kind}`");
            }
        }
    }

    #[test]
    fn formats_of_dates_are_told_apart() {
        for (text, format) in [
            ("31/12/2026", Some("DD/MM/YYYY")),
            ("12/31/2026", Some("MM/DD/YYYY")),
            ("01/02/2026", Some("DD/MM/YYYY or MM/DD/YYYY")),
            ("1-2-2026", Some("DD-MM-YYYY")),
            ("99999999", None),
            ("1.2.3", None),
            ("12345-678", None),
            ("ééé/é/é", None),
        ] {
            assert_eq!(date_format(text), format, "{text}");
        }
    }
}
