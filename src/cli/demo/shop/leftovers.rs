//! What nobody cleaned up: a copy of the orders, a table of the program before, a log of everything, a table for what never came.

use serde_json::Value;

use super::super::chance::Chance;
use super::days::{self, compact};
use super::people::Customer;
use super::row;
use super::trade::{FIRST_ORDER, ORDERS, Trade};
use crate::source::sqlite::fresh::Table;

const EVENTS: i64 = 6_000;
/// Orders that stand in the copy; the oldest of them are in no other table any more.
const COPIED: usize = 1_150;
const ONLY_IN_COPY: i64 = 130;

pub fn leftovers(customers: &[Customer], trade: &Trade, chance: &mut Chance) -> Vec<Table> {
    let columns = vec![("card_no", "TEXT"), ("customer_id", "INTEGER"), ("balance", "REAL"), ("issued_on", "TEXT")];
    let gift_cards = Table { name: "gift_cards", columns, rows: Vec::new() };
    vec![gift_cards, old_orders(&trade.orders, customers, chance), legacy(customers, chance), events(customers, chance)]
}

fn old_orders(orders: &Table, customers: &[Customer], chance: &mut Chance) -> Table {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for (number, like) in (0..ONLY_IN_COPY).zip(&orders.rows) {
        let mut gone = like.clone();
        gone[0] = (FIRST_ORDER - ONLY_IN_COPY + number).into();
        gone[1] = customers[chance.below(400)].id.into();
        rows.push(gone);
    }
    for order in orders.rows.iter().take(COPIED) {
        let mut then = order.clone();
        if chance.happens(120) {
            // As it was when the copy was made.
            then[4] = chance.between(1, 4).into();
        }
        rows.push(then);
    }
    Table { name: "orders_old", columns: orders.columns.clone(), rows }
}

/// Customers as the program before kept them: names of eight letters, numbers as text, days as numbers.
fn legacy(customers: &[Customer], chance: &mut Chance) -> Table {
    let old = customers.iter().take(1_100);
    let rows = old.map(|of| {
        let (zip, city, _) = of.place;
        let since = if chance.happens(90) { 0 } else { compact(of.since) };
        let sales = format!("{},{:02}", chance.between(0, 9_999), chance.between(0, 99));
        row([
            format!("{:08}", of.id).into(),
            of.last.to_uppercase().into(),
            of.first.to_uppercase().into(),
            zip.into(),
            city.to_uppercase().into(),
            (*chance.pick(&["A", "A", "A", "I", " "])).into(),
            since.into(),
            sales.into(),
        ])
    });
    let rows = rows.collect();
    let columns = vec![
        ("KDNR", "TEXT"),
        ("NAM1", "TEXT"),
        ("NAM2", "TEXT"),
        ("PLZ", "TEXT"),
        ("ORT", "TEXT"),
        ("KZ1", "TEXT"),
        ("ANLDAT", "INTEGER"),
        ("UMSVJ", "TEXT"),
    ];
    Table { name: "KDSTM01", columns, rows }
}

/// What was looked at, whatever it was; the browser sometimes says it twice.
fn events(customers: &[Customer], chance: &mut Chance) -> Table {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for number in 0..EVENTS {
        let second = days::FIRST * 86_400 + number * (days::LAST - days::FIRST) * 86_400 / EVENTS + chance.between(0, 3_000);
        let (kind, id) = match chance.below(10) {
            0..=5 => ("product", chance.between(1, 840)),
            6 | 7 => ("category", chance.between(1, 35)),
            8 => ("order", FIRST_ORDER + number * ORDERS / EVENTS),
            _ => ("customer", customers[chance.below(customers.len())].id),
        };
        let session = format!("{:012x}", chance.next() & 0xffff_ffff_ffff);
        let action = *chance.pick(&["view", "view", "view", "click", "search"]);
        let event = row([second.into(), session.into(), action.into(), kind.into(), id.into()]);
        if chance.happens(12) {
            rows.push(event.clone());
        }
        rows.push(event);
    }
    let columns = vec![("at", "INTEGER"), ("session", "TEXT"), ("action", "TEXT"), ("object_type", "TEXT"), ("object_id", "INTEGER")];
    Table { name: "web_events", columns, rows }
}
