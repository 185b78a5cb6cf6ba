//! What the rules make of a brief: what is asked, what is written, and what an answer changes.

use serde_json::{Value, json};

use super::probes::{self, About};
use super::table::TableView;
use super::{query, structural};
use crate::domain::{Answer, Egress, Intent, Question, TaskId};
use crate::experts::thought::{AnswerLine, Reflection, TaskBrief, ToolResult};

fn brief(table: &str, more: Value) -> TaskBrief {
    let mut evidence = json!({
        "engine": "sqlite", "table": format!("main.{table}"), "kind": "table", "rows": 1_000, "primary_key": [], "inferred_key": ["id"],
        "columns": [], "references": [], "referenced_by": [], "unique": [],
        "may_ask": {"references": true, "codes": true, "twice": true}
    });
    evidence.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    TaskBrief {
        run_id: "run_0190aaaaaaaa7aaaaaaaaaaaaaaaaaaa".parse().unwrap(),
        task: TaskId(1),
        expert: "structural".to_owned(),
        goal: "look".to_owned(),
        schema: "main".to_owned(),
        table: Some(table.to_owned()),
        intent: Intent::default(),
        known: Vec::new(),
        answers: Vec::new(),
        egress: Egress::Full,
        evidence,
    }
}

fn columns(listed: &[(&str, &str)]) -> Value {
    listed.iter().map(|(name, r#type)| json!({ "name": name, "type": r#type })).collect()
}

fn contested() -> TaskBrief {
    brief(
        "orders",
        json!({
            "columns": columns(&[("id", "integer"), ("agent", "integer"), ("total", "float")]),
            "references": [{
                "key": "rel/main.orders.agent->main.staff.id", "columns": ["agent"], "table": "main.staff", "to_columns": ["id"],
                "declared": false, "confidence": 0.8, "signals": ["all values are found there"], "contested": true,
                "rivals": [{"table": "main.suppliers", "columns": ["id"], "confidence": 0.7}]
            }]
        }),
    )
}

fn structure(brief: &TaskBrief) -> Reflection {
    structural::reflect(brief, &TableView::of(brief).unwrap(), &[])
}

fn references(reflection: &Reflection) -> Vec<&str> {
    let writes = reflection.catalog_writes.iter().filter(|write| write.kind == "relationship");
    writes.map(|write| write.key.as_str()).collect()
}

#[test]
fn what_only_a_person_can_tell_is_asked_once_with_the_likeliest_first() {
    let reflection = structure(&contested());
    assert_eq!(references(&reflection), ["rel/main.orders.agent->main.staff.id"]);
    let [question] = reflection.questions_for_user.as_slice() else { panic!("{:?}", reflection.questions_for_user) };
    assert_eq!(question.options, ["staff.id", "suppliers.id", "neither"]);
    assert!(question.prompt.contains("Joins of orders go there"), "{}", question.prompt);
    let mut quiet = contested();
    quiet.evidence["may_ask"]["references"] = json!(false);
    assert!(structure(&quiet).questions_for_user.is_empty());
}

#[test]
fn the_answer_is_used_from_then_on() {
    let question = structure(&contested()).questions_for_user.remove(0);
    let check = |answer: &str, expect: &[&str]| {
        let mut brief = contested();
        brief.answers = vec![AnswerLine::of(&question, &Answer::Option(answer.to_owned()))];
        let reflection = structure(&brief);
        assert_eq!(references(&reflection), expect, "{answer}");
        assert!(reflection.questions_for_user.is_empty(), "{answer}");
    };
    check("staff.id", &["rel/main.orders.agent->main.staff.id"]);
    check("suppliers.id", &["rel/main.orders.agent->main.suppliers.id"]);
    check("neither", &[]);
}

fn ran(sql: &str, columns: &[&str], row: Value) -> ToolResult {
    let columns: Vec<Value> = columns.iter().map(|name| json!({ "name": name, "type": "number" })).collect();
    ToolResult {
        step: "tool/2/0".to_owned(),
        call: super::call("run_sql_readonly", json!({ "sql": sql, "max_rows": 5 })),
        result: json!({ "columns": columns, "rows": [row] }),
        failed: false,
    }
}

#[test]
fn a_sum_says_what_a_join_makes_of_it() {
    let brief = brief(
        "orders",
        json!({
            "columns": columns(&[("id", "integer"), ("shipping_fee", "float")]),
            "place": {"role": "fact", "why": [], "label": [], "rank": 0},
            "referenced_by": [{"key": "rel/x", "columns": ["order_id"], "table": "main.order_items", "to_columns": ["id"], "declared": false, "confidence": 0.9}]
        }),
    );
    let view = TableView::of(&brief).unwrap();
    let probes = probes::of(&view);
    let [probe] = probes.as_slice() else { panic!("{probes:?}") };
    assert!(matches!(&probe.about, About::FanOut { with, .. } if with == "main.order_items"));
    let names = ["joined_rows", "met", "joined_0", "plain_0"];
    let metric = |row: Value| {
        let reflection = query::reflect(&brief, &view, &[ran(&probe.sql, &names, row)]);
        reflection.catalog_writes.into_iter().find(|write| write.kind == "metric").unwrap().document
    };
    let multiplied = metric(json!([2_000, 1_000, 500.0, 200.0]));
    assert!(multiplied["summary"].as_str().unwrap().contains("2.50 times as high"), "{multiplied}");
    assert_eq!(multiplied["fan_out"][0]["rows_met"], 2.0);
    // One to one: nothing is counted twice.
    let plain = metric(json!([1_000, 1_000, 200.0, 200.0]));
    assert!(plain.get("fan_out").is_none() && plain["summary"] == "Total shipping fee of all orders", "{plain}");
}

#[test]
fn second_entries_are_a_question_and_its_answer_a_metric() {
    let mut brief = brief("customers", json!({ "columns": columns(&[("id", "integer"), ("email", "text"), ("total", "float")]) }));
    let view = TableView::of(&brief).unwrap();
    let probe = probes::of(&view).remove(0);
    let results = [ran(&probe.sql, &["first_key", "last_key", "n", "found", "entries"], json!([7, 9, 2, 30, 60]))];
    let reflection = query::reflect(&brief, &view, &results);
    let note = reflection.catalog_writes.iter().find(|write| write.kind == "note").unwrap();
    assert_eq!(note.document["text"], "Customers are there more than once: 30 with the same `email`, such as id 7 and 9");
    let question: &Question = &reflection.questions_for_user[0];
    assert!(question.prompt.contains("there are 970 customers, not 1000"), "{}", question.prompt);
    let different = |answer: &str| {
        brief.answers = vec![AnswerLine::of(question, &Answer::Option(answer.to_owned()))];
        let reflection = query::reflect(&brief, &view, &results);
        assert!(reflection.questions_for_user.is_empty());
        reflection.catalog_writes.iter().any(|write| write.key == "metric/main.customers.different")
    };
    assert_eq!(["one person", "different people"].map(different), [true, false]);
}

#[test]
fn a_question_shows_names_and_a_copy_answers_nothing() {
    let way = json!([{"joins": [{"key": "rel/x", "columns": ["customer_id"], "table": "main.customers", "to_columns": ["id"]}],
        "table": "main.customers", "label": ["first_name", "last_name"]}]);
    let shop = |place: Value| {
        brief("orders", json!({ "columns": columns(&[("id", "integer"), ("total", "float")]), "ways": way, "place": place }))
    };
    let asked = |brief: &TaskBrief| {
        let calls = query::calls(&TableView::of(brief).unwrap());
        calls.iter().map(|call| call.args["sql"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let fact = asked(&shop(json!({"role": "fact"})));
    assert!(fact.iter().any(|sql| sql.contains("p1.\"first_name\", p1.\"last_name\", sum(c.\"total\") as total")), "{fact:#?}");
    let copy = asked(&shop(json!({"role": "copy", "copy_of": "main.orders_before"})));
    assert!(copy.iter().all(|sql| sql.contains("as in_both")), "a copy is only compared: {copy:#?}");
}

#[test]
fn what_refers_to_one_table_or_another_is_said_as_the_survey_found_it_or_by_name() {
    let events = |kind: &str, more: Value| {
        let listed = columns(&[("id", "integer"), ("object_type", kind), ("object_id", "integer")]);
        let mut evidence = json!({ "columns": listed });
        evidence.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        brief("events", evidence)
    };
    let note = |brief: &TaskBrief| {
        let notes = structure(brief).catalog_writes.into_iter().find(|write| write.kind == "note");
        notes.map(|note| (note.document["text"].as_str().unwrap().to_owned(), note.document["confidence"].as_f64().unwrap()))
    };
    let found =
        json!([{ "columns": ["object_type", "object_id"], "tables": ["main.orders", "main.products"], "confidence": 0.93, "signals": [] }]);
    let surveyed = events("text", json!({ "polymorphic": found }));
    let says = "`object_id` of events refers to one of orders and products, as `object_type` says: no single join is right for all rows";
    assert_eq!(note(&surveyed), Some((says.to_owned(), 0.93)));
    let asks = structural::calls(&TableView::of(&surveyed).unwrap());
    assert!(asks.iter().all(|call| call.name != "find_reference_candidates"), "it is known what the column refers to");

    let by_name = "`object_id` of events refers to one table or another, as `object_type` says: no single join is right for all rows";
    let told = |brief: &TaskBrief| note(brief).map(|(text, _)| text);
    assert_eq!(told(&events("text", json!({}))), Some(by_name.to_owned()), "the names say so");
    assert_eq!(told(&events("integer", json!({}))), Some(by_name.to_owned()), "numbers name no table");
}
