//! Checks that are run again: the data changes between two of them, and the catalog says what it says now.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

use crate::cli::fathom;
use crate::support::process::{Launch, Server};
use crate::support::servers::{self, TestDatabase};
use crate::support::shop;

const REFERENCE: &str = "rel/main.order_items.product_id->main.products.id";

struct Scene {
    server: Server,
    source: String,
    folder: TempDir,
}

impl Scene {
    async fn of_shop() -> Self {
        let folder = TempDir::new().expect("a folder");
        let source = shop::make(folder.path(), "shop.db").await.display().to_string();
        let server = Launch::on(folder.path()).start().await;
        Self { server, source, folder }
    }

    async fn call(&self, tool: &str, args: Value) -> Value {
        let (status, mut answer) = self.server.client.post(&format!("/tools/{tool}"), json!({"source": self.source, "args": args})).await;
        assert_eq!(status, 200, "{tool} {args}: {answer}");
        answer["result"].take()
    }

    /// The one claim under a key, verified through its own path.
    async fn verify(&self, key: &str) -> Value {
        let id = key.replace('/', "%2F").replace('>', "%3E");
        let (status, answer) = self.server.client.post(&format!("/findings/{id}/verify"), json!({"source": self.source})).await;
        assert_eq!((status, answer["items"].as_array().map(Vec::len)), (200, Some(1)), "{answer}");
        answer["items"][0].clone()
    }

    async fn entry(&self, kind: &str, key: &str) -> Value {
        self.call("catalog_get", json!({"kind": kind, "key": key})).await["entries"][0].clone()
    }

    async fn write(&self, sql: &str) {
        let mut database = sqlx::SqliteConnection::connect(&format!("sqlite:{}", self.source)).await.expect("the shop");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database).await.expect("it is written");
    }
}

fn refers() -> Value {
    json!({"child_object_id": "main.order_items", "child_column": "product_id", "parent_object_id": "main.products", "parent_column": "id"})
}

#[tokio::test]
async fn what_the_data_refutes_is_refuted_and_what_it_bears_again_is_validated_again() {
    let scene = Scene::of_shop().await;
    scene.call("llm.relationship_upsert", refers()).await;
    let claimed = scene.entry("relationship", REFERENCE).await;
    let check = &claimed["document"]["check"];
    assert_eq!(
        (&check["by"], &check["dialect"], &check["result"]["rows_without_partner"]),
        (&json!("check/anti_join"), &json!("sqlite"), &json!(0))
    );
    // The stored SQL is what was asked: a person gets the same numbers with it.
    let by_hand = scene.call("run_sql_readonly", json!({"sql": check["sql"]})).await;
    assert_eq!((&by_hand["rows"][0][0], &by_hand["rows"][0][1]), (&check["result"]["referencing_rows"], &json!(0)), "{by_hand}");

    let same = scene.verify(REFERENCE).await;
    assert_eq!((&same["outcome"], &same["changed"]), (&json!("holds"), &json!(false)), "{same}");
    assert_eq!(same["check"]["sql"], check["sql"], "{same}");

    scene.write("update order_items set product_id = product_id + 100000").await;
    let refuted = scene.verify(REFERENCE).await;
    assert_eq!((&refuted["outcome"], &refuted["changed"]), (&json!("refuted"), &json!(true)), "{refuted}");
    assert_eq!((&refuted["before"]["status"], &refuted["after"]["status"]), (&json!("validated"), &json!("refuted")), "{refuted}");
    assert_eq!(refuted["before"]["result"]["rows_without_partner"], 0, "{refuted}");
    assert_eq!(refuted["check"]["result"]["rows_without_partner"], check["result"]["referencing_rows"], "{refuted}");
    let stands = scene.entry("relationship", REFERENCE).await;
    assert_eq!((&stands["status"], &stands["confidence"]), (&json!("refuted"), &json!(0.05)), "{stands}");
    assert!(stands["document"]["check"]["at"].is_i64() && stands["provenance"] == claimed["provenance"], "{stands}");

    scene.write("update order_items set product_id = product_id - 100000").await;
    let restored = scene.verify(REFERENCE).await;
    assert_eq!(restored["after"], json!({"status": "validated", "confidence": 0.95}), "{restored}");
}

#[tokio::test]
async fn a_check_that_holds_clears_a_stale_mark_and_what_has_no_check_is_told_so() {
    let scene = Scene::of_shop().await;
    scene.call("llm.relationship_upsert", refers()).await;
    let metric = json!({"metric_key": "products.count", "title": "Products", "sql_template": "select count(*) from products", "depends": ["products"]});
    scene.call("llm.metric_upsert", metric).await;
    scene.call("llm.summary_upsert", json!({"object_id": "main.order_items", "summary": "one line of an order"})).await;
    // The column has another name: what was claimed about it may not hold any more.
    scene.write("alter table products add column colour text; alter table order_items rename column product_id to product").await;
    scene.call("list_tables", json!({})).await;
    assert_eq!(scene.entry("relationship", REFERENCE).await["status"], "stale");
    let gone = scene.verify(REFERENCE).await;
    assert_eq!((&gone["outcome"], &gone["check"]["by"]), (&json!("refuted"), &json!("check/existence")), "{gone}");
    scene.write("alter table order_items rename column product to product_id").await;
    scene.call("list_tables", json!({})).await;
    let back = scene.verify(REFERENCE).await;
    assert_eq!((&back["outcome"], &back["after"]["status"]), (&json!("holds"), &json!("validated")), "{back}");
    let entry = scene.entry("relationship", REFERENCE).await;
    assert!(entry["stale"].is_null() && entry["status"] == "validated", "{entry}");

    let summary = scene.verify("summary/main.order_items").await;
    assert_eq!(summary["outcome"], "unchecked", "{summary}");
    assert!(summary["why"].as_str().is_some_and(|why| why.contains("nothing that a query could check")), "{summary}");
    let (status, none) = scene.server.client.post("/findings/metric%2Fnone/verify", json!({"source": scene.source})).await;
    assert!(status >= 400 && none["detail"].as_str().is_some_and(|detail| detail.contains("there is no finding")), "{none}");

    // All of them on the command line; the metric has another value and still holds.
    scene.write("insert into products values (26, 'new', 100, 'A', null)").await;
    let url = scene.server.client.url.clone();
    let run = |words: &[&str]| fathom(scene.folder.path(), &[&["verify", &scene.source, "--server", &url], words].concat());
    let (code, out, err) = run(&["--all", "--json"]);
    assert_eq!(code, 0, "{err}");
    let items: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let keys: Vec<&str> = items.iter().filter_map(|item| item["key"].as_str()).collect();
    assert_eq!(keys, ["metric/products.count", REFERENCE], "{out}");
    assert_eq!(items[0]["before"]["result"]["value"], json!([25]), "{out}");
    assert_eq!(items[0]["check"]["result"]["value"], json!([26]), "{out}");
    scene.write("drop table products").await;
    let (code, out, err) = run(&["metric", "metric/products.count"]);
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("refuted") && out.contains("stale 0.90 → refuted 0.05") && out.contains("select count(*) from products"), "{out}");
    let (code, _, err) = run(&["metric"]);
    assert_eq!(code, 2, "{err}");
}

#[tokio::test]
async fn claims_of_others_under_the_same_key_do_not_survive_a_refutation() {
    let scene = Scene::of_shop().await;
    scene.call("llm.relationship_upsert", refers()).await;
    let client = &scene.server.client;
    let (_, made) = client.post("/tokens", json!({"name": "ada"})).await;
    let request = client.http().post(format!("{}/tools/llm.relationship_upsert", client.url));
    let token = made["token"].as_str().expect("a token");
    let said = request.bearer_auth(token).json(&json!({"source": scene.source, "args": refers()})).send().await.expect("an answer");
    assert!(said.status().is_success());
    scene.write("update order_items set product_id = product_id + 100000").await;
    let verified = scene.call("catalog_verify", json!({"key": REFERENCE})).await;
    assert_eq!(verified["items"].as_array().map(Vec::len), Some(2), "{verified}");
    assert_eq!(scene.entry("relationship", REFERENCE).await["status"], "refuted");
}

#[tokio::test]
async fn a_finding_on_postgresql_is_verified_against_what_the_server_holds_now() {
    let database = TestDatabase::new(servers::Server::Postgresql).await;
    database
        .execute(
            "create table owners (id int primary key); insert into owners select generate_series(1, 40);
             create table pets (id int primary key, owner_id int); insert into pets select i, 1 + i % 40 from generate_series(1, 400) as i",
        )
        .await;
    let folder = TempDir::new().expect("a folder");
    let server = Launch::on(folder.path()).start().await;
    let scene = Scene { server, source: database.url.clone(), folder };
    let claim =
        json!({"child_object_id": "public.pets", "child_column": "owner_id", "parent_object_id": "public.owners", "parent_column": "id"});
    scene.call("llm.relationship_upsert", claim).await;
    let key = "rel/public.pets.owner_id->public.owners.id";
    let entry = scene.entry("relationship", key).await;
    assert_eq!((&entry["status"], &entry["document"]["check"]["dialect"]), (&json!("validated"), &json!("postgresql")), "{entry}");
    database.execute("update pets set owner_id = owner_id + 38").await;
    let refuted = scene.verify(key).await;
    assert_eq!((&refuted["outcome"], &refuted["check"]["result"]["rows_without_partner"]), (&json!("refuted"), &json!(380)), "{refuted}");
    database.execute("update pets set owner_id = owner_id - 38; alter table pets rename column owner_id to owner").await;
    // The harvest of a moment ago will not do: the column has another name now.
    let gone = scene.verify(key).await;
    assert_eq!(gone["check"]["by"], "check/existence", "{gone}");
}
