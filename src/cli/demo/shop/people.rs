//! Customers and employees. Some customers are in it twice, as people are who order from the phone and from the office.

use serde_json::Value;

use super::super::chance::Chance;
use super::days::{self, iso};
use super::row;
use crate::source::sqlite::fresh::Table;

const CUSTOMERS: i64 = 3_600;
/// Days before the first order on which the first of them registered, and over how many days they came.
const EARLIER: i64 = 900;
const CAME: i64 = 1_800;
/// Customers who were entered a second time.
const TWICE: usize = 85;

const FIRST: [&str; 48] = [
    "Anna",
    "Jürgen",
    "Sofia",
    "Lukas",
    "Marie",
    "Piotr",
    "Elena",
    "Tobias",
    "Camille",
    "Matteo",
    "Ingrid",
    "João",
    "Katarzyna",
    "Henrik",
    "Laura",
    "Stefan",
    "Zoë",
    "Björn",
    "Chiara",
    "Emil",
    "Fatma",
    "Georg",
    "Hélène",
    "Ivan",
    "Jana",
    "Karl",
    "Lena",
    "Miguel",
    "Nora",
    "Oskar",
    "Paula",
    "René",
    "Silke",
    "Tomáš",
    "Ursula",
    "Victor",
    "Wanda",
    "Yasmin",
    "Andrés",
    "Britta",
    "Clément",
    "Dagmar",
    "Erik",
    "Françoise",
    "Günther",
    "Hanna",
    "Isabel",
    "Jörg",
];
const LAST: [&str; 56] = [
    "Müller",
    "Schmidt",
    "Kowalski",
    "García",
    "Rossi",
    "Dubois",
    "Nowak",
    "Silva",
    "Weber",
    "Jansen",
    "Larsen",
    "Novák",
    "Schäfer",
    "Moreau",
    "Ferrari",
    "Fischer",
    "Lefèvre",
    "Wagner",
    "Köhler",
    "Costa",
    "Bianchi",
    "Hansen",
    "Becker",
    "Lopez",
    "Martin",
    "Petit",
    "Hoffmann",
    "Jørgensen",
    "Schulz",
    "Romano",
    "Koch",
    "Bauer",
    "Richter",
    "Wolf",
    "Schröder",
    "Neumann",
    "Schwarz",
    "Zimmermann",
    "Krüger",
    "Hartmann",
    "Lange",
    "Krause",
    "Meier",
    "Lehmann",
    "Böhm",
    "Winkler",
    "Laurent",
    "Girard",
    "Andersson",
    "Lindqvist",
    "Virtanen",
    "Horváth",
    "Peeters",
    "de Vries",
    "Bakker",
    "Visser",
];
const PLACES: [(&str, &str, &str); 16] = [
    ("10115", "Berlin", "DE"),
    ("20095", "Hamburg", "DE"),
    ("80331", "München", "DE"),
    ("50667", "Köln", "DE"),
    ("60311", "Frankfurt", "DE"),
    ("70173", "Stuttgart", "DE"),
    ("04109", "Leipzig", "DE"),
    ("01067", "Dresden", "DE"),
    ("1010", "Wien", "AT"),
    ("8010", "Graz", "AT"),
    ("8001", "Zürich", "CH"),
    ("75001", "Paris", "FR"),
    ("69001", "Lyon", "FR"),
    ("1012", "Amsterdam", "NL"),
    ("28001", "Madrid", "ES"),
    ("00-001", "Warszawa", "PL"),
];
const HOSTS: [&str; 5] = ["example.org", "example.com", "mail.example", "post.example", "web.example"];
const TITLES: [(&str, &str); 6] = [
    ("sales", "Sales representative"),
    ("sales", "Key account manager"),
    ("logistics", "Warehouse clerk"),
    ("service", "Service agent"),
    ("purchasing", "Buyer"),
    ("finance", "Accountant"),
];

#[derive(Clone)]
pub struct Customer {
    pub id: i64,
    pub first: String,
    pub last: String,
    pub email: String,
    pub phone: String,
    pub iban: String,
    pub born: String,
    pub place: (&'static str, &'static str, &'static str),
    pub since: i64,
}

pub fn customers(chance: &mut Chance) -> Vec<Customer> {
    let mut customers: Vec<Customer> = Vec::new();
    let mut id = 1_000;
    for number in 0..CUSTOMERS {
        // Some accounts were closed and deleted.
        id += if chance.happens(30) { 2 } else { 1 };
        let (first, last) = (*chance.pick(&FIRST), *chance.pick(&LAST));
        let email = format!("{}.{}{}@{}", plain(first), plain(last), chance.between(1, 9_999), chance.pick(&HOSTS));
        let phone = if chance.happens(40) { "N/A".to_owned() } else { format!("+49 {} {}", chance.between(151, 179), chance.digits(7)) };
        let born = if chance.happens(60) { "1900-01-01".to_owned() } else { iso(chance.between(-9_000, 13_500)) };
        customers.push(Customer {
            id,
            first: first.to_owned(),
            last: last.to_owned(),
            email,
            phone,
            iban: iban(chance),
            born,
            place: *chance.pick(&PLACES),
            since: days::FIRST - EARLIER + number * CAME / CUSTOMERS,
        });
    }
    for _ in 0..TWICE {
        id += 1;
        let twin = second_entry(&customers[chance.below(CUSTOMERS as usize)], id, chance);
        customers.push(twin);
    }
    customers
}

/// Who orders on a day: one of those who have registered, the old ones more often; sometimes under the second entry.
pub fn one_who_orders<'a>(customers: &'a [Customer], day: i64, chance: &mut Chance) -> &'a Customer {
    let (once, again) = customers.split_at(CUSTOMERS as usize);
    if chance.happens(15) {
        let twin = chance.pick(again);
        if twin.since <= day {
            return twin;
        }
    }
    &once[chance.early(once.partition_point(|customer| customer.since <= day))]
}

/// The same person, typed in anew: other letters, the same mailbox or the same telephone.
fn second_entry(of: &Customer, id: i64, chance: &mut Chance) -> Customer {
    let twin = Customer { id, since: (of.since + chance.between(20, 600)).min(days::LAST), ..of.clone() };
    match chance.below(3) {
        0 => Customer { first: of.first.to_uppercase(), last: of.last.to_uppercase(), email: of.email.to_uppercase(), ..twin },
        1 => Customer { last: spelled_out(&of.last), email: capital(&of.email), phone: of.phone.replace(' ', ""), ..twin },
        _ => Customer { first: format!("{}.", of.first.chars().take(1).collect::<String>()), born: "1900-01-01".to_owned(), ..twin },
    }
}

pub fn customers_table(customers: &[Customer]) -> Table {
    let cells = |of: &Customer| {
        let (zip, city, country) = of.place;
        row([
            of.id.into(),
            of.first.as_str().into(),
            of.last.as_str().into(),
            of.email.as_str().into(),
            of.phone.as_str().into(),
            of.born.as_str().into(),
            zip.into(),
            city.into(),
            country.into(),
            of.iban.as_str().into(),
            iso(of.since).into(),
        ])
    };
    let columns = vec![
        ("id", "INTEGER"),
        ("first_name", "TEXT"),
        ("last_name", "TEXT"),
        ("email", "TEXT"),
        ("phone", "TEXT"),
        ("birth_date", "TEXT"),
        ("zip", "TEXT"),
        ("city", "TEXT"),
        ("country", "TEXT"),
        ("iban", "TEXT"),
        ("registered_at", "TEXT"),
    ];
    Table { name: "customers", columns, rows: customers.iter().map(cells).collect() }
}

pub const EMPLOYEES: i64 = 38;

pub fn employees(chance: &mut Chance) -> Table {
    let rows = (1..=EMPLOYEES).map(|id| {
        let (first, last) = (*chance.pick(&FIRST), *chance.pick(&LAST));
        let (department, title) = if id == 1 { ("management", "Managing director") } else { *chance.pick(&TITLES) };
        // The first five lead; the others report to one of them.
        let chief = match id {
            1 => Value::Null,
            2..=5 => 1.into(),
            _ => chance.between(2, 5).into(),
        };
        let email = format!("{}.{}@shop.example", plain(first), plain(last));
        let salary = chance.between(24, 78) * 100;
        row([id.into(), format!("{first} {last}").into(), email.into(), department.into(), title.into(), chief, salary.into()])
    });
    let columns = vec![
        ("emp_id", "INTEGER"),
        ("name", "TEXT"),
        ("email", "TEXT"),
        ("department", "TEXT"),
        ("title", "TEXT"),
        ("reports_to", "INTEGER"),
        ("salary", "INTEGER"),
    ];
    Table { name: "employees", columns, rows: rows.collect() }
}

/// A German account number; seven in a hundred were mistyped, so their checksum is wrong.
pub fn iban(chance: &mut Chance) -> String {
    let account = chance.digits(18);
    let check = 98 - remainder(&format!("{account}131400"));
    let check = if chance.happens(70) { (check + chance.between(1, 90) as u64) % 97 } else { check };
    format!("DE{check:02}{account}")
}

/// Of a number of any length, what is left of it when it is divided by 97.
fn remainder(digits: &str) -> u64 {
    digits.bytes().fold(0, |left, digit| (left * 10 + u64::from(digit - b'0')) % 97)
}

fn spelled_out(name: &str) -> String {
    name.replace('ü', "ue").replace('ä', "ae").replace(['ö', 'ø'], "oe")
}

/// Without anything that an address of mail has not.
fn plain(name: &str) -> String {
    let letters = spelled_out(name).to_lowercase();
    let known = letters.chars().map(|letter| match letter {
        'é' | 'è' | 'ë' => 'e',
        'á' | 'à' | 'ã' => 'a',
        'ç' => 'c',
        'í' => 'i',
        'ó' => 'o',
        'š' => 's',
        other => other,
    });
    known.filter(char::is_ascii_alphanumeric).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_account_numbers_pass_their_check_and_some_do_not() {
        let mut chance = Chance::new(1);
        let passes = |iban: &str| remainder(&format!("{}1314{}", &iban[4..], &iban[2..4])) == 1;
        // One of the textbook.
        assert!(passes("DE89370400440532013000"));
        let passed = (0..1_000).filter(|_| passes(&iban(&mut chance))).count();
        assert!((900..970).contains(&passed), "{passed} of 1000 pass");
    }
}
