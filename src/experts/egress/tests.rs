//! Tests of what leaves by which level: rows, profiles, entries, errors, and what nobody has classed.

use serde_json::json;

use super::*;
use crate::claims::ToolCall;

fn result(value: Value) -> ToolResult {
    let call = ToolCall { name: "any".to_owned(), args: json!({"sql": "select 'asked' as x"}) };
    ToolResult { step: "tool/1/0".to_owned(), call, result: value, failed: false }
}

fn told(level: Egress, value: &Value) -> (Value, Shown) {
    let mut gate = Gate::new(level);
    let told = gate.result(&result(value.clone())).result;
    (told, gate.shown())
}

fn rows() -> Value {
    let row = |id: u32, who: &str, status: &str| json!([id, who, format!("{}@x.org", who.to_lowercase()), status, "2026-01-31", 12.5]);
    let columns = ["id", "buyer", "contact", "status", "at", "total"].map(|name| json!({"name": name, "type": "text"}));
    json!({
        "columns": columns,
        "rows": [row(1, "Lovelace", "shipped"), row(2, "Hopper", "shipped"), row(3, "Noether", "waiting"), row(4, "Franklin", "waiting")],
        "row_count": 4, "truncated": false, "elapsed_ms": 1
    })
}

#[test]
fn rows_leave_by_the_level() {
    let (full, shown) = told(Egress::Full, &rows());
    assert_eq!((full, shown.values_masked, shown.fields_left_out), (rows(), 0, 0));
    let (masked, shown) = told(Egress::Masked, &rows());
    assert_eq!(masked["rows"][0], json!([1, "Xxxxxxxx", "xxxxxxxx@x.xxx", "shipped", "2026-01-31", 12.5]));
    assert_eq!((shown.values_masked, shown.fields_left_out), (8, 0));
    let (figures, shown) = told(Egress::Statistics, &rows());
    assert_eq!((figures.get("rows"), &figures["row_count"], shown.fields_left_out), (None, &json!(4), 1));
    let (schema, _) = told(Egress::Schema, &rows());
    assert_eq!((schema.get("row_count"), &schema["columns"][3]["name"]), (None, &json!("status")));
}

#[test]
fn profiles_leave_by_the_level() {
    let profile = json!({
        "table": "main.people", "rows_seen": 100, "columns": [
            {"name": "email", "type": "text", "distinct": 90, "null_share": 0.1, "min": "ada", "max": "zed", "semantic_type": "email", "pattern": "a@a.a"},
            {"name": "state", "type": "text", "distinct": 3, "min": "closed", "max": "waiting", "coverage": {"first": "2026-01-01", "filled": 7}},
            {"name": "salary", "type": "integer", "mean": 52000.5, "min": 41234, "max": 99876}],
        "key_candidates": [{"columns": ["email"], "score": 0.9, "why": ["unique"]}]
    });
    let (masked, _) = told(Egress::Masked, &profile);
    assert_eq!((&masked["columns"][0]["min"], &masked["columns"][1]["min"]), (&json!("xxx"), &json!("closed")));
    assert_eq!(masked["columns"][2], profile["columns"][2]);
    let (figures, _) = told(Egress::Statistics, &profile);
    assert_eq!(
        figures["columns"][0],
        json!({"name": "email", "type": "text", "distinct": 90, "null_share": 0.1, "semantic_type": "email", "pattern": "a@a.a"})
    );
    assert_eq!(figures["columns"][1]["coverage"], json!({"filled": 7}));
    assert_eq!(figures["columns"][2], json!({"name": "salary", "type": "integer", "mean": 52000.5}));
    let (schema, shown) = told(Egress::Schema, &profile);
    assert_eq!(schema["columns"][2], json!({"name": "salary", "type": "integer"}));
    assert!(shown.fields_left_out > 8 && !schema.to_string().contains("52000"), "{schema}");
}

#[test]
fn values_with_counts_are_codes_where_few_stand_often() {
    let of = |values: &[(&str, u64)], column: &str| {
        let values: Vec<Value> = values.iter().map(|(value, count)| json!({"value": value, "count": count})).collect();
        told(Egress::Masked, &json!({"table": "t", "column": column, "values": values})).0["values"].clone()
    };
    assert_eq!(of(&[("shipped", 50), ("waiting", 7)], "status")[0], json!({"value": "shipped", "count": 50}));
    assert_eq!(of(&[("Lovelace", 1), ("Hopper", 1)], "buyer")[0], json!({"value": "Xxxxxxxx", "count": 1}));
    assert_eq!(of(&[("Lovelace", 50), ("Hopper", 70)], "last_name")[0], json!({"value": "Xxxxxxxx", "count": 50}));
    let counted =
        json!({"column": "status", "values": [{"value": "shipped", "count": 50}], "top_values": [{"value": "shipped", "count": 50}]});
    let (figures, shown) = told(Egress::Statistics, &counted);
    assert_eq!(figures, json!({"column": "status", "values": [{"count": 50}], "top_values": [{"count": 50}]}));
    assert_eq!(shown.fields_left_out, 2);
}

#[test]
fn what_somebody_wrote_leaves_only_where_values_may() {
    let entry = json!({"entries": [
        {"layer": "finding", "kind": "note", "key": "note/x", "confidence": 0.5, "tags": ["vip"],
         "document": {"text": "ada@x.org pays 17 times", "proof": {"sql": "select 1", "rows": [["Ada Lovelace", 3]]}}},
        {"layer": "harvest", "kind": "table", "key": "table/main.t", "document": {"name": "t", "rows": 7, "comment": "people", "definition": "create view t as select 'Ada'"}}]});
    let (masked, _) = told(Egress::Masked, &entry);
    assert_eq!(masked["entries"][0]["document"]["text"], "xxx@x.xxx pays 17 times");
    assert_eq!(masked["entries"][0]["document"]["proof"]["rows"], json!([["Xxx Xxxxxxxx", 3]]));
    assert_eq!(masked["entries"][1], entry["entries"][1]);
    let (schema, _) = told(Egress::Schema, &entry);
    assert_eq!(schema["entries"][0], json!({"layer": "finding", "kind": "note", "key": "note/x", "confidence": 0.5}));
    assert_eq!(schema["entries"][1]["document"], json!({"name": "t", "comment": "people"}));
    let (figures, _) = told(Egress::Statistics, &entry);
    assert_eq!(figures["entries"][1]["document"]["rows"], 7);
}

#[test]
fn an_error_says_what_was_wrong_and_quotes_no_value() {
    let failed = |text: &str| {
        let failed = ToolResult { failed: true, ..result(json!({"error": text})) };
        Gate::new(Egress::Schema).result(&failed).result["error"].clone()
    };
    assert_eq!(failed("invalid input syntax for type integer: \"Ada \"the\" Lovelace\""), "invalid input syntax for type integer: \"…\"");
    assert_eq!(failed("column \"asked\" does not exist"), "column \"asked\" does not exist");
    assert_eq!(failed("there is no table `x`; there are: orders"), "there is no table `x`; there are: orders");
}

#[test]
fn what_nobody_has_classed_is_a_value() {
    let (schema, shown) = told(Egress::Statistics, &json!({"colour_of_the_day": "blue", "inside": {"name": "x", "odd": 7}}));
    assert_eq!((schema, shown.fields_left_out), (json!({}), 2));
    assert_eq!(told(Egress::Statistics, &json!("bare")).0, Value::Null);
}
