//! Queries of what is not hidden give what they gave before.

use serde_json::json;

use super::Place;

async fn check(place: &Place, cases: &[(&str, serde_json::Value)]) {
    for (sql, expect) in cases {
        assert_eq!(place.rows(sql).await, *expect, "{:?}: {sql}", place.dialect());
    }
}

async fn legitimate_queries_work(place: &Place) {
    let cases = [
        ("select name, email from customers order by id", json!([["Ada", "***"], ["Bob", "***"]])),
        ("select count(*) from customers", json!([[2]])),
        ("select customers.name from customers where customers.id = 1", json!([["Ada"]])),
        ("select SCHEMA.customers.name from SCHEMA.customers where SCHEMA.customers.id = 1", json!([["Ada"]])),
        ("select SCHEMA.orders.id from SCHEMA.orders where SCHEMA.orders.id = 10", json!([[10]])),
        (
            "select c.name, o.id from customers c join orders o on o.customer_id = c.id order by o.id",
            json!([["Ada", 10], ["Ada", 11], ["Bob", 12]]),
        ),
        (
            "select customers.name, orders.id from customers, orders where orders.customer_id = customers.id and total = 9",
            json!([["Bob", 12]]),
        ),
        ("select name from customers as c where exists (select 1 from orders where customer_id = c.id and total > 8)", json!([["Bob"]])),
        ("select n from (select name as n from customers) t order by n", json!([["Ada"], ["Bob"]])),
        ("with customers as (select 7 as id) select * from customers", json!([[7]])),
        ("with secrets as (select 7 as id) select * from secrets s join orders o on o.total = s.id", json!([[7, 11, 1, 7]])),
        ("with c as (select id, name from customers), d as (select * from c) select name from d where id = 2", json!([["Bob"]])),
        (
            "with recursive n as (select 1 as i union all select i + 1 from n where i < 3) select count(*) from n join orders on 1 = 1",
            json!([[9]]),
        ),
        ("select a.id from orders a join orders b using (id) order by a.id limit 1", json!([[10]])),
        ("select id from orders where total in (select total from orders where id > 10) order by id desc", json!([[12], [11]])),
        ("select count(*) from orders union all select count(*) from customers order by 1", json!([[2], [3]])),
        ("select count(*) from totals", json!([[2]])),
        ("select * from named", json!([[1, 10]])),
        (
            "select id from customers left join (select customer_id as cid from orders) o on o.cid = customers.id group by id order by id",
            json!([[1], [2]]),
        ),
        ("select count(*) from orders o natural join (select id from customers) c", json!([[0]])),
        ("select row_number() over (partition by customer_id order by id) from orders order by id", json!([[1], [2], [1]])),
        ("select 1", json!([[1]])),
    ];
    check(place, &cases).await;
    let plan = place.plan("select name from customers where id = 1").await;
    assert!(plan.is_ok(), "{plan:?}");
}

#[tokio::test]
async fn legitimate_queries_of_sqlite_work() {
    let place = Place::sqlite().await;
    legitimate_queries_work(&place).await;
    check(
        &place,
        &[
            ("select name from 'customers' where id = 1", json!([["Ada"]])),
            ("select \"name\" from [CUSTOMERS] where `id` = 1", json!([["Ada"]])),
            ("select * from customers where id = 1", json!([[1, "Ada", "***", null, "***", "A"]])),
            ("select total from orders not indexed where rowid = 10", json!([[5]])),
            ("select 10 in (select id from orders), value from json_each('[4]')", json!([[1, 4]])),
        ],
    )
    .await;
}

#[tokio::test]
async fn legitimate_queries_of_postgresql_work() {
    let place = Place::postgresql().await;
    legitimate_queries_work(&place).await;
    check(
        &place,
        &[
            ("select * from customers where id = 1", json!([[1, "Ada", "***", null, "***", "A"]])),
            ("select (c).name from customers c where id = 1", json!([["Ada"]])),
            ("select row_to_json(o)->>'total' from only orders o where id = 10", json!([["5"]])),
            (
                "select o.id from customers c, lateral (select id from orders where customer_id = c.id order by id limit 1) o order by 1",
                json!([[10], [12]]),
            ),
            ("select * from \"Odd Schema\".\"Größe\" as g", json!([["***", 3, "***"]])),
            ("select \"Odd Schema\".\"Größe\".\"select\" from \"Odd Schema\".\"Größe\"", json!([[3]])),
            ("select word from parts_open", json!([["open"]])),
            ("select count(*) > 0 from orders tablesample system (100)", json!([[true]])),
            ("table orders order by id limit 1", json!([[10, 1, 5]])),
            ("select id from (table customers) c where name = 'Bob'", json!([[2]])),
            ("select ssn from customers where ssn is null and email = '***' limit 1", json!([[null]])),
            ("select '1'::integer, null::varchar(3)", json!([[1, null]])),
        ],
    )
    .await;
    assert!(place.ask("show search_path").await.is_ok());
}

#[tokio::test]
async fn legitimate_queries_of_mysql_work() {
    let place = Place::mysql().await;
    legitimate_queries_work(&place).await;
    check(
        &place,
        &[
            ("select * from customers where id = 1", json!([[1, "Ada", "***", null, "***", "A"]])),
            ("select `name` from `customers` where `id` = 1", json!([["Ada"]])),
            ("select 1 from dual", json!([[1]])),
            ("select id from orders use index (primary) where id = 10", json!([[10]])),
            ("select o.id from customers c straight_join orders o on o.customer_id = c.id order by o.id limit 1", json!([[10]])),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_refusal_says_what_and_by_which_rule() {
    let place = Place::postgresql().await;
    for (sql, says) in [
        ("select * from secrets", "`secrets` is not read: denied by the `deny` pattern `*.secrets`"),
        ("select * from other.things", "no `allow` pattern matches it"),
        ("select * from mails", "name its own columns in `mask`"),
        ("select * from opened", "name it in `allow`"),
        ("select * from nothing", "not among the tables and views"),
        ("select * from customers tablesample system (1)", "masked columns (`email`, `shout`, `ssn`)"),
    ] {
        let refusal = place.ask(sql).await.unwrap_err();
        assert!(refusal.starts_with("refused: ") && refusal.contains(says), "{sql}: {refusal}");
    }
}
