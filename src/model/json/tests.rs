//! What models really answer, and what is made of it.

use serde_json::json;

use super::*;
use crate::model::port::{Message, Role, Shape};
use crate::model::scripted::Scripted;

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Plan {
    tasks: Vec<Task>,
    #[serde(default)]
    notes: Option<String>,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Task {
    goal: String,
    priority: f64,
}

fn shape() -> Shape {
    let task = json!({ "type": "object", "required": ["goal", "priority"], "additionalProperties": false,
        "properties": { "goal": { "type": "string" }, "priority": { "type": "number", "maximum": 1 } } });
    let schema = json!({ "type": "object", "required": ["tasks"], "additionalProperties": false,
        "properties": { "tasks": { "type": "array", "items": task, "maxItems": 3 }, "notes": { "type": "string" } } });
    Shape { name: "plan".to_owned(), schema }
}

fn request() -> Request {
    let message = |role, text: &str| Message { role, text: text.to_owned() };
    Request {
        purpose: "plan".to_owned(),
        messages: vec![message(Role::System, "You plan."), message(Role::User, r#"{"run_id":"r1"}"#)],
        shape: shape(),
        max_tokens: Some(1_000),
        temperature: None,
        time_limit: Duration::from_secs(60),
    }
}

const GOOD: &str = r#"{"tasks":[{"goal":"look","priority":0.5}]}"#;

fn check(text: &str, expect: Option<Value>) {
    let compiled = Compiled::new(&shape()).expect("valid");
    assert_eq!(read(text, &compiled).ok(), expect, "{text}");
}

#[test]
fn the_value_is_found_in_whatever_stands_around_it() {
    let good = || Some(serde_json::from_str::<Value>(GOOD).expect("JSON"));
    check(GOOD, good());
    check(&format!("\u{feff}  {GOOD}\n"), good());
    check(&format!("```json\n{GOOD}\n```"), good());
    check(&format!("Sure [1]! Use {{braces}} like this:\n{GOOD}\nDoes {{\"tasks\": []}} help?"), good());
    check(&format!("<think>maybe {{\"tasks\":[]}}?</think>{GOOD}"), good());
    check(&format!("no opening tag {{\"tasks\":[]}}</think>\n{GOOD}"), good());
    check(&format!("<|channel|>analysis<|message|>hm<|channel|>final<|message|>{GOOD}"), good());
    check(&format!("{{\"tasks\": \"none\"}} or rather {GOOD}"), good());
    // Inside of a string the tag is data.
    check(r#"{"tasks":[],"notes":"</think>"}"#, Some(json!({ "tasks": [], "notes": "</think>" })));
}

#[test]
fn what_is_not_the_value_is_not_taken_for_it() {
    check("", None);
    check("ok", None);
    check("<think>only thoughts</think>", None);
    check(&GOOD[..GOOD.len() - 3], None);
    check(r#"{"tasks": 5}"#, None);
    check(r#"{"tasks":[{"goal":"look","priority":7}]}"#, None);
    // A whole value inside of a broken one is not what was meant.
    check(r#"{"plan": {"tasks": []}, oops"#, None);
    check(&"[".repeat(100_000), None);
}

#[test]
fn nulls_and_strings_that_stand_for_values_are_understood() {
    check(r#"{"tasks":[],"notes":null}"#, Some(json!({ "tasks": [] })));
    check(r#"{"tasks":"[{\"goal\":\"x\",\"priority\":0}]"}"#, Some(json!({ "tasks": [{ "goal": "x", "priority": 0 }] })));
    check(r#"{"tasks":null}"#, None);
}

#[tokio::test]
async fn a_good_answer_takes_one_turn() {
    let model = Scripted::queue("m", [Ok(Scripted::reply_of(GOOD))]);
    let asked = ask::<Plan>(&model, request()).await.expect("usable");
    assert_eq!(asked.value.tasks, [Task { goal: "look".to_owned(), priority: 0.5 }]);
    assert_eq!((asked.calls, asked.attempts), (1, 1));
    assert_eq!(asked.remarks, Vec::<String>::new());
}

#[tokio::test]
async fn a_broken_text_is_sent_back_to_be_repaired() {
    let broken = r#"{"tasks":[{"goal":"look","priority":0.5},{"goal":"th"#;
    let repaired = r#"{"tasks":[{"goal":"look","priority":0.5},{"goal":"th"}]}"#;
    let model = Scripted::queue("m", [Ok(Scripted::reply_of(broken)), Ok(Scripted::reply_of(repaired))]);
    let asked = ask::<Plan>(&model, request()).await.expect("usable");
    assert_eq!(asked.value.tasks.len(), 1, "the unfinished task is dropped");
    assert_eq!((asked.calls, asked.usage.prompt_tokens), (2, 200));
    assert_eq!(asked.remarks.len(), 2, "{:?}", asked.remarks);

    let repair = &model.requests()[1];
    assert_eq!(repair.purpose, "repair");
    assert!(repair.messages[0].text.contains("JSON repair"));
    let (instruction, text) = repair.messages[1].text.split_once("\n\n").expect("a blank line");
    assert!(instruction.contains("breaks off") && !instruction.contains('\n'), "{instruction}");
    assert_eq!(text, broken);
}

#[tokio::test]
async fn where_nothing_can_be_repaired_the_question_is_put_again() {
    for (answer, complaint) in [("", "the answer is empty"), (r#"{"tasks":"none"}"#, "`/tasks`"), ("I cannot", "holds no JSON")] {
        let model = Scripted::queue("m", [Ok(Scripted::reply_of(answer)), Ok(Scripted::reply_of(GOOD))]);
        ask::<Plan>(&model, request()).await.expect("usable");
        let again = &model.requests()[1];
        let user = &again.messages[1].text;
        assert!(user.starts_with(r#"{"run_id":"r1"}"#) && user.contains(complaint), "{user}");
        assert_eq!(user.rfind('}'), Some(r#"{"run_id":"r1"}"#.len() - 1), "data and complaint stay apart");
        assert!(again.messages[0].text.contains("JSON Schema"));
    }
}

#[tokio::test]
async fn an_answer_that_stays_unusable_is_kept_with_its_cost() {
    let model = Scripted::queue("m", [Ok(Scripted::reply_of("x".repeat(10_000))), Ok(Scripted::reply_of("no"))]);
    match ask::<Plan>(&model, request()).await.expect_err("unusable") {
        Error::Garbled { reason, raw, usage } => {
            assert!(reason.contains("holds no JSON"), "{reason}");
            assert!(raw.starts_with("xxx") && raw.len() <= RAW_BYTES + 4);
            assert_eq!(usage.prompt_tokens, 200);
        }
        other => panic!("{other}"),
    }
    model.assert_used_up();
}

#[tokio::test]
async fn a_failed_repair_keeps_the_answer_that_was_to_be_repaired() {
    let model = Scripted::queue("m", [Ok(Scripted::reply_of("hello")), Err(Error::Unavailable("500".to_owned()))]);
    let error = ask::<Plan>(&model, request()).await.expect_err("unusable");
    assert!(matches!(&error, Error::Garbled { raw, reason, .. } if raw == "hello" && reason.contains("500")), "{error}");
}

#[tokio::test]
async fn an_answer_cut_at_the_limit_is_asked_for_once_more_with_a_higher_one() {
    let cut = || Reply { finish: Finish::Length, ..Scripted::reply_of(GOOD) };
    let model = Scripted::queue("m", [Ok(cut()), Ok(Scripted::reply_of(GOOD))]);
    let asked = ask::<Plan>(&model, request()).await.expect("usable");
    assert_eq!(asked.calls, 2);
    assert_eq!(model.requests()[1].max_tokens, Some(2_048));

    let model = Scripted::queue("m", [Ok(cut()), Ok(cut())]);
    let error = ask::<Plan>(&model, request()).await.expect_err("cut");
    assert!(matches!(&error, Error::Cut { raw, usage } if raw == GOOD && usage.prompt_tokens == 200), "{error}");
}
