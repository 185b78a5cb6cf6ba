//! The demo's shop: what is broken in it, by SQL; and the demo itself, from its first line to its last.

use std::path::Path;

use fathom::cli::demo::shop;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::cli::fathom;

async fn opened(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).read_only(true).connect().await.unwrap()
}

async fn number(connection: &mut SqliteConnection, sql: &str) -> i64 {
    sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// What is broken: a query, and how many rows it counts at least and at most.
const BROKEN: [(&str, &str, i64, i64); 30] = [
    (
        "no key, index, reference or bound is declared",
        "select count(*) from sqlite_schema where type <> 'table' or lower(sql) like '% key%' or lower(sql) like '%not null%' or lower(sql) like '%unique%'",
        0,
        0,
    ),
    ("every table's name and size", "select count(*) from sqlite_schema", 18, 18),
    (
        "customers who are there twice under another spelling of one address",
        "select count(*) from customers c join customers d on lower(c.email) = lower(d.email) and c.id < d.id and c.email <> d.email",
        30,
        85,
    ),
    (
        "customers who are there twice under one account",
        "select count(*) from customers c join customers d on c.iban = d.iban and c.id < d.id",
        80,
        90,
    ),
    ("and yet their number identifies them", "select count(*) - count(distinct id) from customers", 0, 0),
    (
        "orders of second entries",
        "select count(*) from orders where customer_id in (select max(id) from customers group by iban having count(*) > 1)",
        20,
        200,
    ),
    ("items of products that were deleted", "select count(*) from order_items where product_id not in (select id from products)", 70, 160),
    ("items in all, so that these are about 0.8 %", "select count(*) from order_items", 12_000, 18_000),
    ("items whose order is gone", "select count(*) from order_items where order_id not in (select order_id from orders)", 0, 0),
    (
        "carriers that are no supplier's number, though they have nothing to do with them",
        "select count(*) from shipments where carrier_code not in (select id from suppliers)",
        0,
        0,
    ),
    (
        "states of orders that are no warehouse's, supplier's or employee's number",
        "select count(*) from orders where status not in (select id from suppliers) or status not in (select emp_id from employees)",
        0,
        0,
    ),
    (
        "days of payments as dd.mm.yyyy",
        "select count(*) from payments where paid_on glob '[0-9][0-9].[0-9][0-9].[0-9][0-9][0-9][0-9]'",
        1_000,
        1_500,
    ),
    (
        "days of payments as ISO",
        "select count(*) from payments where paid_on glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'",
        4_000,
        5_000,
    ),
    (
        "days of payments as seconds since 1970",
        "select count(*) from payments where paid_on glob '1[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]'",
        1_000,
        3_000,
    ),
    ("days of payments in any other way", "select count(*) from payments where length(paid_on) <> 10", 0, 0),
    (
        "orders that were paid in several payments",
        "select count(*) from (select order_id from payments group by order_id having count(*) > 1)",
        300,
        800,
    ),
    (
        "orders that were paid twice in full",
        "select count(*) from (select p.order_id from payments p join orders o using (order_id) where abs(p.amount - o.total) < 0.005 group by 1 having count(*) = 2)",
        10,
        80,
    ),
    (
        "cents by which shipping fees grow in a hundred when they are summed over items",
        "select cast(100 * (select sum(shipping_fee) from orders join order_items using (order_id)) / (select sum(shipping_fee) from orders) as integer)",
        120,
        400,
    ),
    (
        "orders without a seller who say so by 0",
        "select count(*) from orders where sales_rep = 0 and sales_rep not in (select emp_id from employees)",
        2_000,
        3_500,
    ),
    ("orders without a coupon who say so in words", "select count(*) from orders where coupon_code = 'N/A'", 700, 1_300),
    ("customers who were born on the first day of 1900", "select count(*) from customers where birth_date = '1900-01-01'", 150, 350),
    ("customers without a telephone who say so in words", "select count(*) from customers where phone = 'N/A'", 80, 250),
    (
        "purchase prices with a comma",
        "select count(*) from products where purchase_price like '%,__' and typeof(purchase_price) = 'text'",
        750,
        840,
    ),
    (
        "goods sent before they were ordered",
        "select count(*) from shipments join orders using (order_id) where shipped_on < date(ordered_at)",
        5,
        60,
    ),
    ("less than nothing in stock", "select count(*) from stock_levels where quantity < 0", 3, 40),
    (
        "orders in the copy that are in no other table",
        "select count(*) from orders_old where order_id not in (select order_id from orders)",
        130,
        130,
    ),
    (
        "orders whose state is another one in the copy",
        "select count(*) from orders_old o join orders n using (order_id) where o.status <> n.status",
        60,
        250,
    ),
    (
        "events that are there twice",
        "select count(*) from (select 1 from web_events group by at, session, action, object_type, object_id having count(*) > 1)",
        30,
        150,
    ),
    ("tables without a row", "select (select count(*) from gift_cards)", 0, 0),
    (
        "customers of the old program who are found by their number as text",
        "select count(*) from KDSTM01 where cast(KDNR as integer) in (select id from customers) and length(KDNR) = 8",
        1_100,
        1_100,
    ),
];

#[tokio::test]
async fn the_shop_is_broken_as_shops_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let made = shop::write(&path).await.unwrap();
    assert!((45_000..60_000).contains(&made.rows), "{made:?}");
    let mut connection = opened(&path).await;
    let mut wrong = Vec::new();
    for (what, sql, least, most) in BROKEN {
        let found = number(&mut connection, sql).await;
        if !(least..=most).contains(&found) {
            wrong.push(format!("{what}: {found}, not {least} to {most}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a shop must have so that what is broken is worth finding.
const SOUND: [(&str, &str); 9] = [
    ("stock is kept by warehouse and product", "select count(*) - count(distinct warehouse_id || '/' || product_id) from stock_levels"),
    ("an item is known by order and line", "select count(*) - count(distinct order_id || '/' || line_no) from order_items"),
    (
        "what comes back was an item",
        "select count(*) from returns r where not exists (select 1 from order_items i where i.order_id = r.order_id and i.line_no = r.line_no)",
    ),
    (
        "categories are a tree",
        "select count(*) from categories where parent_id is not null and parent_id not in (select id from categories)",
    ),
    (
        "employees report to employees",
        "select count(*) from employees where reports_to is not null and reports_to not in (select emp_id from employees)",
    ),
    (
        "nobody orders before registering",
        "select count(*) from orders join customers on id = customer_id where date(ordered_at) < registered_at",
    ),
    (
        "the last price is the one of the list",
        "select count(*) from products p where list_price <> (select price from price_history where product_id = p.id order by valid_from desc limit 1)",
    ),
    (
        "an order's total is what its items cost, less its coupon, and the fee",
        "select count(*) from orders o where abs(total - shipping_fee - (select sum(quantity * unit_price) from order_items i where i.order_id = o.order_id) * (1 - ifnull((select percent from coupons where code = coupon_code), 0) / 100.0)) > 0.011",
    ),
    ("nothing is paid of an order that was cancelled", "select count(*) from payments join orders using (order_id) where status = 6"),
];

#[tokio::test]
async fn what_is_not_broken_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    shop::write(&path).await.unwrap();
    let mut connection = opened(&path).await;
    for (what, sql) in SOUND {
        assert_eq!(number(&mut connection, sql).await, 0, "{what}");
    }
}

#[tokio::test]
async fn the_shop_is_the_same_every_time_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one.db"), folder.path().join("other.db"));
    shop::write(&one).await.unwrap();
    shop::write(&other).await.unwrap();
    assert!(std::fs::read(&one).unwrap() == std::fs::read(&other).unwrap(), "two shops differ");
    assert_eq!(shop::write(&one).await.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
}

#[test]
fn the_demo_ends_by_itself_where_nobody_watches_and_fits_on_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let (exit, text, errors) = fathom(folder.path(), &["demo", "--data", "data"]);
    assert_eq!(exit, 0, "{text}{errors}");
    assert!(text.lines().count() <= 60, "{} lines:\n{text}", text.lines().count());
    for said in [
        "18 tables",
        "round  1",
        "What was found",
        "order_items.order_id → orders.order_id",
        "What is odd",
        "order_items.product_id → products.id: 127 of 14556 rows lead nowhere",
        "What only a person knows",
        "runs answer run_",
    ] {
        assert!(text.contains(said), "`{said}` is not said:\n{text}");
    }
    assert!(!text.contains("\u{1b}["), "colours where nobody watches:\n{text}");
}
