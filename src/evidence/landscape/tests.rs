//! Roles and domains of a small shop, a star, and many tables.

use super::*;
use crate::domain::Column;
use crate::evidence::infer::{InferredKey, InferredReference};

/// `orders(order_id:integer, total:float) 7000`, and references as `orders.customer_id->customers.id`.
fn landscape(tables: &[(&str, &str, u64)], references: &[&str]) -> Landscape {
    let table = |(name, columns, rows): &(&str, &str, u64)| Table {
        schema: "main".to_owned(),
        name: (*name).to_owned(),
        row_count: Some(*rows),
        columns: columns
            .split(' ')
            .map(|column| {
                let (name, r#type) = column.split_once(':').unwrap_or((column, "integer"));
                Column { name: name.to_owned(), r#type: r#type.to_owned(), ..Column::default() }
            })
            .collect(),
        ..Table::default()
    };
    let key = |(name, columns, _): &(&str, &str, u64)| {
        let columns: Vec<String> = columns.split(' ').filter(|column| !column.contains(':')).map(str::to_owned).collect();
        let keys: Vec<String> = columns.iter().take(if name.contains("_by_") { 2 } else { 1 }).cloned().collect();
        InferredKey { schema: "main".to_owned(), table: (*name).to_owned(), columns: keys, confidence: 1.0, signals: Vec::new() }
    };
    let reference = |text: &&str| {
        let (child, parent) = text.split_once("->").unwrap();
        let ((child_table, child_column), (parent_table, parent_column)) =
            (child.split_once('.').unwrap(), parent.split_once('.').unwrap());
        InferredReference {
            child_schema: "main".to_owned(),
            child_table: child_table.to_owned(),
            child_columns: vec![child_column.to_owned()],
            parent_schema: "main".to_owned(),
            parent_table: parent_table.to_owned(),
            parent_columns: vec![parent_column.to_owned()],
            confidence: 0.9,
            signals: Vec::new(),
            declared: false,
            compared: 10,
            missing: 0,
            sentinels: 0,
            child_rows: 10,
            rejected: None,
        }
    };
    let inference = Inference {
        keys: tables.iter().map(key).collect(),
        references: references.iter().map(reference).collect(),
        ..Inference::default()
    };
    let tables: Vec<Table> = tables.iter().map(table).collect();
    Landscape::of(&tables, &inference, &HashMap::new())
}

const SHOP: [(&str, &str, u64); 13] = [
    ("orders", "order_id customer_id ordered_at:text total:float coupon_code:text", 7_000),
    ("order_items", "order_id line_no product_id quantity unit_price:float", 14_000),
    ("payments", "payment_id order_id amount:float paid_on:text", 7_000),
    ("customers", "id name:text city_id registered_at:text", 3_000),
    ("cities", "id name:text", 90),
    ("products", "id name:text category_id weight_kg:float", 800),
    ("categories", "id parent_id name:text", 35),
    ("products_by_tag", "product_id tag_id", 900),
    ("tags", "id name:text", 30),
    ("orders_old", "order_id customer_id ordered_at:text total:float coupon_code:text", 1_200),
    ("gift_cards", "card_no customer_id balance:float", 0),
    ("web_events", "session:text at:timestamp kind:text", 6_000),
    ("settings", "name:text value:text", 12),
];

const JOINS: [&str; 9] = [
    "orders.customer_id->customers.id",
    "order_items.order_id->orders.order_id",
    "order_items.product_id->products.id",
    "payments.order_id->orders.order_id",
    "customers.city_id->cities.id",
    "products.category_id->categories.id",
    "categories.parent_id->categories.id",
    "products_by_tag.product_id->products.id",
    "products_by_tag.tag_id->tags.id",
];

#[test]
fn every_table_plays_its_part() {
    let found = landscape(&SHOP, &JOINS);
    let role = |table: &str| found.place(&format!("main.{table}")).unwrap().role;
    let expect = [
        ("orders", Role::Fact),
        ("order_items", Role::Fact),
        ("payments", Role::Fact),
        ("customers", Role::Entity),
        ("cities", Role::Lookup),
        ("products", Role::Entity),
        ("categories", Role::Lookup),
        ("products_by_tag", Role::Bridge),
        ("orders_old", Role::Copy),
        ("gift_cards", Role::Empty),
        ("web_events", Role::Log),
        ("settings", Role::Configuration),
    ];
    for (table, expected) in expect {
        assert_eq!(role(table), expected, "{table}: {:?}", found.place(&format!("main.{table}")));
        assert!(!found.place(&format!("main.{table}")).unwrap().why.is_empty(), "{table}");
    }
    assert_eq!(found.place("main.orders_old").unwrap().copy_of.as_deref(), Some("main.orders"));
}

#[test]
fn a_star_has_dimensions_around_its_facts() {
    let tables = [
        ("sales", "sale_id store_id item_id day_id amount:float", 90_000),
        ("store", "id name:text city:text region:text size:integer manager:text opened:date", 80),
        ("item", "id name:text brand:text class:text color:text price:float", 4_000),
        ("day", "id date:date week month quarter year weekday:text", 2_000),
    ];
    let found = landscape(&tables, &["sales.store_id->store.id", "sales.item_id->item.id", "sales.day_id->day.id"]);
    let role = |table: &str| found.place(table).unwrap().role;
    assert_eq!(
        ["main.sales", "main.store", "main.item", "main.day"].map(role),
        [Role::Fact, Role::Dimension, Role::Dimension, Role::Dimension]
    );
}

#[test]
fn tables_that_refer_to_each_other_belong_together() {
    let found = landscape(&SHOP, &JOINS);
    let domain = |table: &str| found.domain_of(table).map(|domain| domain.centre.as_str());
    assert_eq!(domain("main.orders"), domain("main.payments"));
    assert_eq!(domain("main.products"), domain("main.tags"));
    assert_eq!(domain("main.orders_old"), domain("main.orders"), "a copy goes with its original");
    assert_ne!(domain("main.orders"), domain("main.products"));
    assert_eq!(domain("main.settings"), None);
    assert!(found.domains.iter().all(|domain| domain.tables.len() >= 3 && domain.tables.contains(&domain.centre)), "{:?}", found.domains);
}

#[test]
fn the_order_of_tables_makes_no_difference() {
    let mut tables = SHOP;
    tables.reverse();
    let mut joins = JOINS;
    joins.reverse();
    let (one, other) = (landscape(&SHOP, &JOINS), landscape(&tables, &joins));
    assert_eq!((one.places, one.domains), (other.places, other.domains));
}

#[test]
fn many_tables_are_divided_in_time() {
    let names: Vec<String> = (0..900).map(|at| format!("{}_{at}", ["billing", "stock", "staff"][at % 3])).collect();
    let tables: Vec<(&str, &str, u64)> = names.iter().map(|name| (name.as_str(), "id parent_id value:float", 10)).collect();
    let joins: Vec<String> = (9..900).map(|at| format!("{}.parent_id->{}.id", names[at], names[at % 9])).collect();
    let joins: Vec<&str> = joins.iter().map(String::as_str).collect();
    let found = landscape(&tables, &joins);
    assert!(found.domains.len() >= 3 && found.domains.len() <= 30, "{}", found.domains.len());
}
