//! What callers from outside record in the catalog: what the gate makes of it, who may take it back, and how it is found.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::{Launch, Server};
use crate::support::shop;

/// A server with a shop, and callers with tokens.
struct Scene {
    server: Server,
    shop: String,
    _folder: TempDir,
}

struct Caller<'a> {
    scene: &'a Scene,
    token: Option<String>,
}

async fn scene() -> Scene {
    let folder = TempDir::new().expect("a folder");
    let shop = shop::make(folder.path(), "shop.db").await.display().to_string();
    let server = Launch::on(folder.path()).start().await;
    Scene { server, shop, _folder: folder }
}

impl Scene {
    fn nobody(&self) -> Caller<'_> {
        Caller { scene: self, token: None }
    }

    async fn named(&self, name: &str) -> Caller<'_> {
        let (status, made) = self.server.client.post("/tokens", json!({"name": name})).await;
        assert_eq!(status, 201, "{made}");
        Caller { scene: self, token: made["token"].as_str().map(str::to_owned) }
    }
}

impl Caller<'_> {
    async fn ask(&self, path: &str, body: Value) -> Value {
        let client = &self.scene.server.client;
        let mut request = client.http().post(format!("{}{path}", client.url)).json(&body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// The result, or the problem.
    async fn call(&self, tool: &str, args: Value) -> Value {
        let mut answer = self.ask(&format!("/tools/{tool}"), json!({"source": self.scene.shop, "args": args})).await;
        if answer["code"].is_string() { answer } else { answer["result"].take() }
    }

    async fn refused(&self, tool: &str, args: Value, because: &str) {
        let answer = self.call(tool, args.clone()).await;
        let detail = answer["detail"].as_str().unwrap_or_default();
        assert!(answer["code"].is_string() && detail.contains(because), "{tool} {args}: {answer}");
    }
}

fn judged(answer: &Value) -> (&str, f64) {
    (answer["status"].as_str().unwrap_or("none"), answer["confidence"].as_f64().unwrap_or(-1.0))
}

#[tokio::test]
async fn the_data_and_the_evidence_decide_what_a_claim_is_worth() {
    let scene = scene().await;
    let caller = scene.nobody();
    // an undeclared reference that every row keeps to, and one that most rows contradict
    let reference = |child: &str, column: &str, parent: &str| json!({"child_object_id": child, "child_column": column, "parent_object_id": parent, "parent_column": "id", "confidence": 0.4, "run_id": 7});
    let holds = caller.call("llm.relationship_upsert", reference("main.order_items", "product_id", "products")).await;
    assert_eq!(judged(&holds), ("validated", 0.95), "{holds}");
    assert_eq!(holds["key"], "rel/main.order_items.product_id->main.products.id");
    assert_eq!(holds["check"]["result"]["rows_without_partner"], 0, "{holds}");
    let wrong = caller.call("llm.relationship_upsert", reference("orders", "id", "main.customers")).await;
    assert_eq!(judged(&wrong), ("refuted", 0.05), "{wrong}");

    let note = |document: Value, more: Value| {
        let mut args = json!({"kind": "note", "key": "note/codes", "document": document, "confidence": 0.95});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        args
    };
    let bare = caller.call("catalog_upsert", note(json!({"text": "S is shipped"}), json!({}))).await;
    assert_eq!(judged(&bare), ("draft", 0.5), "{bare}");
    let forged = json!({"text": "S is shipped", "status": "stable", "confidence": 1.0, "check": {"reason": "I looked"}});
    let cited = json!({"evidence": ["person", "question/run_1/codes", "table/main.nothing", "note/codes", "rel/main.orders.id->main.customers.id"]});
    let forged = caller.call("catalog.upsert", note(forged, cited)).await;
    assert_eq!(judged(&forged), ("draft", 0.5), "{forged}");
    assert_eq!(forged["unresolved"].as_array().map(Vec::len), Some(5), "refuted findings and words are no evidence: {forged}");
    let rests = json!({"evidence": ["col/main.orders.status", "rel/main.order_items.product_id->main.products.id"]});
    let rests = caller.call("catalog_upsert", note(json!({"text": "S is shipped"}), rests)).await;
    assert_eq!((judged(&rests), rests["evidence"].as_array().map(Vec::len)), (("draft", 0.8), Some(2)), "{rests}");

    let proof = json!({"kind": "hypothesis", "key": "hypothesis/half", "document": "half of the orders are shipped", "confidence": 0.9,
        "sql": "select status, count(*) as n from orders group by status order by status"});
    let proven = caller.call("catalog_upsert", proof).await;
    assert_eq!(judged(&proven), ("draft", 0.8), "{proven}");
    let kept = caller.call("catalog_get", json!({"kind": "hypothesis", "key": "hypothesis/half"})).await;
    assert_eq!(kept["entries"][0]["document"]["proof"]["rows"], json!([["N", 50], ["P", 50], ["S", 100]]), "{kept}");
    assert_eq!(kept["entries"][0]["provenance"]["author"], "outside");

    let metric = |sql: &str| json!({"metric_key": "orders.count", "title": "Orders", "sql_template": sql, "depends": ["orders"]});
    caller.refused("llm.metric_upsert", metric("select count(*) from ordrs"), "nothing was recorded").await;
    caller.refused("llm.metric_upsert", metric("delete from orders"), "nothing was recorded").await;
    caller.refused("llm.metric_get", json!({"metric_key": "orders.count"}), "there is no finding").await;
    let counted = caller.call("llm.metric_upsert", metric("select count(*) from orders")).await;
    assert_eq!((judged(&counted), &counted["check"]["result"]["value"]), (("validated", 0.9), &json!([200])), "{counted}");
    let later = caller.call("llm.metric_upsert", metric("select count(*) from orders where placed_at > {day}")).await;
    assert!(later["recorded"] == false && later["note"].as_str().is_some_and(|note| note.contains("more certain")), "{later}");

    for (kind, key) in [("question", "question/run_1/x"), ("intent", "intent/x"), ("report", "report/x"), ("note", "note/")] {
        caller.refused("catalog_upsert", json!({"kind": kind, "key": key, "document": "x"}), "not for callers").await;
    }
    caller.refused("catalog_upsert", json!({"kind": "column", "key": "col/main.orders.colour", "document": "x"}), "no such column").await;
    caller.refused("catalog_upsert", note(json!({"text": "x"}), json!({"author": "person"})), "author").await;
    caller.refused("catalog_upsert", note(json!({"text": "x"}), json!({"sql": "drop table orders"})), "`sql`").await;
    caller.refused("catalog_upsert", note(json!({"text": "x".repeat(70_000)}), json!({})), "say it shorter").await;
}

#[tokio::test]
async fn a_caller_takes_back_and_doubts_what_it_said_itself() {
    let scene = scene().await;
    let (ada, bo) = (scene.named("ada").await, scene.named("bo").await);
    let summary = json!({"object_id": "main.orders", "summary": {"hypothesis": "one row an order"}, "status": "validated", "confidence": 0.9, "sources": ["table/main.orders"]});
    let said = ada.call("llm.summary_upsert", summary).await;
    assert_eq!((judged(&said), &said["stands_now"]["author"]), (("draft", 0.8), &json!("token:ada")), "{said}");
    let beside = bo.call("llm.summary_upsert", json!({"object_id": "orders", "summary": "a list of returns"})).await;
    assert_eq!(beside["stands_now"], json!({"author": "token:ada", "status": "draft", "confidence": 0.8, "competing": 1}), "{beside}");

    let of = |object: &str| json!({"object_id": object});
    let nobody = scene.nobody();
    nobody.refused("llm.summary_delete", of("main.orders"), "claimed by `token:ada` and not by you (`outside`)").await;
    nobody.refused("catalog_delete", json!({"kind": "table", "key": "table/main.orders"}), "what the database itself says").await;
    nobody.refused("llm.note_delete", json!({"key": "note/none"}), "there is no claim").await;
    let status = |status: &str| json!({"object_id": "main.orders", "status": status, "reason": "changed"});
    for certain in ["validated", "stable", "refuted"] {
        ada.refused("llm.summary_set_status", status(certain), "comes from an exact check of the data, or from a person").await;
    }
    ada.refused("llm.summary_set_status", status("rejected"), "only a person rejects").await;
    let doubted = ada.call("llm.summary_set_status", status("draft")).await;
    assert_eq!(judged(&doubted), ("draft", 0.5), "{doubted}");

    let gone = ada.call("llm_summary_delete", of("main.orders")).await;
    assert_eq!(gone["stands_now"]["author"], "token:bo", "{gone}");
    ada.refused("llm.summary_delete", of("main.orders"), "claimed by `token:bo`").await;
    let stale = bo.call("llm.summary_set_status", status("stale")).await;
    assert_eq!(stale["status"], "stale", "{stale}");
    bo.call("llm.summary_delete", of("main.orders")).await;
    bo.refused("llm.summary_get", of("main.orders"), "there is no finding").await;
    let found = bo.call("llm.search", json!({"query": "returns"})).await;
    assert_eq!(found["items"], json!([]), "what was taken back is not found");
    let again = ada.call("llm.summary_upsert", json!({"object_id": "main.orders", "summary": "orders of customers"})).await;
    assert!(again["recorded"] == true && again["stands_now"]["author"] == "token:ada", "{again}");
}

#[tokio::test]
async fn domains_are_named_filled_and_merged() {
    let scene = scene().await;
    let (ada, bo) = (scene.named("ada").await, scene.named("bo").await);
    for (caller, key) in [(&ada, "sales"), (&ada, "shopping"), (&bo, "orders")] {
        caller.call("llm.domain_upsert", json!({"domain_key": key, "title": key, "description": "who buys what"})).await;
    }
    let members = json!({"domain_key": "shopping", "members": [{"object_id": "orders", "role": "fact"}, "main.customers"]});
    let filled = ada.call("llm.domain_set_members", members).await;
    assert_eq!(filled["recorded"], true, "{filled}");
    let domain = ada.call("llm.domain_get", json!({"domain_key": "shopping"})).await;
    assert_eq!(
        (&domain["document"]["tables"], &domain["document"]["title"]),
        (&json!(["main.orders", "main.customers"]), &json!("shopping"))
    );
    ada.refused("llm.domain_set_members", json!({"domain_key": "shopping", "members": ["main.ordres"]}), "there is no table `main.ordres`")
        .await;

    ada.refused("catalog_merge", json!({"keys": ["sales"], "target_key": "sales"}), "two different entries").await;
    let merge = json!({"keys": ["domain/sales", "shopping", "orders"], "target_key": "sales", "instructions": "the same"});
    let merged = ada.call("catalog_merge", merge).await;
    assert_eq!((&merged["withdrawn"], &merged["linked"]), (&json!(["domain/shopping"]), &json!(["domain/orders"])), "{merged}");
    let listed = ada.call("llm.domain_list", json!({})).await;
    let keys: Vec<&str> = listed["items"].as_array().expect("a list").iter().filter_map(|item| item["key"].as_str()).collect();
    assert_eq!(keys, ["domain/orders", "domain/sales"]);
    let sales = ada.call("llm.domain_get", json!({"key": "domain/sales"})).await;
    assert_eq!(sales["document"]["tables"], json!(["main.orders", "main.customers"]));
    assert!(sales["links"].as_array().is_some_and(|links| links.contains(&json!("domain/orders"))), "{sales}");
}

#[tokio::test]
async fn one_search_gives_templates_and_the_tables_they_need() {
    let scene = scene().await;
    let caller = scene.nobody();
    let template = json!({"target_id": scene.shop, "run_id": "1", "title": "Orders by country", "question_nl": "How many orders come from each country?",
        "template": {"kind": "count"}, "example_sql": "select c.country, count(*) from orders o join customers c on c.id = o.customer_id group by c.country"});
    let rpc = async |method: &str, params: Value| {
        caller.ask("/mcp/query", json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await
    };
    let added = rpc("llm.question_template_add", template).await;
    assert_eq!(judged(&added["result"]), ("validated", 0.9), "{added}");
    let note = json!({"scope": "object", "object_id": "main.customers.country", "title": "codes", "body": "ISO letters of a country"});
    let noted = rpc("tools/call", json!({"name": "llm_note_add", "arguments": {"target_id": scene.shop, "scope": note["scope"], "object_id": note["object_id"], "title": note["title"], "body": note["body"]}})).await;
    assert_eq!(noted["result"]["structuredContent"]["key"], "note/main.customers.country/codes", "{noted}");

    let found = rpc("llm.search", json!({"target_id": scene.shop, "query": "orders from a country", "include_objects": true})).await;
    let result = &found["result"];
    let items = result["items"].as_array().expect("a list");
    let template = items.iter().find(|item| item["kind"] == "question_template").expect("the template is found");
    assert_eq!(template["document"]["related_objects"], json!(["main.customers", "main.orders"]), "{found}");
    assert!(items.iter().any(|item| item["kind"] == "note"), "{found}");
    let names: Vec<&str> = result["objects"].as_array().expect("a list").iter().filter_map(|object| object["key"].as_str()).collect();
    assert_eq!(names, ["table/main.customers", "table/main.orders"]);
    assert_eq!(result["objects"][1]["references"][0]["table"], "main.customers", "{found}");
    let all = rpc("llm.search", json!({"target_id": scene.shop})).await;
    assert_eq!(all["result"]["items"].as_array().map(Vec::len), Some(1), "{all}");
    let broken =
        json!({"target_id": scene.shop, "title": "x", "question_nl": "y?", "template": "z", "example_sql": "select colour from orders"});
    let refused = rpc("llm.question_template_add", broken).await;
    assert!(refused["error"]["message"].as_str().is_some_and(|why| why.contains("colour")), "{refused}");
}
