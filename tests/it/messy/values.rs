//! Believable values of attributes, one at a time, and codes that are unique.

use std::collections::HashSet;

use super::Value;
use super::random::Random;

const FIRST: [&str; 40] = [
    "Anna", "Ben", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Ines", "Jan", "Karin", "Leon", "Maria", "Nils", "Olga", "Paul",
    "Rosa", "Simon", "Tina", "Uwe", "Vera", "Willem", "Xenia", "Yusuf", "Zoe", "Amir", "Bianca", "Carlos", "Diana", "Emil", "Fatima",
    "Georg", "Hanna", "Igor", "Julia", "Kofi", "Lucia", "Marek", "Nadia", "Oscar",
];
const LAST: [&str; 40] = [
    "Smith", "Meyer", "Garcia", "Rossi", "Dubois", "Kowalski", "Silva", "Novak", "Jensen", "Bauer", "Lopez", "Martin", "Weber", "Brown",
    "Costa", "Ferrari", "Schulz", "Moreau", "Nowak", "Larsen", "Fischer", "Jones", "Santos", "Ricci", "Laurent", "Wagner", "Taylor",
    "Pereira", "Romano", "Becker", "Wilson", "Hoffmann", "Petit", "Wojcik", "Olsen", "Keller", "Clark", "Ramos", "Greco", "Lehmann",
];
const CITIES: [&str; 30] = [
    "Berlin", "Paris", "Madrid", "Rome", "Vienna", "Lisbon", "Warsaw", "Prague", "Dublin", "Oslo", "Hamburg", "Lyon", "Sevilla", "Milan",
    "Graz", "Porto", "Krakow", "Brno", "Cork", "Bergen", "Munich", "Nice", "Bilbao", "Turin", "Linz", "Leeds", "Gdansk", "Ghent", "Basel",
    "Malmo",
];
const COUNTRIES: [&str; 24] = [
    "Germany", "France", "Spain", "Italy", "Austria", "Portugal", "Poland", "Czechia", "Ireland", "Norway", "Sweden", "Denmark", "Finland",
    "Belgium", "Greece", "Hungary", "Croatia", "Estonia", "Latvia", "Malta", "Cyprus", "Slovenia", "Romania", "Iceland",
];
const ADJECTIVES: [&str; 24] = [
    "Grand", "Little", "Red", "Blue", "Silent", "New", "Old", "Golden", "Northern", "Southern", "Hidden", "Bright", "Classic", "Modern",
    "Royal", "Green", "Deep", "Light", "Wild", "Pure", "Urban", "Lost", "Free", "First",
];
const WORDS: [&str; 20] = [
    "please", "call", "again", "delivery", "was", "late", "item", "fine", "checked", "by", "phone", "no", "answer", "see", "mail",
    "agreed", "open", "until", "friday", "done",
];
const ISO: [&str; 48] = [
    "DE", "FR", "ES", "IT", "AT", "PT", "PL", "CZ", "IE", "NO", "SE", "DK", "FI", "BE", "GR", "HU", "HR", "EE", "LV", "MT", "CY", "SI",
    "RO", "IS", "US", "CA", "MX", "BR", "AR", "CL", "JP", "CN", "IN", "KR", "VN", "TH", "AU", "NZ", "ZA", "EG", "MA", "KE", "NG", "GH",
    "TR", "GB", "CH", "NL",
];
const COLORS: [&str; 8] = ["red", "green", "blue", "black", "white", "grey", "yellow", "brown"];
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
const HEX: &[u8] = b"0123456789abcdef";

/// How dates are written in a database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dates {
    Iso,
    Compact,
    Epoch,
    German,
}

pub struct Writer<'a> {
    pub nouns: &'a [String],
    pub statuses: &'a [String],
    pub dates: Dates,
    /// Days since 1970 at which this database begins, and how many it covers.
    pub first_day: i64,
    pub days: i64,
}

/// A generator's name and what stands in its brackets.
fn parts(generator: &str) -> (&str, Vec<&str>) {
    match generator.split_once('(') {
        Some((name, inside)) => (name, inside.trim_end_matches(')').split(';').collect()),
        None => (generator, Vec::new()),
    }
}

impl Writer<'_> {
    /// The type that a designer declares for it.
    pub fn declared(&self, generator: &str) -> &'static str {
        let (name, inside) = parts(generator);
        match name {
            "pick" if inside.iter().all(|word| word.parse::<i64>().is_ok()) => "INTEGER",
            "pick" if inside.iter().all(|word| word.parse::<f64>().is_ok()) => "REAL",
            "money" => "DECIMAL(10,2)",
            "weight" | "measure" | "lat" | "lon" | "hours" | "pct" => "REAL",
            "int" | "qty" | "year" | "sort" | "rating" | "level" | "flag" | "score" => "INTEGER",
            "date" | "datetime" | "birth" if self.dates == Dates::Iso => "DATE",
            "date" | "datetime" | "birth" | "day" if matches!(self.dates, Dates::Compact | Dates::Epoch) => "INTEGER",
            "code2" => "CHAR(2)",
            "code3" => "CHAR(3)",
            "text" | "note" => "TEXT",
            _ => "VARCHAR(60)",
        }
    }

    pub fn value(&self, generator: &str, row: usize, rows: usize, random: &mut Random) -> Value {
        let (name, inside) = parts(generator);
        let bound = |at: usize| inside.get(at).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        let text = |text: String| Value::Text(text);
        match name {
            "first" => text((*random.pick(&FIRST)).to_owned()),
            "last" => text((*random.pick(&LAST)).to_owned()),
            "person" => text(format!("{} {}", random.pick(&FIRST), random.pick(&LAST))),
            "company" => {
                let ending = *random.pick(&["Ltd", "GmbH", "Inc", "SA", "& Sons", "Group"]);
                text(format!("{} {} {ending}", random.pick(&LAST), random.pick(self.nouns)))
            }
            "email" => {
                let (first, last) = (random.pick(&FIRST).to_lowercase(), random.pick(&LAST).to_lowercase());
                let host = *random.pick(&["example.org", "example.com", "mail.example", "post.example"]);
                let number = if random.chance(0.7) { random.between(1, 9999).to_string() } else { String::new() };
                maybe(0.05, text(format!("{first}.{last}{number}@{host}")), random)
            }
            "phone" => maybe(0.1, text(format!("+{} {}", random.between(30, 49), random.letters(DIGITS, 8))), random),
            "street" => text(format!("{} Street {}", random.pick(&LAST), random.between(1, 180))),
            "city" => text((*random.pick(&CITIES)).to_owned()),
            "zip" => text(format!("{:05}", random.between(1000, 99_000))),
            "country" => text((*random.pick(&COUNTRIES)).to_owned()),
            "title" => text(format!("{} {}", random.pick(&ADJECTIVES), random.pick(self.nouns))),
            "status" => text(self.statuses[skewed(self.statuses.len(), random)].clone()),
            "pick" => match *random.pick(&inside) {
                number if number.parse::<f64>().is_ok() && number.contains('.') => Value::Real(number.parse().unwrap_or(0.0)),
                number if number.parse::<i64>().is_ok() => Value::Integer(number.parse().unwrap_or(0)),
                word => text(word.to_owned()),
            },
            "money" => {
                let share = random.unit();
                let cents = bound(0) * 100 + (share * share * share * ((bound(1) - bound(0)) * 100) as f64) as i64;
                Value::Real(cents as f64 / 100.0)
            }
            "int" => Value::Integer(random.between(bound(0), bound(1))),
            "qty" => Value::Integer(1 + skewed(10, random) as i64),
            "pct" => Value::Real(random.between(0, 20) as f64 * 5.0 / 100.0),
            "flag" => Value::Integer(i64::from(random.chance(0.3))),
            "year" => Value::Integer(random.between(1950, 2024)),
            "rating" => Value::Integer(5 - skewed(5, random) as i64),
            "level" => Value::Integer(1 + skewed(6, random) as i64),
            "score" => maybe(0.05, Value::Integer(random.between(0, 100)), random),
            "sort" => Value::Integer(row as i64 + 1),
            "hours" => Value::Real(random.between(1, 160) as f64 / 4.0),
            "weight" => Value::Real(random.between(1, 40_000) as f64 / 1000.0),
            "measure" => Value::Real(random.between(1, 9_999_999) as f64 / 1000.0),
            "lat" => Value::Real(random.between(360_000, 600_000) as f64 / 10_000.0),
            "lon" => Value::Real(random.between(-90_000, 250_000) as f64 / 10_000.0),
            "version" => text(format!("{}.{}", random.between(1, 4), random.between(0, 12))),
            "color" => text((*random.pick(&COLORS)).to_owned()),
            "hash" => text(random.letters(HEX, 12)),
            "url" => text(format!("/files/{}.pdf", random.letters(HEX, 8))),
            "serialno" => text(format!("{}-{}", random.letters(UPPER, 2), random.letters(DIGITS, 6))),
            "iban" => text(format!("DE{}", random.letters(DIGITS, 20))),
            "text" => text(self.sentence(random)),
            "note" => maybe(0.6, text(self.sentence(random)), random),
            "birth" => self.day(random.between(-15_000, 13_000)),
            "date" => maybe(0.04, self.day(self.moment(row, rows, random) / 86_400), random),
            "datetime" => self.second(self.moment(row, rows, random)),
            // Codes that are no key here.
            code => code_of(code, inside.as_slice(), row, self, random),
        }
    }

    /// So many different codes, or as many as there are.
    pub fn codes(&self, generator: &str, wanted: usize, random: &mut Random) -> Vec<Value> {
        let (name, inside) = parts(generator);
        let mut seen = HashSet::new();
        let mut codes = Vec::with_capacity(wanted);
        for attempt in 0..wanted * 20 {
            if codes.len() == wanted {
                break;
            }
            let code = code_of(name, &inside, attempt, self, random);
            if seen.insert(code.text()) {
                codes.push(code);
            }
        }
        codes
    }

    /// Seconds since 1970, mostly growing with the row's number.
    fn moment(&self, row: usize, rows: usize, random: &mut Random) -> i64 {
        let share = (row as f64 + random.unit() * rows as f64 * 0.03) / rows.max(1) as f64;
        let seconds = (self.days * 86_400) as f64;
        self.first_day * 86_400 + (share * seconds) as i64
    }

    fn day(&self, day: i64) -> Value {
        let (year, month, of_month) = civil(day);
        match self.dates {
            Dates::Iso => Value::Text(format!("{year:04}-{month:02}-{of_month:02}")),
            Dates::German => Value::Text(format!("{of_month:02}.{month:02}.{year:04}")),
            Dates::Compact => Value::Integer(year * 10_000 + month * 100 + of_month),
            Dates::Epoch => Value::Integer(day * 86_400),
        }
    }

    fn second(&self, second: i64) -> Value {
        let (day, rest) = (second.div_euclid(86_400), second.rem_euclid(86_400));
        let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
        match self.day(day) {
            Value::Text(text) => Value::Text(format!("{text} {clock}")),
            Value::Integer(_) if self.dates == Dates::Epoch => Value::Integer(second),
            other => other,
        }
    }

    fn sentence(&self, random: &mut Random) -> String {
        let length = random.between(2, 9);
        (0..length).map(|_| *random.pick(&WORDS)).collect::<Vec<_>>().join(" ")
    }
}

fn code_of(name: &str, inside: &[&str], row: usize, writer: &Writer<'_>, random: &mut Random) -> Value {
    let text = match name {
        "code2" if row < 400 => (*random.pick(&ISO)).to_owned(),
        "code2" => random.letters(UPPER, 2),
        "code3" => random.letters(UPPER, 3),
        "token" => random.letters(UPPER, 4),
        "sku" => format!("{}-{}", random.letters(UPPER, 3), random.letters(DIGITS, 4)),
        "isbn" => format!("978{}", random.letters(DIGITS, 10)),
        "icd" => format!("{}{}.{}", random.letters(UPPER, 1), random.letters(DIGITS, 2), random.letters(DIGITS, 1)),
        "imsi" => format!("26201{}", random.letters(DIGITS, 10)),
        "msisdn" => format!("+49151{}", random.letters(DIGITS, 7)),
        "season" => format!("{}/{:02}", 1990 + row, (1991 + row) % 100),
        "day" => return writer.day(writer.first_day + row as i64),
        other => panic!("`{other}` ({inside:?}) is no generator"),
    };
    Value::Text(text)
}

fn maybe(share: f64, value: Value, random: &mut Random) -> Value {
    if random.chance(share) { Value::Null } else { value }
}

/// Small numbers more often than large ones.
pub fn skewed(bound: usize, random: &mut Random) -> usize {
    let share = random.unit();
    ((share * share * bound as f64) as usize).min(bound.saturating_sub(1))
}

/// Year, month and day of a day since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * month_from_march + 2) / 5 + 1)
}
