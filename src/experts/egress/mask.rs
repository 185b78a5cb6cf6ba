//! Masking: a value in its shape. Letters become `x`, digits `9`, and the rest stays as it is.

use serde_json::Value;

/// Longer texts are long: only their beginning's shape is shown.
pub const LONG: usize = 40;
/// Digits in one word that are no plain number any more: a telephone, an account.
const MANY_DIGITS: usize = 7;
/// Longer words of capitals and signs are no codes.
const CODE: usize = 16;
/// As short as this, a word is a code whatever it is made of.
const SHORT: usize = 3;

/// Words in the names of columns that hold what belongs to a person. Compared without their plural.
const PERSONAL: [&str; 41] = [
    "address",
    "adresse",
    "apellido",
    "bic",
    "birth",
    "birthday",
    "birthdate",
    "card",
    "contact",
    "cvv",
    "dob",
    "email",
    "familyname",
    "fax",
    "firstname",
    "fullname",
    "geburtsdatum",
    "iban",
    "ip",
    "lastname",
    "login",
    "mail",
    "middlename",
    "mobile",
    "name",
    "nachname",
    "nickname",
    "nombre",
    "passport",
    "passwort",
    "password",
    "phone",
    "postcode",
    "secret",
    "ssn",
    "street",
    "surname",
    "telephone",
    "token",
    "username",
    "vorname",
];
/// Words that make of a `name` the name of a thing.
const THINGS: [&str; 16] = [
    "brand",
    "category",
    "color",
    "colour",
    "company",
    "country",
    "currency",
    "department",
    "event",
    "genre",
    "group",
    "item",
    "product",
    "region",
    "role",
    "type",
];

/// The shape of a text, cut where it is long.
pub fn shape(text: &str) -> String {
    let mut shape: String = text.chars().take(LONG).map(masked).collect();
    if text.chars().nth(LONG).is_some() {
        shape.push('…');
    }
    shape
}

fn masked(sign: char) -> char {
    match sign {
        _ if sign.is_uppercase() => 'X',
        _ if sign.is_alphabetic() => 'x',
        _ if sign.is_numeric() => '9',
        _ if sign.is_ascii_punctuation() || sign == ' ' => sign,
        _ if sign.is_whitespace() => ' ',
        _ => '?',
    }
}

/// Whether a column of this name holds what belongs to a person.
pub fn is_personal_name(name: &str) -> bool {
    let words: Vec<String> = crate::claims::text::words(name).iter().map(|word| crate::claims::text::singular(word)).collect();
    let joined = words.concat();
    if words.iter().any(|word| word == "id") {
        return false;
    }
    let is_thing = words.iter().any(|word| THINGS.contains(&word.as_str()));
    let personal = |word: &str| PERSONAL.contains(&word) && !(word == "name" && is_thing);
    words.iter().any(|word| personal(word)) || personal(&joined)
}

/// Whether a profile says so.
pub fn is_personal_kind(kind: &str) -> bool {
    matches!(kind, "email" | "phone" | "ip" | "mac" | "iban" | "credit_card" | "postal_code" | "coordinates")
}

/// Whether a text looks like a person's by itself: an address of mail or network, a telephone, a card.
pub fn is_personal(text: &str) -> bool {
    !is_plain(text) && (text.split_whitespace().any(is_personal_word) || digits(text) >= MANY_DIGITS)
}

fn is_personal_word(word: &str) -> bool {
    let word = word.trim_matches(|sign: char| sign.is_ascii_punctuation() && sign != '+');
    let is_mail = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let is_network = word.contains(['.', ':']) && word.parse::<std::net::IpAddr>().is_ok();
    is_mail || is_network || (digits(word) >= MANY_DIGITS && !is_moment(word))
}

/// A short word that stands for one of a few things: `S`, `DE`, `PAID_OUT`.
pub fn is_code(text: &str) -> bool {
    let length = text.chars().count();
    let is_plain = |sign: char| sign.is_ascii_uppercase() || "_-".contains(sign);
    length <= SHORT || (length <= CODE && text.chars().all(is_plain))
}

/// A number, a day or a moment, a yes or no, written as text.
pub fn is_plain(text: &str) -> bool {
    let text = text.trim();
    let is_number = text.parse::<f64>().is_ok() && (digits(text) <= MANY_DIGITS || text.contains('.'));
    text.is_empty() || is_number || is_moment(text) || text.parse::<bool>().is_ok()
}

/// `2026-01-31`, `2026-01-31T10:00:00.5+02:00`, `10:00`.
fn is_moment(text: &str) -> bool {
    let made_of = text.chars().all(|sign| sign.is_ascii_digit() || "-:.TZ+ ".contains(sign));
    let bytes = text.as_bytes();
    let is_day = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    made_of && (is_day || (bytes.len() <= 15 && bytes.get(2) == Some(&b':')))
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

/// Words of a sentence that are a person's are shown in their shape; the rest as it is.
pub fn in_sentence(text: &str) -> Option<String> {
    if !text.split_whitespace().any(is_personal_word) {
        return None;
    }
    let words = text.split_inclusive(char::is_whitespace);
    Some(words.map(|word| if is_personal_word(word.trim()) { word.chars().map(masked).collect() } else { word.to_owned() }).collect())
}

/// A value of any kind in its shape.
pub fn value(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::String(text) => Value::String(shape(text)),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => Value::String(shape(&value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_the_shape_and_nothing_else() {
        assert_eq!(shape("Ada.Lovelace@x.org"), "Xxx.Xxxxxxxx@x.xxx");
        assert_eq!(shape("+49 170-123"), "+99 999-999");
        assert_eq!(shape("Größe 東\u{202e}"), "Xxxxx x?");
        assert!(shape(&"a".repeat(100)).ends_with("x…") && shape(&"a".repeat(100)).chars().count() == LONG + 1);
        assert_eq!(
            in_sentence("write to ada@x.org, or call 0170-1234567 on 2026-01-31").unwrap(),
            "write to xxx@x.xxx, or call 9999-9999999 on 2026-01-31"
        );
        assert_eq!(in_sentence("3000 rows since 2026-01-31 10:00"), None);
    }

    #[test]
    fn what_belongs_to_a_person_is_told_by_name_and_by_form() {
        for name in ["email", "customer_name", "firstName", "PHONE_NO", "ip_address", "ssn", "names", "date_of_birth", "E-Mail"] {
            assert!(is_personal_name(name), "{name}");
        }
        for name in ["status", "product_name", "country", "total", "created_at", "ship_mode", "id", "customer_id"] {
            assert!(!is_personal_name(name), "{name}");
        }
        for text in ["ada@x.org", "10.0.0.1", "+49 170 1234567", "4111 1111 1111 1111", "DE89370400440532013000"] {
            assert!(is_personal(text), "{text}");
        }
        for text in ["2026-01-31", "2026-01-31 10:00:00", "open", "12.50", "1234567.89", "a@b"] {
            assert!(!is_personal(text), "{text}");
        }
        assert!(is_code("S") && is_code("PAID_OUT") && !is_code("Smith") && !is_code("AB12345"));
        assert!(is_plain("12.5") && is_plain("2026-01-31T10:00:00Z") && is_plain("") && !is_plain("Ada") && !is_plain("1 2 3"));
    }
}
