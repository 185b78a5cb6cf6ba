//! Orders and what comes of them: items, payments, shipments, returns.

use serde_json::Value;

use super::super::chance::Chance;
use super::days::{self, epoch, german, iso};
use super::goods::Goods;
use super::people::{Customer, EMPLOYEES, one_who_orders};
use super::{money, row};
use crate::source::sqlite::fresh::Table;

pub const ORDERS: i64 = 7_000;
/// The first order's number.
pub const FIRST_ORDER: i64 = 100_001;
const COUPONS: [(&str, i64); 12] = [
    ("WELCOME10", 10),
    ("SUMMER23", 15),
    ("AUTUMN23", 10),
    ("XMAS23", 20),
    ("SPRING24", 10),
    ("SUMMER24", 15),
    ("BIRTHDAY", 12),
    ("XMAS24", 20),
    ("LOYAL5", 5),
    ("SORRY", 25),
    ("SUMMER25", 15),
    ("NEWSLETTER", 5),
];
const REASONS: [&str; 6] = ["damaged", "too late", "wrong item", "does not fit", "not as shown", "no longer wanted"];

/// 1 new, 2 paid, 3 packed, 4 shipped, 5 delivered, 6 cancelled: nowhere written down.
const DELIVERED: i64 = 5;
const CANCELLED: i64 = 6;

pub struct Trade {
    pub tables: Vec<Table>,
    pub orders: Table,
}

/// What the other tables need to know of an order.
struct Order {
    id: i64,
    day: i64,
    status: i64,
    cents: i64,
    lines: i64,
}

pub fn trade(customers: &[Customer], goods: &Goods, chance: &mut Chance) -> Trade {
    let (mut orders, mut items, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..ORDERS {
        let id = FIRST_ORDER + number;
        let mut day = days::FIRST + number * (days::LAST - days::FIRST) / ORDERS;
        if day - 40 >= days::FIRST && days::is_before_christmas(day - 40) && chance.happens(300) {
            day -= 40;
        }
        let customer = one_who_orders(customers, day, chance);
        let status = if day > days::LAST - 20 {
            chance.between(1, 4)
        } else if chance.happens(70) {
            CANCELLED
        } else {
            DELIVERED
        };
        let lines = 1 + chance.early(6) as i64;
        let mut cents = 0;
        for line in 1..=lines {
            let product = goods.products[chance.early(goods.products.len())];
            let id_of_product = if chance.happens(8) { *chance.pick(&goods.deleted) } else { product.id };
            let quantity = 1 + chance.early(5) as i64;
            cents += product.cents * quantity;
            items.push(row([id.into(), line.into(), id_of_product.into(), quantity.into(), money(product.cents)]));
        }
        let coupon = if chance.happens(60) { Some(chance.pick(&COUPONS)) } else { None };
        cents -= coupon.map_or(0, |(_, percent)| cents * percent / 100);
        // Large orders are sent for nothing.
        let fee = if cents > 90_000 { 0 } else { 495 };
        cents += fee;
        let code = match coupon {
            Some((code, _)) => Value::from(*code),
            None if chance.happens(150) => "N/A".into(),
            None => Value::Null,
        };
        // Nobody sold it: the order came through the web.
        let seller = if chance.happens(400) { 0 } else { chance.between(6, EMPLOYEES) };
        let at = format!("{} {:02}:{:02}:00", iso(day), chance.between(6, 23), chance.between(0, 59));
        let cells = [id.into(), customer.id.into(), seller.into(), at.into(), status.into(), code, money(fee), money(cents)];
        orders.push(row(cells));
        known.push(Order { id, day, status, cents, lines });
    }
    let columns = vec![
        ("order_id", "INTEGER"),
        ("customer_id", "INTEGER"),
        ("sales_rep", "INTEGER"),
        ("ordered_at", "TEXT"),
        ("status", "INTEGER"),
        ("coupon_code", "TEXT"),
        ("shipping_fee", "REAL"),
        ("total", "REAL"),
    ];
    let orders = Table { name: "orders", columns, rows: orders };
    let columns =
        vec![("order_id", "INTEGER"), ("line_no", "INTEGER"), ("product_id", "INTEGER"), ("quantity", "INTEGER"), ("unit_price", "REAL")];
    let items = Table { name: "order_items", columns, rows: items };
    let tables = vec![orders.clone(), items, payments(&known, chance), shipments(&known, chance), returns(&known, chance), coupons()];
    Trade { tables, orders }
}

/// Once the accounts were kept by hand, then by a program, then by another one: three ways of writing a day.
fn written(day: i64, id: i64) -> String {
    match id {
        ..1_200 => german(day),
        1_200..5_600 => iso(day),
        _ => epoch(day),
    }
}

fn payments(orders: &[Order], chance: &mut Chance) -> Table {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for order in orders.iter().filter(|order| order.status > 1 && order.status != CANCELLED) {
        // Some pay in instalments, and some by mistake twice.
        let parts = if chance.happens(80) { chance.between(2, 4) } else { 1 };
        let twice = parts == 1 && chance.happens(5);
        for part in 0..parts + i64::from(twice) {
            let share = if part + 1 == parts { order.cents - order.cents / parts * (parts - 1) } else { order.cents / parts };
            let cents = if twice { order.cents } else { share };
            let id = rows.len() as i64 + 1;
            let day = written(order.day + chance.between(0, 6) + part * 30, id);
            let method = *chance.pick(&["card", "card", "paypal", "transfer", "invoice"]);
            rows.push(row([id.into(), order.id.into(), day.into(), method.into(), money(cents)]));
        }
    }
    let columns = vec![("payment_id", "INTEGER"), ("order_id", "INTEGER"), ("paid_on", "TEXT"), ("method", "TEXT"), ("amount", "REAL")];
    Table { name: "payments", columns, rows }
}

fn shipments(orders: &[Order], chance: &mut Chance) -> Table {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for order in orders.iter().filter(|order| order.status == 4 || order.status == DELIVERED) {
        // Sent before it was ordered: a clock that was wrong.
        let wait = if chance.happens(4) { -chance.between(1, 30) } else { chance.between(0, 9) };
        let id = rows.len() as i64 + 1;
        let tracking = format!("JD{}", chance.digits(12));
        let carrier = 1 + chance.early(5) as i64;
        let warehouse = 1 + chance.early(4) as i64;
        let grams = chance.between(200, 48_000) as f64 / 1000.0;
        let cells =
            [id.into(), order.id.into(), warehouse.into(), carrier.into(), iso(order.day + wait).into(), grams.into(), tracking.into()];
        rows.push(row(cells));
    }
    let columns = vec![
        ("shipment_id", "INTEGER"),
        ("order_id", "INTEGER"),
        ("warehouse_id", "INTEGER"),
        ("carrier_code", "INTEGER"),
        ("shipped_on", "TEXT"),
        ("weight_kg", "REAL"),
        ("tracking_no", "TEXT"),
    ];
    Table { name: "shipments", columns, rows }
}

fn returns(orders: &[Order], chance: &mut Chance) -> Table {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for order in orders.iter().filter(|order| order.status == DELIVERED) {
        if chance.happens(90) {
            let id = rows.len() as i64 + 1;
            let line = chance.between(1, order.lines);
            let day = iso(order.day + chance.between(6, 40));
            rows.push(row([id.into(), order.id.into(), line.into(), day.into(), (*chance.pick(&REASONS)).into()]));
        }
    }
    let columns =
        vec![("return_id", "INTEGER"), ("order_id", "INTEGER"), ("line_no", "INTEGER"), ("returned_on", "TEXT"), ("reason", "TEXT")];
    Table { name: "returns", columns, rows }
}

fn coupons() -> Table {
    let coupon = |(at, (code, percent)): (i64, (&str, i64))| {
        row([code.into(), percent.into(), iso(days::FIRST + at * 80).into(), iso(days::FIRST + at * 80 + 120).into()])
    };
    let columns = vec![("code", "TEXT"), ("percent", "INTEGER"), ("valid_from", "TEXT"), ("valid_to", "TEXT")];
    Table { name: "coupons", columns, rows: (0..).zip(COUPONS).map(coupon).collect() }
}
