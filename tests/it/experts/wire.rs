//! Odd answers of models, read into clean thoughts or refused.

use std::collections::HashMap;

use fathom::domain::{Egress, Intent, TaskId};
use fathom::experts::Reasoning;
use fathom::experts::thought::{Act, Reflection, TaskBrief, ThoughtError};
use fathom::model;
use serde_json::json;

use super::fakes::{ScriptedModel, desk, run_id};

fn brief() -> TaskBrief {
    TaskBrief {
        run_id: run_id(),
        egress: Egress::Full,
        task: TaskId(1),
        expert: "semantic".to_owned(),
        goal: "look".to_owned(),
        schema: "shop".to_owned(),
        table: None,
        intent: Intent::default(),
        known: Vec::new(),
        answers: Vec::new(),
        evidence: json!({}),
    }
}

async fn reflection(answer: &str) -> Result<Reflection, ThoughtError> {
    let (desk, _) = desk();
    let answer = answer.to_owned();
    let model = ScriptedModel::new(move |_| Ok(answer.clone()));
    desk.model_reasoning(model, HashMap::new()).reflect(&brief(), &[]).await.map(|thought| thought.value)
}

async fn act(answer: &str) -> Result<Act, ThoughtError> {
    let (desk, _) = desk();
    let answer = answer.to_owned();
    let model = ScriptedModel::new(move |_| Ok(answer.clone()));
    desk.model_reasoning(model, HashMap::new()).act(&brief(), &[]).await.map(|thought| thought.value)
}

#[tokio::test]
async fn documents_tags_and_links_may_come_as_text() {
    let answer = json!({ "catalog_writes": [
        { "kind": "table", "key": "table/shop.orders", "document": "{\"summary\": \"one order\"}", "tags": "a, b,,", "links": null },
        { "kind": "note", "key": "note/x", "document": "plain words", "tags": ["c"], "links": "table/shop.orders" },
    ], "insights": null });
    let reflection = reflection(&answer.to_string()).await.unwrap();
    let [first, second] = &reflection.catalog_writes[..] else { panic!("two writes") };
    assert_eq!(first.document, json!({ "summary": "one order" }));
    assert_eq!((&first.tags[..], first.links.len()), (&["a".to_owned(), "b".to_owned()][..], 0));
    assert_eq!(second.document, json!({ "text": "plain words" }));
    assert_eq!(second.links, ["table/shop.orders"]);
    assert!(reflection.insights.is_empty() && reflection.questions_for_user.is_empty());
}

#[tokio::test]
async fn confidence_may_come_as_text_or_per_cent_and_never_leaves_its_range() {
    let check = async |said: serde_json::Value, expect: f64| {
        let answer = json!({ "catalog_writes": [], "insights": [{ "claim": "c", "confidence": said, "evidence": "tool/1/0" }] });
        let reflection = reflection(&answer.to_string()).await.unwrap();
        assert_eq!(reflection.insights[0].confidence.value(), expect, "{said}");
        assert_eq!(reflection.insights[0].evidence, ["tool/1/0"]);
    };
    check(json!(0.7), 0.7).await;
    check(json!("0.7"), 0.7).await;
    check(json!("70%"), 0.7).await;
    check(json!(85), 0.85).await;
    check(json!(1.2), 1.0).await;
    check(json!(-3), 0.0).await;
    check(json!("high"), 0.8).await;
    check(json!(null), 0.4).await;
}

#[tokio::test]
async fn what_a_task_leaves_behind_is_bounded() {
    let write = json!({ "kind": "note", "key": "note/x", "document": { "text": "x".repeat(40_000) } });
    let answer = json!({
        "catalog_writes": vec![write; 100],
        "insights": vec![json!({ "claim": "c" }); 100],
        "questions_for_user": vec![json!({ "question_id": "a b/c", "prompt": "what?" }); 100],
    });
    let reflection = reflection(&answer.to_string()).await.unwrap();
    assert_eq!((reflection.catalog_writes.len(), reflection.insights.len(), reflection.questions_for_user.len()), (20, 10, 2));
    assert!(reflection.catalog_writes[0].document.to_string().len() < 20_000);
    assert_eq!(reflection.questions_for_user[0].question_id, "a-b-c");
    assert_eq!(reflection.questions_for_user[0].title, "what?");
}

#[tokio::test]
async fn unknown_tools_and_odd_arguments_are_a_usable_answer() {
    let act =
        act(r#"{"tool_calls": [{"name": "fly", "args": "{\"to\": \"moon\"}"}, {"name": "sample_rows"}], "notes": null, "more": null}"#)
            .await
            .unwrap();
    assert_eq!(act.tool_calls[0].args, json!({ "to": "moon" }));
    assert_eq!(act.tool_calls[1].args, json!({}));
    assert!(!act.more);
}

#[tokio::test]
async fn an_answer_of_the_wrong_form_is_an_error_that_keeps_the_text_and_the_cost() {
    let error = reflection(r#"{"tasks":"none","tool_calls":42,"catalog_writes":{"kind":7},"insights":null}"#).await.unwrap_err();
    assert!(error.transient);
    assert!(error.raw.unwrap().contains("catalog_writes"));
    assert!(error.call.prompt_tokens > 0 && error.call.calls > 0);
    assert!(act(r#"{"tool_calls": 42}"#).await.is_err());
    assert!(act("").await.is_err());
}

#[tokio::test]
async fn a_refused_key_is_not_worth_another_try() {
    let (desk, _) = desk();
    let model = ScriptedModel::new(|_| Err(model::Error::Unauthorized("bad key".to_owned())));
    let error = desk.model_reasoning(model, HashMap::new()).act(&brief(), &[]).await.unwrap_err();
    assert!(!error.transient && error.raw.is_none());
    assert_eq!(error.call.model, "scripted");
}

#[tokio::test]
async fn an_agent_with_a_model_of_its_own_asks_that_one() {
    let (desk, _) = desk();
    let run_model = ScriptedModel::new(|_| Ok(r#"{"tool_calls": []}"#.to_owned()));
    let own_model = ScriptedModel::new(|_| Ok(r#"{"tool_calls": []}"#.to_owned()));
    let own: HashMap<_, std::sync::Arc<dyn model::Model>> = HashMap::from([("semantic".to_owned(), own_model.clone() as _)]);
    desk.model_reasoning(run_model.clone(), own).act(&brief(), &[]).await.unwrap();
    assert_eq!((run_model.requests.lock().unwrap().len(), own_model.requests.lock().unwrap().len()), (0, 1));
}
