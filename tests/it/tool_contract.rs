//! What every tool that is listed keeps to, those included that come later: its arguments, its result, its example and its names.

use std::sync::Arc;

use fathom::source::Settings as SourceSettings;
use fathom::store::{SqliteStore, Store};
use fathom::tools::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::source::Database;
use crate::support::book;

/// What the examples of the tools are about.
const SHOP: &str = "
    create table customers (id integer primary key, name text not null, email text);
    create table orders (id integer primary key, customer_id integer references customers (id), status text default 'open',
                         total real check (total >= 0), created_at datetime);
    create table order_items (order_id integer not null references orders (id), line integer, title text, primary key (order_id, line));
    create index orders_by_status on orders (status) where status <> 'paid';
    create trigger noted after insert on orders begin select 1; end;
    create view open_orders as select * from orders where status = 'open';
    insert into customers values (1, 'Ada', 'ada@x.org'), (2, 'Bo', null);
    insert into orders values (10, 1, 'open', 120.5, '2026-01-01'), (11, 1, 'paid', 7, null), (12, 77, 'open', 300, null);
    insert into order_items values (10, 1, 'Apple'), (10, 2, null), (11, 1, 'Bread');
";

#[test]
fn every_argument_is_described_and_bounded_and_every_name_leads_to_its_tool() {
    let registry = Registry::standard(Settings::default());
    for spec in registry.specs() {
        let name = spec.name;
        assert_eq!(spec.args["additionalProperties"], json!(false), "{name}");
        assert!(spec.description.len() > 40 && !spec.title().is_empty(), "{name}");
        for (argument, property) in spec.args["properties"].as_object().expect("properties") {
            assert!(property["description"].as_str().is_some_and(|text| text.len() > 10), "{name}: `{argument}` is not described");
            assert!(is_bounded(property), "{name}: `{argument}` has no limit: {property}");
        }
        for known in std::iter::once(&name).chain(spec.aliases) {
            for form in [(*known).to_owned(), known.replace('.', "_"), known.replace('_', "."), known.to_uppercase()] {
                assert_eq!(registry.resolve(&form), Some(name), "{form}");
            }
        }
    }
    assert_eq!(registry.specs().find(|spec| spec.name == "run_sql_readonly").expect("it is there").title(), "Run SQL readonly");
}

fn is_bounded(property: &Value) -> bool {
    let is = |kind: &str| property["type"] == kind;
    let has = |name: &str| property.get(name).is_some();
    let bound = match property["type"].as_str() {
        Some("string") => has("maxLength") || has("enum"),
        Some("integer" | "number") => has("maximum"),
        Some("array") => has("maxItems"),
        _ => true,
    };
    bound && (has("type") || has("enum") || has("anyOf") || has("oneOf")) || is("object")
}

#[tokio::test]
async fn every_example_works_and_its_result_is_what_the_schema_describes() {
    let folder = TempDir::new().expect("a folder");
    let database = Database::new(SHOP).await;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).await.expect("a store"));
    let workbench = LocalWorkbench::new(store.clone(), book(store.clone()), SourceSettings::default());
    let workspace = workbench.open(&database.words(), None).await.expect("it opens");
    let registry = Registry::standard(Settings { max_result_bytes: 1 << 20, ..Settings::default() });
    let caller = Caller::outside("test");
    for (name, args) in BEFORE {
        let outcome = registry.execute(&workspace, &caller, name, serde_json::from_str(args).expect("JSON")).await;
        outcome.result.unwrap_or_else(|rejection| panic!("{name} {args}: {rejection}"));
    }
    let mut wrong = Vec::new();
    for spec in registry.specs().filter(|spec| !spec.name.starts_with("agent.")) {
        let mut calls = vec![spec.example.clone()];
        calls.extend(MORE.iter().filter(|(name, _)| *name == spec.name).map(|(_, args)| serde_json::from_str(args).expect("JSON")));
        let validator = jsonschema::validator_for(&spec.output).expect("a sound schema");
        for args in calls {
            let outcome = registry.execute(&workspace, &caller, spec.name, args.clone()).await;
            match outcome.result {
                Err(rejection) => wrong.push(format!("{} {args}: {rejection}", spec.name)),
                Ok(result) => {
                    wrong.extend(validator.iter_errors(&result).map(|error| format!("{} {args}: {error} in {result}", spec.name)));
                    undescribed(&spec.output, &result, spec.name, &mut wrong);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is there before: examples merge it. Examples of `agent.*` need a run, and are carried out in `agent_runs`.
const BEFORE: [(&str, &str); 2] = [
    ("catalog_upsert", r#"{"kind": "domain", "key": "domain/billing", "document": {"title": "Billing"}}"#),
    ("catalog_upsert", r#"{"kind": "domain", "key": "domain/invoices", "document": {"title": "Invoices"}}"#),
];

/// Calls whose results have other members than those of the examples.
const MORE: [(&str, &str); 9] = [
    ("list_tables", r#"{"limit": 1}"#),
    ("describe_table", r#"{"table": "open_orders"}"#),
    ("describe_table", r#"{"table": "order_items"}"#),
    ("get_constraints", "{}"),
    ("column_profile", r#"{"table": "orders", "column": "total"}"#),
    ("table_profile", r#"{"table": "order_items", "mode": "full"}"#),
    ("find_join_path", r#"{"from": "customers", "to": "open_orders"}"#),
    ("find_reference_candidates", r#"{"table": "order_items", "column": "order_id"}"#),
    ("catalog_list", r#"{"kind": "column", "limit": 2}"#),
];

/// Members of a value of which its schema says nothing.
fn undescribed(schema: &Value, value: &Value, path: &str, into: &mut Vec<String>) {
    // `{}` describes whatever it is; the branches of a choice were judged by the validator.
    if schema.as_object().is_some_and(|schema| schema.is_empty() || schema.contains_key("anyOf") || schema.contains_key("oneOf")) {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}.{name}");
                let others = schema.get("additionalProperties").filter(|others| others.is_object());
                match schema["properties"].get(name).or(others) {
                    Some(described) => undescribed(described, member, &path, into),
                    None => into.push(format!("{path} is not described: {member}")),
                }
            }
        }
        Value::Array(items) => match schema.get("items") {
            Some(described) => items.iter().for_each(|item| undescribed(described, item, &format!("{path}[]"), into)),
            None if items.is_empty() => {}
            None => into.push(format!("{path} says nothing of its items")),
        },
        _ => {}
    }
}
