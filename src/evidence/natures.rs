//! What a column is for, as far as its name and type tell: a code, a measure, a time, what a row is called, something about a person.

use super::names::split;

const CODES: [&str; 19] = [
    "category", "class", "code", "flag", "gender", "grade", "kind", "language", "level", "method", "mode", "phase", "priority", "rating",
    "stage", "state", "status", "type", "country",
];
const IDS: [&str; 6] = ["id", "key", "fk", "ref", "uuid", "guid"];
const MEASURES: [&str; 25] = [
    "amount",
    "balance",
    "budget",
    "bytes",
    "cost",
    "count",
    "discount",
    "distance",
    "duration",
    "fee",
    "freight",
    "hours",
    "milliseconds",
    "minutes",
    "points",
    "price",
    "qty",
    "quantity",
    "revenue",
    "salary",
    "seconds",
    "size",
    "stock",
    "total",
    "weight",
];
/// Adding these up says nothing; their mean does.
const RATES: [&str; 17] = [
    "age",
    "average",
    "avg",
    "discount",
    "limit",
    "max",
    "maximum",
    "min",
    "minimum",
    "percent",
    "percentage",
    "price",
    "rate",
    "rating",
    "ratio",
    "score",
    "share",
];
/// What a thing has, not what happened: over all things its mean says more than its sum.
const TRAITS: [&str; 9] = ["bytes", "distance", "duration", "height", "length", "milliseconds", "size", "weight", "width"];
/// Numbers of which neither sum nor mean says anything.
const PLACES: [&str; 12] = ["lat", "latitude", "lng", "lon", "longitude", "year", "month", "day", "sort", "order", "position", "version"];
const PLACES_BY_POST: [&str; 8] = ["area", "dial", "postal", "postcode", "zip", "ean", "isbn", "upc"];
const TIMES: [&str; 6] = ["at", "date", "datetime", "on", "time", "timestamp"];
const HOUSEKEEPING: [&str; 6] = ["changed", "inserted", "loaded", "modified", "synced", "updated"];

/// What a number is, where it is neither a key nor a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Amounts that add up: their sum says something.
    Adds,
    /// Prices, shares, weights of things: their mean says something.
    Averages,
}

pub fn has_word(name: &str, listed: &[&str]) -> bool {
    split(name).iter().any(|word| listed.contains(&word.as_str()))
}

/// One of a few words that stand for something; an id stands for a row somewhere, declared or not, and is none.
pub fn is_code(name: &str, r#type: &str) -> bool {
    matches!(r#type, "text" | "integer" | "other") && has_word(name, &CODES) && !has_word(name, &IDS) && !has_word(name, &PLACES_BY_POST)
}

/// Codes that the whole world uses: nobody has to say what they mean.
pub fn is_known_code(name: &str) -> bool {
    has_word(name, &["country", "currency", "language", "state", "province", "region"])
}

pub fn measure(name: &str, r#type: &str) -> Option<Measure> {
    let is_number = match r#type {
        "decimal" | "float" => true,
        "integer" => has_word(name, &MEASURES) || has_word(name, &RATES),
        _ => false,
    };
    let is_other = [&IDS[..], &CODES, &PLACES].iter().any(|listed| has_word(name, listed)) && !has_word(name, &["rating"]);
    if !is_number || is_other {
        return None;
    }
    Some(if has_word(name, &RATES) || has_word(name, &TRAITS) { Measure::Averages } else { Measure::Adds })
}

/// When something happened. SQLite keeps times as text and as seconds; there the name has to tell.
pub fn is_time(name: &str, r#type: &str) -> bool {
    let by_name = || has_word(name, &TIMES) && !has_word(name, &["zone"]);
    match r#type {
        "date" | "timestamp" => true,
        "text" => by_name(),
        "integer" => split(name).last().is_some_and(|last| ["at", "timestamp"].contains(&last.as_str())),
        _ => false,
    }
}

/// When a row was written, not when something happened.
pub fn is_housekeeping(name: &str) -> bool {
    has_word(name, &HOUSEKEEPING) || split(name).join(" ") == "last update"
}

/// What a column tells of a person, by its name; `people` says that the table is about them.
pub fn personal(name: &str, people: bool) -> Option<&'static str> {
    let words = split(name);
    let has = |listed: &[&str]| words.iter().any(|word| listed.contains(&word.as_str()));
    let joined = words.concat();
    let is = |listed: &[&str]| listed.contains(&joined.as_str());
    if has(&["email", "mail"]) {
        Some("e-mail address")
    } else if has(&["phone", "telephone", "mobile", "fax", "telefon"]) {
        Some("telephone number")
    } else if has(&["iban", "bic"]) || is(&["accountnumber", "bankaccount", "creditcard", "cardnumber"]) {
        Some("bank account")
    } else if has(&["ssn", "passport", "taxid"]) || is(&["nationalid", "socialsecurity"]) {
        Some("official number")
    } else if has(&["birthdate", "birthday", "birth", "dob"]) {
        Some("date of birth")
    } else if is(&["firstname", "lastname", "surname", "fullname", "givenname", "familyname", "middlename", "contactname"])
        || has(&["vorname", "nachname", "nombre", "prenom"])
        || (people && joined == "name")
    {
        Some("name")
    } else if has(&["street", "address"]) && !has(&["id", "ip", "mac"]) || people && has(&["zip", "postcode", "postalcode"]) {
        Some("address")
    } else {
        None
    }
}

/// Tables whose rows are people, by their names.
pub fn are_people(table: &str) -> bool {
    const PEOPLE: [&str; 21] = [
        "actor",
        "author",
        "client",
        "contact",
        "customer",
        "doctor",
        "driver",
        "employee",
        "guest",
        "kunde",
        "member",
        "passenger",
        "patient",
        "person",
        "player",
        "staff",
        "student",
        "subscriber",
        "teacher",
        "user",
        "visitor",
    ];
    super::names::words(table).last().is_some_and(|last| PEOPLE.contains(&last.as_str()))
}

/// What a row is called: the columns to show in place of its number; none where nothing is a name.
pub fn label<'a>(table: &str, columns: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Vec<String> {
    let texts = || columns.clone().filter(|(_, r#type)| *r#type == "text").map(|(name, _)| name);
    let subject = super::names::words(table);
    let words = |name: &str| super::names::words(name);
    let exact = |listed: &'static [&'static str]| texts().find(move |name| listed.contains(&words(name).concat().as_str()));
    let owned = |name: &str| vec![name.to_owned()];
    if let Some(name) = exact(&["name", "title", "fullname", "label", "companyname", "displayname", "bezeichnung", "nom", "nome", "nombre"])
    {
        return owned(name);
    }
    let named_so = |name: &&str| {
        let words = words(name);
        words.last().is_some_and(|last| ["name", "title", "description"].contains(&last.as_str()))
            && words.len() > 1
            && words[..words.len() - 1].iter().all(|word| subject.contains(word))
    };
    if let Some(name) = texts().find(named_so) {
        return owned(name);
    }
    if let (Some(first), Some(last)) = (exact(&["firstname", "givenname"]), exact(&["lastname", "surname", "familyname"])) {
        return vec![first.to_owned(), last.to_owned()];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_adds_up_or_is_averaged_or_is_no_measure() {
        let check = |name: &str, r#type: &str, expect: Option<Measure>| assert_eq!(measure(name, r#type), expect, "{name}");
        check("total", "float", Some(Measure::Adds));
        check("quantity", "integer", Some(Measure::Adds));
        check("unit_price", "decimal", Some(Measure::Averages));
        check("weight_kg", "float", Some(Measure::Averages));
        check("percent", "integer", Some(Measure::Averages));
        check("min_quantity", "integer", Some(Measure::Averages));
        check("customer_id", "integer", None);
        check("status_code", "integer", None);
        check("freight", "decimal", Some(Measure::Adds));
        check("release_year", "integer", None);
        check("latitude", "float", None);
        check("name", "text", None);
    }

    #[test]
    fn personal_data_is_known_by_its_name() {
        let check = |name: &str, people: bool, expect: Option<&str>| assert_eq!(personal(name, people), expect, "{name}");
        check("EMail", false, Some("e-mail address"));
        check("first_name", false, Some("name"));
        check("name", true, Some("name"));
        check("name", false, None);
        check("address_id", true, None);
        check("ip_address", false, None);
        check("iban", false, Some("bank account"));
    }

    #[test]
    fn a_row_is_called_by_its_name() {
        let check = |table: &str, columns: &[&str], expect: &[&str]| {
            assert_eq!(label(table, columns.iter().map(|name| (*name, "text"))), expect, "{table}");
        };
        check("products", &["sku", "name"], &["name"]);
        check("customer", &["first_name", "last_name", "email"], &["first_name", "last_name"]);
        check("Customer", &["FirstName", "LastName", "Company"], &["FirstName", "LastName"]);
        check("categories", &["CategoryName", "Description"], &["CategoryName"]);
        check("orders", &["status", "ShipName"], &[]);
        check("Territories", &["TerritoryID", "TerritoryDescription"], &["TerritoryDescription"]);
        check("payments", &["method"], &[]);
    }

    #[test]
    fn a_time_is_told_from_when_a_row_was_written() {
        assert!(
            is_time("ordered_at", "text") && is_time("counted_on", "text") && is_time("at", "integer") && !is_time("time_zone", "text")
        );
        assert!(is_housekeeping("last_update") && is_housekeeping("updated_at") && !is_housekeeping("ordered_at"));
    }
}
