//! Days of the shop, counted since 1970, and the ways in which they were written down over the years.

use time::{Date, Duration, Month};

/// The first and the last day of the orders.
pub const FIRST: i64 = 19_359; // 2023-01-02
pub const LAST: i64 = 20_400; // 2025-11-08

fn date(day: i64) -> Date {
    let epoch = Date::from_calendar_date(1970, Month::January, 1).expect("the first of January is a day");
    epoch.checked_add(Duration::days(day)).expect("the shop's days are of our time")
}

pub fn iso(day: i64) -> String {
    let date = date(day);
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

pub fn german(day: i64) -> String {
    let date = date(day);
    format!("{:02}.{:02}.{:04}", date.day(), u8::from(date.month()), date.year())
}

pub fn compact(day: i64) -> i64 {
    let date = date(day);
    i64::from(date.year()) * 10_000 + i64::from(u8::from(date.month())) * 100 + i64::from(date.day())
}

pub fn epoch(day: i64) -> String {
    (day * 86_400 + 43_200).to_string()
}

pub fn is_before_christmas(day: i64) -> bool {
    matches!(date(day).month(), Month::November | Month::December)
}
