//! The catalog as tools read it, on real databases of ours: objects, relationships, filters, what was, and what became stale.

use std::collections::BTreeSet;
use std::sync::Arc;

use fathom::domain::*;
use fathom::source::Settings as SourceSettings;
use fathom::store::{PostgresStore, SqliteStore, Store};
use fathom::tools::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::source::Database;
use crate::support::book;
use crate::support::servers::{Server, TestDatabase};

const SHOP: &str = r#"
    create table customers (id integer primary key, name text not null, email text);
    create table orders (id integer primary key, customer_id integer references customers (id), status text, total real,
                         check (total >= 0));
    create table order_lines (order_id integer, line_no integer, product_code text, primary key (order_id, line_no));
    create table products (code text primary key, title text);
    create view open_orders as select * from orders where status = 'open';
    insert into customers values (1, 'Ada', null), (2, 'Bo', null);
    insert into orders values (10, 1, 'open', 12.5), (11, 1, 'paid', 7.0), (12, 2, 'open', 99.0);
    insert into order_lines values (10, 1, 'A'), (10, 2, 'B');
    insert into products values ('A', 'Apple'), ('B', 'Bread'), ('C', 'Cake'), ('D', 'Dill');
"#;

/// A shop, its workbench, and a store.
struct Shop {
    database: Database,
    store: Arc<dyn Store>,
    workbench: LocalWorkbench,
    registry: Registry,
    _folder: TempDir,
    _server: Option<TestDatabase>,
}

impl Shop {
    async fn on(server: Option<TestDatabase>) -> Self {
        let folder = TempDir::new().unwrap();
        let store: Arc<dyn Store> = match &server {
            Some(server) => Arc::new(PostgresStore::open(&server.url.parse().unwrap()).await.unwrap()),
            None => Arc::new(SqliteStore::open(&folder.path().join("data")).await.unwrap()),
        };
        let workbench = LocalWorkbench::new(store.clone(), book(store.clone()), SourceSettings::default());
        let registry = Registry::standard(Settings::default());
        Self { database: Database::new(SHOP).await, store, workbench, registry, _folder: folder, _server: server }
    }

    async fn on_each() -> [Self; 2] {
        [Self::on(None).await, Self::on(Some(TestDatabase::new(Server::Postgresql).await)).await]
    }

    async fn workspace(&self) -> Arc<Workspace> {
        self.workbench.open(&self.database.words(), None).await.unwrap()
    }

    async fn claim(&self, kind: &str, key: &str, links: &[&str], confidence: f64, status: EntryStatus) {
        let write = EntryWrite {
            layer: Layer::Finding,
            kind: kind.to_owned(),
            key: key.to_owned(),
            document: json!({"text": format!("what {key} means")}),
            tags: vec!["told".to_owned()],
            links: links.iter().map(|link| (*link).to_owned()).collect(),
            confidence: Confidence::clamped(confidence),
            status,
            evidence: vec!["col/main.orders.status".to_owned()],
            provenance: Provenance::of("semantic"),
        };
        self.store.put_entries(&self.workspace().await.key, vec![write]).await.unwrap();
    }

    async fn call(&self, name: &str, args: Value) -> Result<Value, String> {
        let workspace = self.workspace().await;
        let outcome = self.registry.execute(&workspace, &Caller::outside("test"), name, args.clone()).await;
        let answer = outcome.result.map_err(|rejection| rejection.to_string())?;
        let spec = self.registry.specs().find(|spec| Some(spec.name) == self.registry.resolve(name)).unwrap();
        let errors: Vec<String> =
            jsonschema::validator_for(&spec.output).unwrap().iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name} {args}: {errors:?} in {answer}");
        Ok(answer)
    }

    async fn ok(&self, name: &str, args: Value) -> Value {
        self.call(name, args.clone()).await.unwrap_or_else(|error| panic!("{name} {args}: {error}"))
    }

    async fn status(&self, kind: &str, key: &str) -> String {
        let got = self.ok("catalog_get", json!({"kind": kind, "key": key})).await;
        got["entries"][0]["status"].as_str().unwrap().to_owned()
    }
}

fn texts(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_a_change_of_the_database_touches_becomes_stale() {
    for shop in Shop::on_each().await {
        let claims = [
            ("note", "note/status", &["col/main.orders.status"][..]),
            ("relationship", "rel/main.orders.customer_id->main.customers.id", &[]),
            ("table", "table/main.products", &[]),
            ("metric", "metric/titles", &["table/main.products"]),
            ("summary", "summary/main.customers", &[]),
        ];
        for (kind, key, links) in claims {
            shop.claim(kind, key, links, 0.9, EntryStatus::Validated).await;
        }
        let stale = async || {
            let listed = shop.ok("catalog_list", json!({"status": "stale", "limit": 200})).await;
            texts(&listed["entries"], "key").into_iter().collect::<BTreeSet<_>>()
        };
        shop.database.execute("insert into customers values (3, 'Cy', null)").await;
        assert!(stale().await.is_empty(), "rows are no structure");
        shop.database.execute("alter table orders add column note text; alter table products add column price real").await;
        assert!(stale().await.is_empty(), "what is new touches nothing");
        shop.database.execute("drop view open_orders; alter table orders rename column customer_id to buyer_id").await;
        let gone = [
            "col/main.open_orders.customer_id",
            "col/main.open_orders.id",
            "col/main.open_orders.note",
            "col/main.open_orders.status",
            "col/main.open_orders.total",
            "col/main.orders.customer_id",
            "view/main.open_orders",
        ];
        let expect = |keys: &[&str]| gone.iter().chain(keys).map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(stale().await, expect(&["rel/main.orders.customer_id->main.customers.id"]));
        let again = stale().await;
        assert_eq!(again, expect(&["rel/main.orders.customer_id->main.customers.id"]), "a harvest without changes changes nothing");
        shop.database.execute("drop table products").await;
        let products = ["col/main.products.code", "col/main.products.price", "col/main.products.title", "table/main.products"];
        let found = stale().await;
        assert!(products.iter().all(|key| found.contains(*key)) && found.contains("metric/titles"), "{found:?}");
        assert!(!found.contains("summary/main.customers") && !found.contains("note/status"), "{found:?}");
        let got = shop.ok("catalog_get", json!({"kind": "metric", "key": "metric/titles", "history": true})).await;
        let entry = &got["entries"][0];
        assert_eq!((&entry["stale"]["was"], &entry["stale"]["because"]), (&json!("validated"), &json!(["table/main.products"])));
        assert_eq!(texts(&entry["history"]["changes"], "status"), ["stale", "validated"]);
        // back as it was: what was harvested holds again, and a finding does once somebody has looked
        shop.database.execute("create table products (code text primary key, title text, price real)").await;
        assert_eq!(shop.status("column", "col/main.products.code").await, "validated");
        assert_eq!(shop.status("metric", "metric/titles").await, "stale");
        shop.claim("metric", "metric/titles", &["table/main.products"], 0.7, EntryStatus::Validated).await;
        assert_eq!(shop.status("metric", "metric/titles").await, "validated");
    }
}

#[tokio::test]
async fn searches_and_lists_are_filtered() {
    for shop in Shop::on_each().await {
        shop.claim("note", "note/main.orders.x", &[], 0.4, EntryStatus::Draft).await;
        shop.claim("note", "note/main.orders.y", &[], 0.9, EntryStatus::Validated).await;
        for (args, expect) in [
            (json!({"kind": "note"}), 2),
            (json!({"object_type": "note", "status": "draft"}), 1),
            (json!({"kind": "note", "min_confidence": 0.5}), 1),
            (json!({"tag": "told"}), 2),
            (json!({"tag": "tol"}), 0),
            (json!({"layer": "finding", "schema": "main.orders"}), 2),
            (json!({"layer": "finding", "prefix": "main.orders.y"}), 1),
            (json!({"layer": "harvest", "schema_name": "main.orders"}), 5),
            (json!({"schema": "mai"}), 0),
        ] {
            let listed = shop.ok("catalog_list", args.clone()).await;
            assert_eq!(listed["entries"].as_array().unwrap().len(), expect, "{args}");
            let mut query = args.clone();
            query["query"] = json!("orders");
            query["limit"] = json!(50);
            let hits = shop.ok("catalog.search", query).await;
            assert_eq!(hits["hits"].as_array().unwrap().len(), expect, "{args}: {hits}");
        }
        let hits = shop.ok("catalog_search", json!({"query": "what means y", "include_details": true})).await;
        assert_eq!(hits["hits"][0]["entry"]["document"]["text"], json!("what note/main.orders.y means"), "{hits}");
        assert!(hits["hits"][0]["score"].as_f64().unwrap() > 0.0);
        for wrong in [json!({"status": "sure"}), json!({"layer": "x"}), json!({"min_confidence": 2})] {
            shop.call("catalog_list", wrong.clone()).await.expect_err(&wrong.to_string());
        }
        for text in ["shop.orders", "\"", "'; drop table entries --", "c++", "orders*", "NEAR(a b)", "main.orders.tot"] {
            shop.ok("catalog_search", json!({"query": text})).await;
        }
    }
}

#[tokio::test]
async fn objects_are_listed_in_the_order_asked_for() {
    let shop = Shop::on(None).await;
    let mut pages = Vec::new();
    let mut args = json!({"order_by": "rows", "page_size": 2});
    loop {
        let page = shop.ok("catalog.list_objects", args.clone()).await;
        assert_eq!(page["count"], json!(5));
        pages.push(texts(&page["objects"], "key"));
        if page["next"].is_null() {
            break;
        }
        args["page_token"] = page["next"].clone();
    }
    let expect = [
        &["table/main.products", "table/main.orders"][..],
        &["table/main.customers", "table/main.order_lines"],
        &["view/main.open_orders"],
    ];
    assert_eq!(pages, expect);
    for (args, expect) in [
        (json!({"type": "view"}), vec!["view/main.open_orders"]),
        (json!({"object_type": "routine"}), vec![]),
        (json!({"name": "ORDER"}), vec!["view/main.open_orders", "table/main.order_lines", "table/main.orders"]),
        (json!({"name": "order*", "schema_name": "main"}), vec!["table/main.order_lines", "table/main.orders"]),
    ] {
        assert_eq!(texts(&shop.ok("catalog_list_objects", args.clone()).await["objects"], "key"), expect, "{args}");
    }
    let other = shop.ok("list_tables", json!({"limit": 1})).await["next"].clone();
    let error = shop.call("catalog_list_objects", json!({"after": other})).await.unwrap_err();
    assert!(error.contains("page token"), "{error}");
    shop.call("catalog_list_objects", json!({"schema": "nowhere"})).await.unwrap_err();
}

#[tokio::test]
async fn an_object_is_shown_with_all_that_is_known_of_it() {
    let shop = Shop::on(None).await;
    shop.claim("metric", "metric/revenue", &["table/main.orders"], 0.9, EntryStatus::Validated).await;
    shop.claim("table", "table/main.orders", &[], 0.7, EntryStatus::Draft).await;
    let key = shop.workspace().await.key.clone();
    let profile = EntryWrite {
        layer: Layer::Harvest,
        kind: "profile".to_owned(),
        key: "profile/main.orders".to_owned(),
        document: json!({"row_count": 3}),
        tags: Vec::new(),
        links: Vec::new(),
        confidence: Confidence::CERTAIN,
        status: EntryStatus::Validated,
        evidence: Vec::new(),
        provenance: Provenance::of("profile"),
    };
    shop.store.put_entries(&key, vec![profile]).await.unwrap();
    let by_key = shop.ok("catalog.get_object", json!({"object_key": "table/main.orders"})).await;
    for args in
        [json!({"name": "orders"}), json!({"schema": "main", "name": "main.orders", "type": "table"}), json!({"key": "main.orders"})]
    {
        assert_eq!(shop.ok("catalog_get_object", args.clone()).await, by_key, "{args}");
    }
    assert_eq!(texts(&by_key["findings"], "key"), ["table/main.orders", "metric/revenue"]);
    assert_eq!((&by_key["findings"][1]["confidence"], &by_key["profile"]["document"]["row_count"]), (&json!(0.9), &json!(3)));
    assert_eq!(by_key["object"]["foreign_keys"].as_array().unwrap().len(), 1);
    let related = &by_key["relationships"];
    assert!(texts(related, "known_from").iter().all(|known| known == "declared" || known == "view_lineage"), "{related}");
    let view = shop.ok("catalog_get_object", json!({"key": "view/main.open_orders"})).await;
    assert!(view["object"]["definition"].as_str().unwrap().contains("status = 'open'") && view["profile"].is_null());
    let short = shop.ok("catalog_get_object", json!({"key": "view/main.open_orders", "include_definition": false})).await;
    assert!(short["object"].get("definition").is_none());
    let column = shop.ok("catalog_get_object", json!({"key": "col/main.orders.total"})).await;
    assert_eq!((&column["type"], &column["object"]["type"]), (&json!("column"), &json!("float")));
    for wrong in [json!({}), json!({"key": "table/main.nothing"}), json!({"name": "ordrs"}), json!({"name": "orders", "type": "view"})] {
        shop.call("catalog_get_object", wrong.clone()).await.expect_err(&wrong.to_string());
    }
}

#[tokio::test]
async fn relationships_say_from_where_they_are_known() {
    let shop = Shop::on(None).await;
    let lines = "rel/main.order_lines.order_id->main.orders.id";
    let told = async |args: Value| {
        let found = shop.ok("catalog.get_relationships", args).await;
        let lines = found["relationships"].as_array().unwrap().clone();
        lines.iter().map(|line| ["direction", "known_from", "key"].map(|name| line[name].as_str().unwrap()).join(" ")).collect::<Vec<_>>()
    };
    let declared = "outgoing declared rel/main.orders.customer_id->main.customers.id";
    let lineage = "incoming view_lineage rel/main.open_orders->main.orders";
    let all = told(json!({"table": "orders"})).await;
    assert!(all.contains(&declared.to_owned()), "{all:?}");
    assert!(all.contains(&format!("incoming inferred {lines}")), "{all:?}");
    shop.claim("relationship", lines, &[], 0.6, EntryStatus::Draft).await;
    let all = told(json!({"key": "table/main.orders"})).await;
    assert!(
        all.contains(&format!("incoming finding {lines}"))
            && !all.iter().any(|line| line.contains("inferred rel/main.order_lines.order_id"))
    );
    assert_eq!(told(json!({"table": "orders", "direction": "outgoing", "include_inferred": false})).await, [declared]);
    assert_eq!(told(json!({"table": "orders", "min_confidence": 0.7, "include_inferred": false})).await, [declared, lineage]);
    shop.claim("relationship", lines, &[], 0.05, EntryStatus::Refuted).await;
    assert!(!told(json!({"table": "orders"})).await.iter().any(|line| line.contains(lines)), "what was refuted is no guess either");
    let (mut seen, mut args) = (0, json!({"table": "orders", "limit": 1}));
    loop {
        let page = shop.ok("catalog_get_relationships", args.clone()).await;
        seen += page["relationships"].as_array().unwrap().len();
        args["after"] = page["next"].clone();
        if page["next"].is_null() {
            assert_eq!(json!(seen), page["count"]);
            break;
        }
    }
}

#[tokio::test]
async fn the_catalog_says_how_much_it_holds() {
    for shop in Shop::on_each().await {
        shop.claim("note", "note/x", &[], 0.4, EntryStatus::Draft).await;
        let told = shop.ok("catalog.init", json!({})).await;
        assert_eq!((&told["tables"], &told["views"]), (&json!(4), &json!(1)));
        assert_eq!(told["entries"], json!({"column": 16, "table": 4, "view": 1}));
        assert_eq!((&told["findings"], &told["findings_by_status"]), (&json!({"note": 1}), &json!({"draft": 1})));
        assert!(told["harvested_at"].as_i64().unwrap() > 1_600_000_000_000);
    }
}

#[tokio::test]
async fn lists_of_a_source_are_paged_with_views_and_filters() {
    let shop = Shop::on(None).await;
    for (tool, list, name, all) in [
        ("list_tables", "tables", "name", vec!["customers", "open_orders", "order_lines", "orders", "products"]),
        ("get_constraints", "tables", "table", vec!["customers", "order_lines", "orders", "products"]),
        ("list_schemas", "schemas", "schema", vec!["main"]),
    ] {
        let (mut seen, mut args) = (Vec::new(), json!({"limit": 2}));
        loop {
            let page = shop.ok(tool, args.clone()).await;
            seen.extend(texts(&page[list], name));
            args["after"] = page["next"].clone();
            if page["next"].is_null() {
                break;
            }
        }
        assert_eq!(seen, all, "{tool}");
    }
    assert_eq!(texts(&shop.ok("list_tables", json!({"kind": "view"})).await["tables"], "name"), ["open_orders"]);
    assert_eq!(texts(&shop.ok("list_tables", json!({"name_contains": "ORDER_"})).await["tables"], "name"), ["order_lines"]);
    let view = shop.ok("describe_view", json!({"table": "open_orders"})).await;
    assert!(view["definition"].as_str().unwrap().contains("from orders"), "{view}");
}

#[tokio::test]
async fn a_view_says_what_it_reads() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let sql = "create table orders (id int primary key, total numeric check (total >= 0)); create view big_orders as select id from orders where total > 100;
               create function f(a int) returns int language sql as 'select a'; create function f(a text) returns int language sql as 'select 1'";
    database.execute(sql).await;
    let shop = Shop::on(None).await;
    let workspace = shop.workbench.open(&database.url, None).await.unwrap();
    let ok = async |name: &str, args: Value| {
        let outcome = shop.registry.execute(&workspace, &Caller::outside("test"), name, args).await;
        outcome.result.unwrap_or_else(|rejection| panic!("{name}: {rejection}"))
    };
    let view = ok("describe_view", json!({"schema": "public", "table": "big_orders"})).await;
    assert!(view["definition"].as_str().unwrap().contains("total >") && view["reads"] == json!(["public.orders"]), "{view}");
    let related = ok("catalog_get_relationships", json!({"key": "table/public.orders"})).await;
    let line = &related["relationships"][0];
    assert_eq!(
        (&line["known_from"], &line["direction"], &line["from"]),
        (&json!("view_lineage"), &json!("incoming"), &json!("public.big_orders"))
    );
    let table = ok("catalog_get_object", json!({"key": "table/public.orders"})).await;
    assert_eq!(table["object"]["checks"].as_array().unwrap().len(), 1);
    let listed = ok("get_constraints", json!({"schema": "public"})).await;
    assert_eq!(listed["tables"][0]["checks"].as_array().unwrap().len(), 1);
    let functions = ok("catalog_list_objects", json!({"type": "routine", "schema": "public"})).await;
    let keys = texts(&functions["objects"], "key");
    assert_eq!(keys.len(), 2);
    for key in keys {
        let shown = ok("catalog_get_object", json!({ "key": key })).await;
        assert!(shown["object"]["definition"].as_str().unwrap().contains("select"), "{shown}");
    }
}
