//! Queries that try to get at a denied table or a masked value: each is refused, or its answer holds no secret.

use super::{Place, SECRET};

/// For every engine.
const ANYWHERE: &[&str] = &[
    "select * from secrets",
    "select * from SCHEMA.secrets",
    "select * from SECRETS",
    "select * from SCHEMA.Secrets s",
    "select count(*) from secrets",
    "select (select body from secrets)",
    "select * from orders where exists (select 1 from secrets where body like 'hush%')",
    "select * from orders o join secrets s on s.order_id = o.id",
    "select * from orders, secrets",
    "select * from orders natural join secrets",
    "select id from orders union select body from secrets",
    "with s as (select * from secrets) select * from s",
    "with secrets as (select * from secrets) select * from secrets",
    "with secrets as (select 1 as body) select * from SCHEMA.secrets",
    "with recursive s as (select body, 1 as n from secrets union all select body, n + 1 from s where n < 2) select * from s",
    "select * from (with secrets as (select 1 as body) select * from secrets) a, secrets b",
    "select * from orders order by (select body from secrets)",
    "select * from orders limit (select id from secrets)",
    "select case when exists (select 1 from secrets) then 1 else 2 end",
    "explain select * from secrets",
    "select * from opened",
    "select * from shouted",
    "select * from mails",
    "select * from customers",
    "select email from customers",
    "select c.email from customers c",
    "select customers.email from customers",
    "select SCHEMA.customers.email from SCHEMA.customers",
    "select c.* from customers as c where c.email like 'hush%'",
    "select upper(email), length(email), substr(email, 1, 4) from customers",
    "select max(email), min(email), count(distinct email) from customers",
    "select shout from customers",
    "select name from customers order by email",
    "select name from customers where email like 'hush-a%'",
    "select name from customers where ssn = 481516",
    "select a.name from customers a join customers b on a.email = b.email and a.id <> b.id",
    "select * from customers natural join orders",
    "select * from customers union all select * from customers",
    "with c as (select * from customers) select email from c",
    "with orders as (select email from customers) select * from orders",
    "select (select email from customers where id = 1)",
    "select x from (select email as x from customers) t",
    "select ssn from customers where id = 1",
    "select ssn + 0 from customers",
    "select * from sqlite_master",
    "select * from sqlite_stat4",
    "select * from sqlite_stat1",
    "select * from information_schema.tables",
    "select * from information_schema.columns where table_name = 'secrets'",
    "select * from nothing_of_that_name",
];

const SQLITE: &[&str] = &[
    "select * from 'secrets'",
    "select * from [secrets]",
    "select * from `secrets`",
    "select * from \"secrets\"",
    "select * from secrets not indexed",
    "select * from customers indexed by customers_email where email > 'a'",
    "select 'hush-body' in secrets from orders where 'x' in SCHEMA.secrets",
    "select * from letters",
    "select * from letters where letters match 'hush'",
    "select snippet(letters, 0, '', '', '', 10) from letters",
    "select * from letters_data",
    "select * from odd_letters",
    "select * from \"odd secrets\"",
    "select * from notes",
    "select * from notes_content",
    "select * from terms",
    "select * from pragma_table_info('secrets')",
    "select * from pragma_table_list",
    "select sql from sqlite_schema",
    "select sql from main.sqlite_master",
    "select * from sqlite_temp_schema",
    "select * from dbstat",
    "pragma table_info(secrets)",
    "pragma table_list",
    "select rowid, email from customers",
    "select (values (email)) from customers",
    "explain query plan select * from named",
    "with c as (select 1), customers as (select * from customers) select * from customers",
    "select json_group_array(json_object('e', email)) from customers",
    "select group_concat(email) over () from customers",
];

const POSTGRESQL: &[&str] = &[
    "select o.mail_of from orders o",
    "select (o).mail_of from orders o",
    "select id from orders o where o.mail_of like 'hush%'",
    "select (row(1, 1, 1)::orders).mail_of",
    "select upper(1)",
    "select \"upper\"(1)",
    "select * from uppered",
    "select (1::wrapped).x",
    "select cast(1 as wrapped)",
    "select * from cast_one",
    "select format_type(c, null) from generate_series(16000, 90000) as c where format_type(c, null) like '%secret%'",
    "table secrets",
    "table only secrets",
    "table customers",
    "select * from only secrets",
    "select * from only (secrets)",
    "select * from secrets *",
    "select * from U&\"\\0073ecrets\"",
    "select * from secrets tablesample system (100)",
    "select * from customers tablesample system (100)",
    "select * from only customers",
    "select * from customers*",
    "select customers from customers",
    "select c from customers c",
    "select (c).email from customers c",
    "select (c).* from customers c",
    "select row_to_json(c), to_jsonb(c), c::text from customers c",
    "select array_agg(c) from customers c",
    "select json_agg(customers) from customers",
    "select jsonb_each_text(to_jsonb(c)) from customers c",
    "select e from customers c, lateral (select c.email as e) l",
    "select * from orders, lateral (select * from secrets where order_id = orders.id) s",
    "select * from pg_stats",
    "select * from pg_catalog.pg_stats",
    "select * from pg_statistic",
    "select * from pg_stats_ext",
    "select relname from pg_class",
    "select * from pg_stat_user_tables",
    "select 16384::regclass",
    "select i::oid::regclass from generate_series(16384, 90000) i",
    "select array[16384]::_regclass",
    "select '{}'::secrets[]",
    "select null::secrets",
    "select null::SCHEMA._secrets",
    "select secrets '(1,a,2)'",
    "select json_populate_record(null::secrets, '{}')",
    "select * from json_to_recordset('[{\"a\":16400}]') as x(a regclass)",
    "select * from json_populate_recordset(null::SCHEMA.secrets, '[]')",
    "select pg_get_viewdef('opened')",
    "select to_regclass('secrets')",
    "select has_table_privilege('secrets', 'select')",
    "select pg_relation_size('secrets')",
    "select * from peeked",
    "select * from guessed",
    "select peek()",
    "select * from parts",
    "select * from parts_secret",
    "select * from people",
    "select * from people_1",
    "select * from secrets_numbers",
    "explain select * from named",
    "explain (analyze, verbose) select * from named",
    "explain (verbose) select * from customers",
    "select query_to_xml('select * from secrets', true, true, '')",
    "select table_to_xml('secrets', true, true, '')",
    "select * from \"Odd Schema\".\"Größe\"",
    "select cast(email as integer) from customers",
    "select \"email\" from \"customers\"",
    "select string_agg(email, ',') filter (where true) over () from customers",
    "select * from customers c(a, b, d)",
    "select * from fathom_other.public.secrets",
    "with t as (select email from customers) table t",
];

const MYSQL: &[&str] = &[
    "table secrets",
    "table customers",
    "select * from `secrets`",
    "select * from `SCHEMA`.`secrets`",
    "select * from SCHEMA . secrets",
    "select * from secrets partition (p0)",
    "select * from customers use index (primary)",
    "select * from customers force index (primary) where id = 1",
    "select * from orders straight_join secrets",
    "select * from (orders, secrets)",
    "show tables",
    "show full tables",
    "show create table secrets",
    "show create view opened",
    "show columns from secrets",
    "show index from secrets",
    "show table status",
    "describe secrets",
    "desc customers",
    "explain secrets",
    "select * from mysql.user",
    "select * from mysql.column_stats",
    "select * from performance_schema.threads",
    "select * from sys.schema_table_statistics",
    "select * from information_schema.statistics",
    "explain select * from named",
    "explain format=json select * from customers where email = 'hush-ada@x.example'",
    "analyze format=json select * from secrets",
    "select * from chained",
    "select * from peeked",
    "select * from guessed",
    "select peek()",
    "select json_arrayagg(email) from customers",
    "select group_concat(email) from customers",
    "select json_object('e', c.email) from customers c",
    "select cast(email as signed), email + 0 from customers",
    "select * from customers procedure analyse()",
    "select default(email), values(email) from customers",
];

async fn none_gives_a_secret(place: &Place, own: &[&str]) {
    for sql in ANYWHERE.iter().chain(own) {
        for answer in [place.ask(sql).await, place.plan(&sql.replace("SCHEMA", &place.schema)).await] {
            let (Ok(text) | Err(text)) = &answer;
            // What the query says itself may come back.
            let text = own_words(sql).iter().fold(text.to_lowercase(), |text, word| text.replace(word.as_str(), ""));
            for secret in [SECRET, "481516", "234242", "secret_id", "order_id"] {
                assert!(!text.contains(secret), "{:?}: {sql}: {answer:?}", place.dialect());
            }
        }
    }
}

fn own_words(sql: &str) -> Vec<String> {
    let words = sql.split(|sign: char| !(sign.is_alphanumeric() || "_-%@.".contains(sign)));
    let mut words: Vec<String> = words.filter(|word| word.len() > 3).map(str::to_lowercase).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// Rows that only a look at the masked values would find.
async fn conditions_see_no_masked_value(place: &Place) {
    for sql in [
        "select name from customers where email like 'hush%'",
        "select name from customers where ssn = 481516",
        "select name from customers where ssn > 0",
        "select name from customers where shout like 'HUSH%'",
    ] {
        assert_eq!(place.rows(sql).await, serde_json::json!([]), "{:?}: {sql}", place.dialect());
    }
    assert_eq!(place.rows("select distinct email, ssn from customers").await, serde_json::json!([["***", null]]), "{:?}", place.dialect());
}

#[tokio::test]
async fn nothing_hidden_comes_out_of_sqlite() {
    let place = Place::sqlite().await;
    none_gives_a_secret(&place, SQLITE).await;
    conditions_see_no_masked_value(&place).await;
}

#[tokio::test]
async fn nothing_hidden_comes_out_of_postgresql() {
    let place = Place::postgresql().await;
    none_gives_a_secret(&place, POSTGRESQL).await;
    conditions_see_no_masked_value(&place).await;
}

#[tokio::test]
async fn nothing_hidden_comes_out_of_mysql() {
    let place = Place::mysql().await;
    none_gives_a_secret(&place, MYSQL).await;
    conditions_see_no_masked_value(&place).await;
}
