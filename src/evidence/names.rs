//! Names of tables and columns as words: split, made singular, compared. English plurals; other languages fall through unchanged.

/// `customerID2`, `customer_id_2` and `Customer Id 2` are all `customer`, `id`, `2`.
pub fn split(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let signs: Vec<char> = name.chars().collect();
    for (at, &sign) in signs.iter().enumerate() {
        if !sign.is_alphanumeric() {
            push(&mut words, &mut word);
            continue;
        }
        let before = at.checked_sub(1).map(|at| signs[at]);
        let after = signs.get(at + 1).copied();
        let starts_word = match before {
            Some(before) if before.is_alphanumeric() => {
                let up = sign.is_uppercase();
                (up && before.is_lowercase())
                    || (up && before.is_uppercase() && after.is_some_and(char::is_lowercase))
                    || (sign.is_numeric() != before.is_numeric())
            }
            _ => false,
        };
        if starts_word {
            push(&mut words, &mut word);
        }
        word.extend(sign.to_lowercase());
    }
    push(&mut words, &mut word);
    words
}

fn push(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

pub fn singular(word: &str) -> String {
    let stem = |cut: usize| &word[..word.len() - cut];
    match word {
        "people" => "person".to_owned(),
        "children" => "child".to_owned(),
        "men" => "man".to_owned(),
        "women" => "woman".to_owned(),
        _ if !word.is_ascii() || word.len() < 4 => word.to_owned(),
        _ if word.ends_with("ies") => format!("{}y", stem(3)),
        _ if ["sses", "shes", "ches", "xes", "zes"].iter().any(|ending| word.ends_with(ending)) => stem(2).to_owned(),
        _ if word.ends_with("ses") => stem(1).to_owned(),
        _ if ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) => word.to_owned(),
        _ if word.ends_with('s') => stem(1).to_owned(),
        _ => word.to_owned(),
    }
}

/// The words of a name, in the singular.
pub fn words(name: &str) -> Vec<String> {
    split(name).iter().map(|word| singular(word)).collect()
}

/// Endings and prefixes that say that a column identifies, not what.
pub const KEY_WORDS: [&str; 31] = [
    "id",
    "key",
    "no",
    "nr",
    "num",
    "number",
    "code",
    "fk",
    "pk",
    "uuid",
    "guid",
    "ref",
    "oid",
    "sk",
    "nbr",
    "cd",
    "nummer",
    "numer",
    "numero",
    "kod",
    "cod",
    "codigo",
    "kuerzel",
    "krz",
    "krzl",
    "schluessel",
    "clave",
    "chave",
    "cle",
    "klucz",
    "kennung",
];

/// The words of a column that say what it identifies: `cust_no` → `cust`, `fk_order_id` → `order`.
pub fn subject_words(words: &[String]) -> &[String] {
    let is_key_word = |word: &String| KEY_WORDS.contains(&word.as_str());
    let mut subject = words;
    while let Some((last, rest)) = subject.split_last() {
        if !is_key_word(last) {
            break;
        }
        subject = rest;
    }
    while let Some((first, rest)) = subject.split_first() {
        if !is_key_word(first) {
            break;
        }
        subject = rest;
    }
    subject
}

/// Whether the name looks like one that identifies or refers.
pub fn is_id_like(words: &[String]) -> bool {
    let strong = ["id", "key", "fk", "uuid", "guid", "oid", "sk"];
    // The others may mean a count or a place in a list, where nothing says of what.
    words.last().is_some_and(|word| strong.contains(&word.as_str()) || words.len() > 1 && KEY_WORDS.contains(&word.as_str()))
}

/// 0 to 1: how far two lists of words say the same, abbreviations included.
pub fn similarity(left: &[String], right: &[String]) -> f64 {
    if left.is_empty() || right.is_empty() {
        return 0.0;
    }
    if left == right || left.concat() == right.concat() {
        return 1.0;
    }
    let best = |word: &String, others: &[String]| others.iter().map(|other| word_similarity(word, other)).fold(0.0, f64::max);
    // The last word of a name is its head: `billing_address` is an address.
    let weigh = |from: &[String], to: &[String]| {
        let count = from.len();
        let weights = (0..count).map(|at| if at + 1 == count { 2.0 } else { 1.0 });
        let (sum, whole) =
            from.iter().zip(weights).fold((0.0, 0.0), |(sum, whole), (word, weight)| (sum + weight * best(word, to), whole + weight));
        sum / whole
    };
    (weigh(left, right) + weigh(right, left)) / 2.0
}

fn word_similarity(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    let (short, long) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    let letters = short.chars().count();
    if letters >= 2 && long.starts_with(short) {
        return if letters >= 4 { 0.85 } else { 0.7 };
    }
    // `dept` and `department`, `cntry` and `country`: the letters in order, beginning with the same.
    if letters >= 3 && short.chars().next() == long.chars().next() && is_subsequence(short, long) {
        return 0.6;
    }
    0.0
}

fn is_subsequence(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short.chars().all(|sign| rest.any(|other| other == sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similar(left: &str, right: &str) -> f64 {
        similarity(&words(left), &words(right))
    }

    #[test]
    fn names_are_split_as_people_read_them() {
        for (name, expect) in [
            ("customer_id", "customer id"),
            ("customerID", "customer id"),
            ("CustomerId2", "customer id 2"),
            ("HTTPServer", "http server"),
            ("order details", "order details"),
            ("o_custkey", "o custkey"),
            ("größe", "größe"),
            ("__", ""),
        ] {
            assert_eq!(split(name).join(" "), expect, "{name}");
        }
    }

    #[test]
    fn plurals_become_singular() {
        for (word, expect) in [
            ("customers", "customer"),
            ("categories", "category"),
            ("boxes", "box"),
            ("addresses", "address"),
            ("status", "status"),
            ("address", "address"),
            ("courses", "course"),
            ("gas", "gas"),
            ("people", "person"),
        ] {
            assert_eq!(singular(word), expect);
        }
    }

    #[test]
    fn likeness_orders_names_as_a_person_would() {
        assert_eq!(similar("customer", "Customers"), 1.0);
        assert!(similar("cust", "customer") > similar("cost", "customer"));
        assert!(similar("billing_address", "address") > similar("address_line", "address"));
        assert!(similar("dept", "departments") > 0.5);
        assert_eq!(similar("order", "product"), 0.0);
    }
}
