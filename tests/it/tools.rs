//! Tools: what the registry lets through, what each tool answers on a small database, and the workbench that opens it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fathom::domain::*;
use fathom::source::{Settings as SourceSettings, guard};
use fathom::store::{self, *};
use fathom::tools::*;
use serde_json::{Value, json};

use super::source::Database;
use crate::support::book;

const SHOP: &str = r#"
    create table customers (id integer primary key, name text not null, email text, city text);
    create table orders (id integer primary key, customer_id integer, status text, total real, placed_at datetime);
    create table order_lines (order_id integer, line_no integer, product_code text, quantity integer, primary key (order_id, line_no),
                              foreign key (order_id) references orders (id));
    create table products (code text primary key, title text, price numeric(10, 2));
    create view open_orders as select * from orders where status = 'open';
    insert into customers values (1, 'Ada', 'ada@x.org', 'Ghent'), (2, 'Bo', null, 'Ghent'), (3, 'Cy', 'cy@x.org', '');
    insert into orders values (10, 1, 'open', 12.5, '2026-01-01'), (11, 1, 'paid', 7.0, '2026-01-02'), (12, 3, 'open', 99.0, null), (13, 77, 'paid', 1.0, null);
    insert into order_lines values (10, 1, 'A', 2), (10, 2, 'B', 1), (11, 1, 'A', 5), (12, 1, 'C', 1);
    insert into products values ('A', 'Apple', 1.5), ('B', 'Bread', 2.5), ('C', 'Cake', 9);
"#;

#[derive(Default)]
pub struct FakeStore {
    snapshots: Mutex<Vec<Snapshot>>,
    entries: Mutex<Vec<EntryWrite>>,
    queries: Mutex<Vec<QueryRow>>,
    snapshot_writes: AtomicUsize,
}

impl FakeStore {
    pub fn entries(&self) -> Vec<EntryWrite> {
        self.entries.lock().unwrap().clone()
    }
}

fn unused<T>() -> Result<T, store::Error> {
    Err(store::Error::Failed("not part of this fake".to_owned()))
}

#[async_trait]
impl Store for FakeStore {
    async fn create_run(&self, _: NewRun) -> Result<Created, store::Error> {
        unused()
    }
    async fn run(&self, _: RunId) -> Result<Option<RunRow>, store::Error> {
        unused()
    }
    async fn runs(&self, _: &RunFilter, _: &Page) -> Result<Paged<RunRow>, store::Error> {
        unused()
    }
    async fn unfinished_runs(&self) -> Result<Vec<RunId>, store::Error> {
        unused()
    }
    async fn claim_run(&self, _: RunId, _: &str) -> Result<RunRow, store::Error> {
        unused()
    }
    async fn append(&self, _: Append) -> Result<(), store::Error> {
        unused()
    }
    async fn records(&self, _: RunId, _: Seq, _: usize) -> Result<Vec<Record>, store::Error> {
        unused()
    }
    async fn steps(&self, _: RunId, _: TaskId) -> Result<Vec<StepRow>, store::Error> {
        unused()
    }
    async fn put_command(&self, _: NewCommand) -> Result<StoredCommand, store::Error> {
        unused()
    }
    async fn command(&self, _: RunId, _: &str) -> Result<Option<StoredCommand>, store::Error> {
        unused()
    }
    async fn open_commands(&self, _: RunId) -> Result<Vec<StoredCommand>, store::Error> {
        unused()
    }
    async fn put_entries(&self, _: &SourceKey, entries: Vec<EntryWrite>) -> Result<(), store::Error> {
        self.entries.lock().unwrap().extend(entries);
        Ok(())
    }
    async fn restate(&self, _: &SourceKey, _: Vec<EntryWrite>) -> Result<(), store::Error> {
        unused()
    }
    async fn claim_of(&self, _: &SourceKey, _: &str, _: &str, _: &str) -> Result<Option<EntryWrite>, store::Error> {
        unused()
    }
    async fn entry(&self, _: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Option<Entry>, store::Error> {
        let entries = self.entries.lock().unwrap();
        let claim = entries.iter().find(|claim| claim.layer == layer && claim.kind == kind && claim.key == key).cloned();
        Ok(claim.map(|claim| Entry { claim, competing: 0, stale: None, at: 0 }))
    }
    async fn entries(&self, _: &SourceKey, filter: &EntryFilter, page: &Page) -> Result<Paged<Entry>, store::Error> {
        let entries = self.entries.lock().unwrap();
        let fits = |claim: &&EntryWrite| filter.kind.as_ref().is_none_or(|kind| *kind == claim.kind);
        let items =
            entries.iter().filter(fits).take(page.limit).cloned().map(|claim| Entry { claim, competing: 0, stale: None, at: 0 }).collect();
        Ok(Paged { items, next: None })
    }
    async fn search(&self, _: &SourceKey, query: &str, _: &EntryFilter, _: usize) -> Result<Vec<Hit>, store::Error> {
        let entries = self.entries.lock().unwrap();
        let hit = |claim: &EntryWrite| Hit {
            layer: claim.layer,
            kind: claim.kind.clone(),
            key: claim.key.clone(),
            snippet: String::new(),
            score: 1.0,
            confidence: claim.confidence,
            status: claim.status,
        };
        Ok(entries.iter().filter(|claim| claim.key.contains(query)).map(hit).collect())
    }
    async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), store::Error> {
        self.snapshot_writes.fetch_add(1, Ordering::SeqCst);
        self.snapshots.lock().unwrap().push(snapshot.clone());
        Ok(())
    }
    async fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>, store::Error> {
        Ok(self.snapshots.lock().unwrap().iter().find(|snapshot| snapshot.id == *id).cloned())
    }
    async fn put_token(&self, _: TokenRow) -> Result<bool, store::Error> {
        unused()
    }
    async fn tokens(&self) -> Result<Vec<TokenRow>, store::Error> {
        unused()
    }
    async fn snapshots(&self, _: &SourceKey, limit: usize) -> Result<Vec<store::SnapshotRow>, store::Error> {
        let found = self.snapshots.lock().unwrap();
        Ok(found.iter().rev().take(limit).map(|snapshot| store::SnapshotRow { id: snapshot.id.clone(), at: 0 }).collect())
    }
    async fn entry_as_of(&self, _: &SourceKey, _: Layer, _: &str, _: &str, _: i64) -> Result<Option<Entry>, store::Error> {
        unused()
    }
    async fn entries_as_of(&self, _: &SourceKey, _: &EntryFilter, _: i64, _: &Page) -> Result<Paged<Entry>, store::Error> {
        unused()
    }
    async fn rivals(&self, _: &SourceKey, _: Layer, _: &str, _: &str) -> Result<Vec<Rival>, store::Error> {
        unused()
    }
    async fn history(&self, _: &SourceKey, _: Layer, _: &str, _: &str, _: &Page) -> Result<Paged<Change>, store::Error> {
        unused()
    }
    async fn counts(&self, _: &SourceKey) -> Result<Vec<KindCount>, store::Error> {
        unused()
    }
    async fn mark_stale(&self, _: &SourceKey, _: Vec<StaleMark>) -> Result<(), store::Error> {
        Ok(())
    }
    async fn put_sources(&self, _: Vec<store::SourceRow>) -> Result<(), store::Error> {
        unused()
    }
    async fn sources(&self) -> Result<Vec<store::SourceRow>, store::Error> {
        Ok(Vec::new())
    }
    async fn remove_source(&self, _: &str) -> Result<bool, store::Error> {
        unused()
    }
    async fn revoke_token(&self, _: &str) -> Result<bool, store::Error> {
        unused()
    }
    async fn add_queries(&self, queries: Vec<QueryRow>, _: usize) -> Result<(), store::Error> {
        self.queries.lock().unwrap().extend(queries);
        Ok(())
    }
    async fn queries(&self, _: &SourceKey) -> Result<Vec<QueryRow>, store::Error> {
        Ok(self.queries.lock().unwrap().clone())
    }
    async fn add_audit(&self, _: Vec<store::AuditRow>, _: store::AuditKept) -> Result<(), store::Error> {
        unused()
    }
    async fn audit(&self, _: &store::AuditFilter, _: &Page) -> Result<Paged<store::AuditRow>, store::Error> {
        unused()
    }
    async fn put_remote_tools(&self, _: Vec<RemoteToolRow>) -> Result<(), store::Error> {
        unused()
    }
    async fn remote_tools(&self, _: &str) -> Result<Vec<RemoteToolRow>, store::Error> {
        unused()
    }
    async fn put_remote_call(&self, _: RemoteCallRow) -> Result<(), store::Error> {
        unused()
    }
    async fn remote_calls(&self) -> Result<Vec<RemoteCallRow>, store::Error> {
        unused()
    }
    async fn remove_remote_call(&self, _: &str) -> Result<bool, store::Error> {
        unused()
    }
    async fn put_remote_logins(&self, _: Vec<RemoteLoginRow>) -> Result<(), store::Error> {
        unused()
    }
    async fn remote_logins(&self) -> Result<Vec<RemoteLoginRow>, store::Error> {
        unused()
    }
    async fn remove_remote_login(&self, _: &str, _: &str) -> Result<bool, store::Error> {
        unused()
    }
    async fn probe(&self) -> Result<(), store::Error> {
        Ok(())
    }
}

struct Shop {
    database: Database,
    store: Arc<FakeStore>,
    workbench: LocalWorkbench,
    workspace: Arc<Workspace>,
    registry: Registry,
}

impl Shop {
    async fn new() -> Self {
        Self::with(SHOP, Settings::default()).await
    }

    async fn with(sql: &'static str, settings: Settings) -> Self {
        let database = Database::new(sql).await;
        let store = Arc::new(FakeStore::default());
        let workbench = LocalWorkbench::new(store.clone(), book(store.clone()), SourceSettings::default());
        let workspace = workbench.open(&database.words(), None).await.unwrap();
        Self { database, store, workbench, workspace, registry: Registry::standard(settings) }
    }

    async fn call(&self, name: &str, args: Value) -> Outcome {
        self.registry.execute(&self.workspace, &Caller::outside("test"), name, args).await
    }

    #[track_caller]
    fn expect(name: &str, outcome: Outcome) -> Value {
        outcome.result.unwrap_or_else(|rejection| panic!("{name}: {rejection}"))
    }

    async fn ok(&self, name: &str, args: Value) -> Value {
        Self::expect(name, self.call(name, args).await)
    }

    async fn refused(&self, name: &str, args: Value) -> String {
        match self.call(name, args).await.result {
            Err(Rejection::Refused(text)) => text,
            other => panic!("{name} was not refused: {other:?}"),
        }
    }

    async fn mendable(&self, name: &str, args: Value) -> String {
        match self.call(name, args).await.result {
            Err(Rejection::Failed(Failure::Mendable(text))) => text,
            other => panic!("{name} is not mendable: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_unknown_not_allowed_or_invalid_is_refused_in_words_that_help() {
    let shop = Shop::new().await;
    let text = shop.refused("drop_everything", json!({})).await;
    assert!(text.contains("`drop_everything`") && text.contains("describe_table"), "{text}");
    let caller = Caller { allowed: Allowed::only(["catalog.search", "sample_rows"]), ..Caller::outside("test") };
    let outcome = shop.registry.execute(&shop.workspace, &caller, "run_sql_readonly", json!({"sql": "select 1"})).await;
    let Err(Rejection::Refused(text)) = outcome.result else { panic!("let through") };
    assert!(text.contains("run_sql_readonly") && text.ends_with("you may call: sample_rows, catalog_search"), "{text}");
    assert_eq!(shop.registry.specs_for(&caller.allowed).len(), 2);

    for (args, says) in [
        (json!({"table": "orders", "limit": 500}), ["`limit`", "maximum"]),
        (json!({"table": "orders", "limit": "ten"}), ["`limit`", "integer"]),
        (json!({"tabel": "orders"}), ["tabel", "order_by"]),
        (json!({}), ["table", "required"]),
        (json!([1]), ["object", "sample_rows"]),
        (json!({"table": "orders", "columns": [1]}), ["`columns.0`", "string"]),
    ] {
        let text = shop.refused("sample_rows", args.clone()).await;
        assert!(says.iter().all(|part| text.contains(part)), "{args}: {text}");
    }
}

#[tokio::test]
async fn names_with_dots_aliases_nulls_and_defaults_are_understood() {
    let shop = Shop::new().await;
    for name in ["sample_rows", "sample.rows", "Sample-Rows", "table_sample", "table.sample"] {
        let rows = shop.ok(name, json!({"table": "orders", "schema": null, "where": null})).await;
        assert_eq!(rows["row_count"], json!(4), "{name}");
    }
    let rows = shop.ok("sample_rows", json!("{\"table\": \"main.orders\", \"limit\": 1}")).await;
    assert_eq!((&rows["row_count"], &rows["truncated"]), (&json!(1), &json!(false)));
    assert_eq!(shop.ok("list_schemas", Value::Null).await["schemas"], json!([{"schema": "main", "tables": 4, "views": 1}]));
}

#[tokio::test]
async fn a_condition_cannot_leave_its_place() {
    let shop = Shop::new().await;
    let rows = shop
        .ok("sample_rows", json!({"table": "orders", "columns": ["id"], "where": "total > 5 -- and more", "order_by": "total desc"}))
        .await;
    assert_eq!(rows["rows"], json!([[12], [10], [11]]));
    for condition in
        ["1=1) union select name, 1 from customers where (1=1", "1=1; delete from orders", "load_extension('x')", "1=1 limit 3"]
    {
        let text = shop.mendable("sample_rows", json!({"table": "orders", "where": condition})).await;
        assert!(text.contains("refused"), "{condition}: {text}");
    }
    let text = shop.mendable("sample_rows", json!({"table": "orders", "where": "no_such > 1"})).await;
    assert!(text.contains("no_such"), "{text}");
    let text = shop.mendable("sample_rows", json!({"table": "order"})).await;
    assert!(text.contains("did you mean `orders`?"), "{text}");
    let text = shop.mendable("column_profile", json!({"table": "orders", "column": "stat"})).await;
    assert!(text.contains("did you mean `status`?"), "{text}");
}

#[tokio::test]
async fn tables_are_listed_by_pages_and_described() {
    let shop = Shop::new().await;
    let first = shop.ok("list_tables", json!({"limit": 2})).await;
    assert_eq!((&first["tables"][0]["name"], first["next"].is_string(), &first["count"]), (&json!("customers"), true, &json!(5)));
    let second = shop.ok("list_tables", json!({"limit": 200, "after": first["next"]})).await;
    assert_eq!((second["tables"].as_array().unwrap().len(), &second["next"]), (3, &Value::Null));
    let described = shop.ok("describe_table", json!({"schema": "main", "table": "ORDER_LINES"})).await;
    assert_eq!((&described["rows"], &described["primary_key"]), (&json!(4), &json!(["order_id", "line_no"])));
    assert_eq!(described["foreign_keys"][0]["to_table"], json!("orders"));
    let constraints = shop.ok("get_constraints", json!({"table": "orders"})).await;
    assert_eq!(constraints["tables"][0]["referred_to_by"][0]["table"], json!("order_lines"));
}

#[tokio::test]
async fn profiles_hold_the_figures_of_the_data() {
    let shop = Shop::new().await;
    let profile = shop.ok("table_profile", json!({"table": "customers"})).await;
    assert_eq!((&profile["rows_seen"], &profile["how"]), (&json!(3), &json!("all rows")));
    let column = |name: &str| profile["columns"].as_array().unwrap().iter().find(|column| column["name"] == name).unwrap().clone();
    assert_eq!((&column("email")["nulls"], &column("email")["distinct"]), (&json!(1), &json!(2)));
    assert_eq!((&column("city")["empty"], &column("id")["unique"]), (&json!(1), &json!(true)));
    assert_eq!(column("id")["mean"], json!(2.0));
    assert_eq!(profile["key_candidates"][0]["columns"], json!(["id"]));
    let profile = shop.ok("column_profile", json!({"table": "orders", "column": "status", "max_top_values": 1})).await;
    assert_eq!((&profile["distinct"], &profile["top_values"]), (&json!(2), &json!([{"value": "open", "count": 2}])));
    let values = shop.ok("sample_distinct", json!({"table": "orders", "column": "status", "limit": 1})).await;
    assert_eq!((&values["values"], &values["more"]), (&json!([{"value": "open", "count": 2}]), &json!(true)));
}

#[tokio::test]
async fn large_tables_are_sampled_and_the_profile_says_how() {
    let sql = "create table big (id integer primary key, v text);
               with recursive r(n) as (select 1 union all select n + 1 from r where n < 5000) insert into big select n, n % 7 from r;
               create table bare (k text primary key, v int) without rowid;
               insert into bare select id, id from big;";
    let shop = Shop::with(sql, Settings { quick_rows: 1_000, ..Settings::default() }).await;
    let profile = shop.ok("table_profile", json!({"table": "big"})).await;
    assert_eq!((&profile["method"], &profile["rows_seen"]), (&json!("key_ranges"), &json!(1_024)));
    assert_eq!(profile["columns"][0].get("unique"), None, "a sample does not prove a key");
    let bare = shop.ok("table_profile", json!({"table": "bare"})).await;
    assert_eq!(bare["how"], json!("the first rows, as many as a quick profile looks at"));
    let full = shop.ok("table_profile", json!({"table": "big", "mode": "full"})).await;
    assert_eq!((&full["rows_seen"], &full["columns"][0]["unique"]), (&json!(5_000), &json!(true)));
}

#[tokio::test]
async fn references_are_found_and_checked_against_the_data() {
    let shop = Shop::new().await;
    let found = shop.ok("find_reference_candidates", json!({"table": "orders", "column": "customer_id"})).await;
    let best = &found["candidates"][0];
    assert_eq!((&best["table"], &best["column"], &best["declared"]), (&json!("customers"), &json!("id"), &json!(false)));
    assert!(best["score"].as_f64().unwrap() > 0.6, "{best}");
    let check = &best["check"];
    assert_eq!((&check["rows"], &check["violating_rows"], &check["violating_values"]), (&json!(4), &json!(1), &json!([77])));
    assert_eq!(check["violating_share"], json!(0.25));
    let found = shop.ok("find_reference_candidates", json!({"table": "order_lines", "column": "product_code"})).await;
    assert_eq!((&found["candidates"][0]["table"], &found["candidates"][0]["check"]["violating_rows"]), (&json!("products"), &json!(0)));
    let declared = shop.ok("find_reference_candidates", json!({"table": "order_lines", "column": "order_id"})).await;
    assert_eq!((&declared["candidates"][0]["declared"], &declared["candidates"][0]["score"]), (&json!(true), &json!(1.0)));
    let none = shop.ok("find_reference_candidates", json!({"table": "orders", "column": "total"})).await;
    assert_eq!(none["candidates"], json!([]));
    let joins = shop.ok("suggest_joins", json!({"table_a": "customers", "table_b": "orders"})).await;
    assert_eq!(joins["joins"][0]["on"], json!("main.orders.customer_id = main.customers.id"));
    let joins = shop.ok("suggest_joins", json!({"table_a": "orders"})).await;
    assert_eq!((&joins["joins"][0]["from"], &joins["joins"][0]["declared"]), (&json!("main.order_lines"), &json!(true)));
}

#[tokio::test]
async fn queries_run_within_bounds_or_say_what_is_wrong() {
    let shop = Shop::new().await;
    let rows = shop.ok("run_sql_readonly", json!({"sql": "select id, null as n, total from orders order by id", "max_rows": 2})).await;
    assert_eq!((&rows["rows"], &rows["truncated"]), (&json!([[10, null, 12.5], [11, null, 7.0]]), &json!(true)));
    for sql in
        ["delete from orders", "select 1; select 2", "pragma query_only = 0", "select * from no_such_table", "explain delete from orders"]
    {
        shop.mendable("run_sql_readonly", json!({"sql": sql})).await;
    }
    let endless = "with recursive r(n) as (select 1 union all select n + 1 from r where n > 0) select count(*) from r";
    let text = shop.mendable("run_sql_readonly", json!({"sql": endless, "timeout_sec": 0.05})).await;
    assert!(text.contains("ended after 50 ms"), "{text}");
    let plan = shop.ok("explain_sql", json!({"sql": "select * from orders where id = 1"})).await;
    assert!(plan["plan"][0].as_str().unwrap().contains("SEARCH orders"), "{plan}");
    let plan = shop.ok("explain_sql", json!({"sql": "explain query plan select * from orders where id = 1"})).await;
    assert!(plan["plan"][0].as_str().unwrap().contains("SEARCH orders"), "{plan}");
    for sql in ["delete from orders", "pragma table_info(orders)"] {
        shop.mendable("explain_sql", json!({"sql": sql})).await;
    }
    for sql in ["explain query plan select * from orders", "pragma table_info(orders)", "pragma user_version"] {
        let rows = shop.ok("run_sql_readonly", json!({"sql": sql})).await;
        assert!(rows["row_count"].as_u64().unwrap() > 0, "{sql}: {rows}");
    }
}

#[tokio::test]
async fn a_large_result_is_cut_and_stays_json() {
    let shop = Shop::with(SHOP, Settings { max_result_bytes: 2_000, ..Settings::default() }).await;
    let sql = "with recursive r(n) as (select 1 union all select n + 1 from r where n < 900) select n, 'some words' from r";
    let outcome = shop.call("run_sql_readonly", json!({"sql": sql, "max_rows": 900})).await;
    assert!(outcome.truncated && outcome.bytes > 2_000);
    let value = outcome.result.unwrap();
    assert!(value.to_string().len() <= 2_000 && value["truncated"] == json!(true));
    assert!(value["rows"].as_array().unwrap().len() > 20, "{value}");
}

#[tokio::test]
async fn the_catalog_is_read_through_its_tools() {
    let shop = Shop::new().await;
    let listed = shop.ok("catalog_list", json!({"kind": "table"})).await;
    assert_eq!(listed["entries"].as_array().unwrap().len(), 4);
    let got = shop.ok("catalog_get", json!({"kind": "column", "key": "col/main.orders.total"})).await;
    assert_eq!(got["entries"][0]["document"]["type"], json!("float"));
    let hits = shop.ok("catalog_search", json!({"query": "customers"})).await;
    assert!(!hits["hits"].as_array().unwrap().is_empty());
    let text = shop.mendable("catalog_get", json!({"kind": "table", "key": "table/main.nothing"})).await;
    assert!(text.contains("catalog_list"), "{text}");
}

struct Odd(&'static str, Effect);

#[async_trait]
impl Tool for Odd {
    fn spec(&self) -> Spec {
        Spec {
            name: self.0,
            description: "A tool that does not do what tools do.",
            args: json!({"type": "object", "properties": {}, "additionalProperties": false}),
            output: json!({}),
            example: json!({}),
            effect: self.1,
            aliases: &[],
        }
    }

    async fn call(&self, _: Call<'_>, _: Value) -> Result<Value, Failure> {
        match self.0 {
            "slow" => std::future::pending().await,
            name => panic!("{name} fell over"),
        }
    }
}

#[tokio::test]
async fn a_tool_that_panics_hangs_or_writes_harms_nobody() {
    let shop = Shop::new().await;
    let tools: Vec<Box<dyn Tool>> =
        vec![Box::new(Odd("panicking", Effect::Read)), Box::new(Odd("slow", Effect::Read)), Box::new(Odd("writing", Effect::Mutate))];
    let registry = Registry::of(tools, Settings { tool_time_ms: 20, ..Settings::default() });
    let call = async |name: &str| registry.execute(&shop.workspace, &Caller::outside("test"), name, json!({})).await.result.unwrap_err();
    assert!(matches!(call("panicking").await, Rejection::Failed(Failure::Broken(text)) if text.contains("panicking fell over")));
    assert!(matches!(call("slow").await, Rejection::Failed(Failure::Mendable(text)) if text.contains("0.02 s")));
    assert!(matches!(call("writing").await, Rejection::Refused(text) if text.contains("approval")));
}

#[tokio::test]
async fn one_harvest_serves_all_until_the_database_changes() {
    let shop = Shop::new().await;
    let words = shop.database.words();
    let entries = shop.store.entries.lock().unwrap().len();
    assert_eq!(entries, 5 + 4 + 5 + 4 + 3 + 5);
    let opened = futures::future::join_all((0..20).map(|_| shop.workbench.open(&words, None))).await;
    assert!(opened.iter().all(|workspace| Arc::ptr_eq(workspace.as_ref().unwrap(), &shop.workspace)));
    assert_eq!(shop.store.snapshot_writes.load(Ordering::SeqCst), 1);

    let fresh = LocalWorkbench::new(shop.store.clone(), book(shop.store.clone()), SourceSettings::default());
    let opened = futures::future::join_all((0..20).map(|_| fresh.open(&words, None))).await;
    let first = opened[0].as_ref().unwrap();
    assert!(opened.iter().all(|workspace| Arc::ptr_eq(workspace.as_ref().unwrap(), first)));
    assert_eq!(shop.store.snapshot_writes.load(Ordering::SeqCst), 2, "each harvest says when it found its snapshot, once");
    assert_eq!(shop.store.entries.lock().unwrap().len(), entries);

    shop.database.execute("insert into customers values (4, 'Di', null, null)").await;
    let after = shop.workbench.open(&words, None).await.unwrap();
    assert_ne!(after.snapshot.id, shop.workspace.snapshot.id);
    assert_eq!(shop.store.snapshot_writes.load(Ordering::SeqCst), 3);

    let old = shop.workbench.open(&words, Some(&shop.workspace.snapshot.id)).await.unwrap();
    assert_eq!(old.snapshot, shop.workspace.snapshot);
    let unknown = shop.workbench.open(&words, Some(&SnapshotId("snap_none".to_owned()))).await.err().unwrap();
    assert!(matches!(&unknown, Problem::Unusable(text) if text.contains("`snap_none`")), "{unknown}");
}

#[tokio::test]
async fn another_file_under_the_same_name_is_another_database() {
    let shop = Shop::new().await;
    let other = Database::new("create table quite_different (id integer)").await;
    std::fs::rename(&other.path, &shop.database.path).unwrap();
    let workspace = shop.workbench.open(&shop.database.words(), None).await.unwrap();
    assert_eq!(workspace.snapshot.tables[0].name, "quite_different");
    let query = guard::check(guard::Dialect::Sqlite, "select count(*) from quite_different").unwrap();
    workspace.source.read(&query, &SourceSettings::default().read_limits()).await.unwrap();
}

#[tokio::test]
async fn a_path_of_joins_is_found_and_says_where_rows_multiply() {
    let shop = Shop::new().await;
    let answer = shop.ok("find_join_path", json!({"from": "customers", "to": "products"})).await;
    let path = answer["path"].as_array().unwrap_or_else(|| panic!("no path: {answer}"));
    let steps: Vec<_> = path.iter().map(|step| (step["joins"].as_str().unwrap(), step["fans_out"].as_bool().unwrap())).collect();
    assert_eq!(steps, [("main.orders", true), ("main.order_lines", true), ("main.products", false)], "{answer}");
    let sql = format!("select count(*) {}", answer["sql"].as_str().unwrap());
    shop.ok("run_sql_readonly", json!({"sql": sql})).await;
    let answer = shop.ok("find_join_path", json!({"from": "orders", "to": "orders"})).await;
    assert_eq!((&answer["path"], &answer["fans_out"]), (&json!([]), &json!(false)));
}

#[tokio::test]
async fn words_that_name_no_source_are_refused_before_a_run_is_created() {
    let shop = Shop::new().await;
    shop.workbench.check(&format!("sqlite:{}", shop.database.words())).await.unwrap();
    for words in ["", "nothing.db", "postgres://h", "oracle://h/db", "/tmp"] {
        let problem = shop.workbench.check(words).await.unwrap_err();
        assert!(matches!(problem, Problem::Unusable(_)), "{words}: {problem}");
        assert!(shop.workbench.open(words, None).await.is_err());
    }
}

#[tokio::test]
async fn calls_are_cheap() {
    let shop = Shop::new().await;
    for (name, args) in [
        ("describe_table", json!({"table": "orders"})),
        ("get_constraints", json!({"table": "orders"})),
        ("table_profile", json!({"table": "orders"})),
        ("sample_rows", json!({"table": "orders", "limit": 5})),
        ("find_reference_candidates", json!({"table": "orders", "column": "customer_id"})),
    ] {
        shop.ok(name, args.clone()).await;
        let started = std::time::Instant::now();
        for _ in 0..50 {
            shop.ok(name, args.clone()).await;
        }
        let each = started.elapsed() / 50;
        println!("{name}: {each:?}");
        assert!(each.as_millis() < 50, "{name}: {each:?}");
    }
}
