//! What is odd about the values of a table, from the figures of its profile: what a person should know before trusting a number made from it.

use super::natures::{has_word, is_housekeeping};

/// A column's line in the profile of its table.
#[derive(Clone, Debug, Default)]
pub struct Profiled {
    pub name: String,
    pub r#type: String,
    pub is_key: bool,
    pub is_measure: bool,
    pub least: Option<f64>,
    pub semantic_type: Option<String>,
    pub semantic_share: f64,
    /// The shape of most values.
    pub pattern: Option<String>,
    /// What the sketch complains of, a sentence each.
    pub quality: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Oddity {
    /// One word for what it is: `dates`, `sentinel`, `impossible`.
    pub what: &'static str,
    pub columns: Vec<String>,
    /// Begins with what is odd, without the table's name.
    pub says: String,
    /// From 0 to 1: how wrong a number may become by it.
    pub weight: f64,
}

/// Never less than nothing.
const COUNTED: [&str; 14] =
    ["age", "count", "distance", "duration", "height", "length", "price", "qty", "quantity", "salary", "size", "stock", "weight", "width"];

/// Numbers that nobody adds up are well kept as text.
const NUMBERED: [&str; 11] = ["code", "ean", "extension", "fax", "id", "isbn", "no", "nr", "number", "phone", "postal"];

/// The gravest first; the same about several columns is said once. Where there are no types for time, times as text are no oddity.
pub fn of(columns: &[Profiled], has_times: bool) -> Vec<Oddity> {
    let mut found: Vec<Oddity> = Vec::new();
    for column in columns {
        for oddity in of_column(column, has_times) {
            let same = |other: &&mut Oddity| other.what == oddity.what && tail(&other.says) == tail(&oddity.says);
            match found.iter_mut().find(same) {
                Some(other) => {
                    other.columns.extend(oddity.columns);
                    let names: Vec<String> = other.columns.iter().map(|name| format!("`{name}`")).collect();
                    other.says = format!("{}: {}", names.join(", "), tail(&oddity.says));
                }
                None => found.push(oddity),
            }
        }
    }
    found.sort_by(|one, other| other.weight.total_cmp(&one.weight).then_with(|| one.columns.cmp(&other.columns)));
    found
}

fn tail(says: &str) -> &str {
    says.split_once("`: ").map_or(says, |(_, tail)| tail)
}

fn of_column(column: &Profiled, has_times: bool) -> Vec<Oddity> {
    let mut found = Vec::new();
    let mut say = |what: &'static str, weight: f64, says: String| {
        let says = format!("`{}`: {says}", column.name);
        found.push(Oddity { what, columns: vec![column.name.clone()], says, weight });
    };
    let is = |kind: &str| column.semantic_type.as_deref() == Some(kind);
    for complaint in &column.quality {
        let says = complaint.clone();
        match complaint.as_str() {
            said if said.starts_with("dates are written in") => say("dates", 0.85, says + &rest(column)),
            said if said.starts_with("no day of a calendar") => say("dates", 0.7, says),
            said if said.contains("perhaps for a missing value") => say("sentinel", 0.65, says),
            said if said.starts_with("not a number") || said.contains("infinite") => say("impossible", 0.7, says),
            "numbers are kept as text" if is("date") || column.is_key || has_word(&column.name, &NUMBERED) => {}
            "numbers are kept as text" => say("text", 0.5, says),
            "dates are kept as text" if has_times => say("text", 0.45, says),
            "dates are kept as text" => {}
            "no row has a value" => say("unused", 0.4, says),
            said if said.starts_with("all rows that have a value") && is_housekeeping(&column.name) => {}
            said if said.starts_with("all rows that have a value") => say("unused", 0.3, says),
            said if said.starts_with("numbers among texts") => say("text", 0.4, says),
            said if said.starts_with("not UTF-8") => say("encoding", 0.4, says),
            said if said.starts_with("white space at an end") => say("blanks", 0.35, says),
            // Codes with zeros before them are as they should be.
            _ => {}
        }
    }
    let is_text = matches!(column.r#type.as_str(), "text" | "other");
    if is_text && column.pattern.as_deref().is_some_and(is_written_with_a_comma) {
        say("text", 0.6, "numbers with a comma are kept as text, so that they cannot be added up as they are".to_owned());
    }
    let is_said = column.quality.iter().any(|said| said == "numbers are kept as text");
    if is("money") && column.r#type == "text" && !is_said {
        say("text", 0.6, "money is kept as text, so that it cannot be added up as it is".to_owned());
    }
    if let Some(least) = column.least.filter(|least| *least < 0.0 && column.is_measure && has_word(&column.name, &COUNTED)) {
        say("impossible", 0.75, format!("less than nothing, down to {least}"));
    }
    let looked = ["email", "url", "uuid", "iban", "date", "ip"].into_iter().find(|kind| is(kind));
    let is_mixed = column.quality.iter().any(|said| said.starts_with("dates are written in"));
    if let Some(kind) = looked.filter(|_| column.semantic_share < 0.999 && !is_mixed) {
        say("misfits", 0.45, format!("{:.1} % of the values are no {}", (1.0 - column.semantic_share) * 100.0, spoken(kind)));
    }
    found
}

/// What is written in none of the ways.
fn rest(column: &Profiled) -> String {
    let share = (1.0 - column.semantic_share) * 100.0;
    if column.semantic_type.as_deref() == Some("date") && share >= 0.1 { format!("; {share:.1} % in another") } else { String::new() }
}

/// `99,99` and `9.999,99`, by the shape of the values.
fn is_written_with_a_comma(pattern: &str) -> bool {
    let pattern = pattern.strip_prefix('-').unwrap_or(pattern);
    let Some((whole, cents)) = pattern.rsplit_once(',') else { return false };
    let digits = |part: &str| !part.is_empty() && part.chars().all(|sign| sign == '9');
    cents == "99" && whole.split('.').all(digits)
}

fn spoken(kind: &str) -> &str {
    match kind {
        "email" => "e-mail address",
        "iban" => "valid IBAN",
        "url" => "link",
        "ip" => "address of a machine",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, quality: &[&str]) -> Profiled {
        let quality = quality.iter().map(|said| (*said).to_owned()).collect();
        Profiled { name: name.to_owned(), r#type: "text".to_owned(), quality, ..Profiled::default() }
    }

    #[test]
    fn the_gravest_comes_first_and_the_same_is_said_once() {
        let columns = [
            column("note", &["no row has a value"]),
            column("fax", &["no row has a value"]),
            column("paid_on", &["dates are written in 2 ways: `YYYY-MM-DD`, `DD.MM.YYYY`"]),
            column("born_on", &["dates are kept as text"]),
            column("zip", &["digits with zeros before them are kept as text: codes, not numbers"]),
        ];
        let found = of(&columns, false);
        let says: Vec<&str> = found.iter().map(|oddity| oddity.says.as_str()).collect();
        assert_eq!(says, ["`paid_on`: dates are written in 2 ways: `YYYY-MM-DD`, `DD.MM.YYYY`", "`note`, `fax`: no row has a value"]);
        assert_eq!(of(&columns, true).len(), 3, "where times have a type, a date as text is odd");
    }

    #[test]
    fn figures_that_cannot_be_are_odd() {
        let check = |column: Profiled, expect: &[&str]| {
            let name = column.name.clone();
            assert_eq!(of(&[column], true).iter().map(|oddity| oddity.what).collect::<Vec<_>>(), expect, "{name}");
        };
        let number =
            |name: &str, least: f64| Profiled { is_measure: true, least: Some(least), r#type: "integer".to_owned(), ..column(name, &[]) };
        check(number("quantity", -4.0), &["impossible"]);
        check(number("quantity", 0.0), &[]);
        check(number("balance", -4.0), &[]);
        let kind = |kind: &str, share: f64| Profiled { semantic_type: Some(kind.to_owned()), semantic_share: share, ..column("x", &[]) };
        check(kind("money", 1.0), &["text"]);
        check(kind("iban", 0.9), &["misfits"]);
        check(kind("iban", 1.0), &[]);
        check(kind("category", 0.9), &[]);
        let shaped = |pattern: &str| Profiled { pattern: Some(pattern.to_owned()), ..column("price", &[]) };
        check(shaped("9.999,99"), &["text"]);
        check(shaped("999"), &[]);
        check(shaped("9,99,99"), &[]);
        check(column("last_update", &["all rows that have a value have the same"]), &[]);
    }
}
