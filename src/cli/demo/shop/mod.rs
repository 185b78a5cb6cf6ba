//! The demo's database: a shop as one finds it after ten years, with nothing declared and much of what goes wrong.
//!
//! What is broken in it is counted by a test. The demo is told nothing of it: it has to find out.

mod days;
mod goods;
mod leftovers;
mod people;
mod trade;

use std::path::Path;

use serde_json::Value;

use super::chance::Chance;
use crate::source::sqlite::fresh::{Table, make};

const SEED: u64 = 2_026;

/// What the file holds, for whoever says what was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    pub tables: usize,
    pub rows: usize,
}

/// Writes the shop into a file that is not there yet.
pub async fn write(path: &Path) -> std::io::Result<Made> {
    let tables = tables();
    make(path, &tables).await?;
    Ok(Made { tables: tables.len(), rows: tables.iter().map(|table| table.rows.len()).sum() })
}

fn tables() -> Vec<Table> {
    let mut chance = Chance::new(SEED);
    let customers = people::customers(&mut chance);
    let employees = people::employees(&mut chance);
    let goods = goods::goods(&mut chance);
    let trade = trade::trade(&customers, &goods, &mut chance);
    let mut tables = leftovers::leftovers(&customers, &trade, &mut chance);
    tables.extend([people::customers_table(&customers), employees]);
    tables.extend(goods.tables);
    tables.extend(trade.tables);
    tables.sort_by_key(|table| table.name);
    tables
}

fn row<const WIDTH: usize>(cells: [Value; WIDTH]) -> Vec<Value> {
    cells.to_vec()
}

/// Cents as money with two places.
fn money(cents: i64) -> Value {
    Value::from(cents as f64 / 100.0)
}

/// As it is written by hand: `1.234,50`.
fn money_by_hand(cents: i64) -> Value {
    let (whole, rest) = (cents / 100, cents % 100);
    let whole = if whole >= 1000 { format!("{}.{:03}", whole / 1000, whole % 1000) } else { whole.to_string() };
    Value::from(format!("{whole},{rest:02}"))
}
