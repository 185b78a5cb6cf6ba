//! A small shop with declared and undeclared references, as a SQLite file.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

const SHOP: &str = "
create table customers (id integer primary key, name text not null, email text unique, country text);
create table products (id integer primary key, title text not null, price_cents integer not null, status text not null);
create table orders (id integer primary key, customer_id integer not null references customers (id), placed_at text not null, status text not null);
create table order_items (order_id integer not null references orders (id), product_id integer not null, quantity integer not null, primary key (order_id, product_id));
create view order_totals as select order_id, sum(quantity) as pieces from order_items group by order_id;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
insert into customers select i, 'customer ' || i, 'c' || i || '@example.org', case i % 3 when 0 then 'DE' when 1 then 'FR' else 'PT' end from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 25)
insert into products select i, 'product ' || i, 100 * i, case when i % 5 = 0 then 'X' else 'A' end from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 200)
insert into orders select i, 1 + (i * 7) % 60, date('2026-01-01', '+' || i || ' days'), case i % 4 when 0 then 'N' when 1 then 'P' else 'S' end from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 400)
insert or ignore into order_items select 1 + (i * 3) % 200, 1 + (i * 11) % 25, 1 + i % 4 from n;
";

/// Makes a shop of its own in the folder.
pub async fn make(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    change(&path, SHOP).await;
    path
}

/// As whoever owns the shop would.
pub async fn change(path: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection: SqliteConnection = options.connect().await.expect("the database can be opened");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("the statements are carried out");
    connection.close().await.expect("the shop is closed");
}
