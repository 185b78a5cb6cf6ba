//! What is sold, where it comes from, where it lies and what it cost when.

use serde_json::Value;

use super::super::chance::Chance;
use super::days::{self, iso};
use super::people::iban;
use super::{money, money_by_hand, row};
use crate::source::sqlite::fresh::Table;

const PRODUCTS: i64 = 840;
const SUPPLIERS: i64 = 46;
const WAREHOUSES: [(&str, &str); 4] = [("Hamburg Nord", "Hamburg"), ("Leipzig", "Leipzig"), ("Graz", "Graz"), ("Lyon", "Lyon")];

/// A root, what belongs to it, and what things of it cost in euros.
const CATEGORIES: [(&str, &[&str], (i64, i64)); 6] = [
    ("Furniture", &["Chairs", "Tables", "Shelves", "Beds", "Wardrobes"], (60, 900)),
    ("Kitchen", &["Pans", "Knives", "Kettles", "Mugs", "Bowls", "Storage"], (5, 120)),
    ("Lighting", &["Floor lamps", "Desk lamps", "Pendant lamps", "Bulbs"], (6, 240)),
    ("Textiles", &["Rugs", "Blankets", "Curtains", "Cushions", "Towels"], (9, 320)),
    ("Garden", &["Planters", "Garden chairs", "Tools", "Grills"], (8, 480)),
    ("Office", &["Desks", "Office chairs", "Paper", "Pens", "Lockers"], (2, 650)),
];
const LINES: [&str; 20] = [
    "Alto", "Borna", "Cala", "Dalen", "Elva", "Fjord", "Gaia", "Holm", "Isar", "Juna", "Kilo", "Lund", "Mira", "Nord", "Oslo", "Pino",
    "Runa", "Sund", "Tova", "Ulva",
];
const FINISHES: [&str; 10] = ["oak", "walnut", "white", "black", "steel", "linen", "grey", "brass", "beech", "sand"];
const MAKERS: [&str; 23] = [
    "Nordholz",
    "Atelier Brun",
    "Casa Lume",
    "Tischlerei Vogt",
    "Ferro & Figli",
    "Weberei Lang",
    "Stahlwerk Ost",
    "Lumière du Sud",
    "Keramik Hof",
    "Bosque",
    "Papierhaus",
    "Glashütte Wald",
    "Textil Union",
    "Gartenbau Reuter",
    "Polska Meble",
    "Tulip Design",
    "Alpenlicht",
    "Hafen Import",
    "Mobilia",
    "Leuchten Kraft",
    "Vila Têxtil",
    "Werk 7",
    "Handel Frey",
];
const FORMS: [&str; 2] = ["GmbH", "S.A."];

pub struct Goods {
    pub tables: Vec<Table>,
    pub products: Vec<Product>,
    /// Numbers of products that are not there any more.
    pub deleted: Vec<i64>,
}

#[derive(Clone, Copy)]
pub struct Product {
    pub id: i64,
    pub cents: i64,
}

pub fn goods(chance: &mut Chance) -> Goods {
    let (categories, leaves) = categories();
    let mut products = Vec::new();
    let mut deleted = Vec::new();
    let mut rows = Vec::new();
    for id in 1..=PRODUCTS {
        let (leaf, name, (low, high)) = leaves[chance.early(leaves.len())];
        let share = chance.between(0, 1_000);
        let cents = (low * 100 + share * share * (high - low) * 100 / 1_000_000) / 10 * 10 + 9;
        if chance.happens(40) {
            deleted.push(id);
            continue;
        }
        products.push(Product { id, cents });
        let title = format!("{} {} {}", chance.pick(&LINES), name.to_lowercase(), chance.pick(&FINISHES));
        rows.push(row([
            id.into(),
            format!("{}-{:05}", name.chars().take(3).collect::<String>().to_uppercase(), id * 7).into(),
            title.into(),
            leaf.into(),
            chance.between(1, SUPPLIERS).into(),
            money(cents),
            money_by_hand(cents * chance.between(45, 70) / 100),
            (chance.between(1, 400) as f64 / 10.0).into(),
            chance.happens(910).into(),
        ]));
    }
    let columns = vec![
        ("id", "INTEGER"),
        ("sku", "TEXT"),
        ("name", "TEXT"),
        ("category_id", "INTEGER"),
        ("supplier_id", "INTEGER"),
        ("list_price", "REAL"),
        ("purchase_price", "TEXT"),
        ("weight_kg", "REAL"),
        ("active", "INTEGER"),
    ];
    let products_table = Table { name: "products", columns, rows };
    let tables = vec![categories, products_table, suppliers(chance), warehouses(), stock(&products, chance), prices(&products, chance)];
    Goods { tables, products, deleted }
}

type Leaf = (i64, &'static str, (i64, i64));

/// A tree of two levels in one table.
fn categories() -> (Table, Vec<Leaf>) {
    let (mut rows, mut leaves) = (Vec::new(), Vec::new());
    for (at, (root, _, _)) in CATEGORIES.iter().enumerate() {
        rows.push(row([(at as i64 + 1).into(), Value::Null, (*root).into(), (at as i64 + 1).into()]));
    }
    let mut id = CATEGORIES.len() as i64;
    for (at, (_, names, prices)) in CATEGORIES.iter().enumerate() {
        for (place, name) in (1..).zip(*names) {
            id += 1;
            leaves.push((id, *name, *prices));
            rows.push(row([id.into(), (at as i64 + 1).into(), (*name).into(), place.into()]));
        }
    }
    let columns = vec![("id", "INTEGER"), ("parent_id", "INTEGER"), ("name", "TEXT"), ("sort_order", "INTEGER")];
    (Table { name: "categories", columns, rows }, leaves)
}

fn suppliers(chance: &mut Chance) -> Table {
    let rows = (1..=SUPPLIERS).map(|id| {
        let maker = MAKERS[(id as usize - 1) % MAKERS.len()];
        let name = format!("{maker} {}", FORMS[(id as usize - 1) / MAKERS.len()]);
        let country = *chance.pick(&["DE", "DE", "IT", "FR", "PL", "PT", "AT"]);
        let days = *chance.pick(&[14, 30, 30, 60]);
        row([id.into(), name.into(), country.into(), format!("+49 40 {}", chance.digits(6)).into(), iban(chance).into(), days.into()])
    });
    let columns =
        vec![("id", "INTEGER"), ("name", "TEXT"), ("country", "TEXT"), ("phone", "TEXT"), ("iban", "TEXT"), ("payment_days", "INTEGER")];
    Table { name: "suppliers", columns, rows: rows.collect() }
}

fn warehouses() -> Table {
    let rows = (1i64..).zip(WAREHOUSES).map(|(id, (name, city))| row([id.into(), name.into(), city.into()])).collect();
    Table { name: "warehouses", columns: vec![("id", "INTEGER"), ("name", "TEXT"), ("city", "TEXT")], rows }
}

fn stock(products: &[Product], chance: &mut Chance) -> Table {
    let mut rows = Vec::new();
    for product in products {
        for warehouse in 1..=WAREHOUSES.len() as i64 {
            if chance.happens(700) {
                // Counted wrong once: less than nothing.
                let quantity = if chance.happens(6) { -chance.between(1, 4) } else { chance.between(0, 180) };
                let counted = iso(days::LAST - chance.between(0, 200));
                rows.push(row([warehouse.into(), product.id.into(), quantity.into(), chance.between(0, 20).into(), counted.into()]));
            }
        }
    }
    let columns = vec![
        ("warehouse_id", "INTEGER"),
        ("product_id", "INTEGER"),
        ("quantity", "INTEGER"),
        ("min_quantity", "INTEGER"),
        ("counted_on", "TEXT"),
    ];
    Table { name: "stock_levels", columns, rows }
}

/// Each product's prices over time; the last is the one of the list.
fn prices(products: &[Product], chance: &mut Chance) -> Table {
    let mut rows = Vec::new();
    for product in products {
        let changes = chance.between(1, 5);
        for change in 1..=changes {
            let day = days::FIRST - 300 + change * 190 + chance.between(0, 90);
            let cents = product.cents * (100 - 4 * (changes - change)) / 100;
            rows.push(row([product.id.into(), iso(day).into(), money(cents)]));
        }
    }
    Table { name: "price_history", columns: vec![("product_id", "INTEGER"), ("valid_from", "TEXT"), ("price", "REAL")], rows }
}
