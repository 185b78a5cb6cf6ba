//! What models really answer, read leniently and turned into the clean types of `thought`.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::thought::{Act, Plan, ProposedWrite, Reflection, ToolCall};
use crate::claims::text::{cut, line};
use crate::domain::{Confidence, Insight, PlannedTask, Question};

/// Answers can be of any length; what an expert may leave behind in one task is not.
pub const MOST_WRITES: usize = 20;
pub const MOST_INSIGHTS: usize = 10;
pub const MOST_QUESTIONS: usize = 2;
/// Tool calls that are read from one answer; the agent's own limit is lower.
const MOST_CALLS: usize = 64;
const MOST_TASKS: usize = 24;
const DOCUMENT_BYTES: usize = 16 * 1024;

#[derive(Debug, Deserialize)]
pub struct PlanAnswer {
    tasks: Vec<TaskAnswer>,
    #[serde(default, deserialize_with = "text")]
    notes: String,
}

#[derive(Debug, Deserialize)]
struct TaskAnswer {
    expert: String,
    goal: String,
    #[serde(default, deserialize_with = "text")]
    schema: String,
    #[serde(default)]
    table: Option<String>,
    #[serde(default)]
    priority: Value,
}

#[derive(Debug, Deserialize)]
pub struct ActAnswer {
    tool_calls: Vec<CallAnswer>,
    #[serde(default, deserialize_with = "text")]
    notes: String,
    #[serde(default)]
    more: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct CallAnswer {
    name: String,
    #[serde(default)]
    args: Value,
}

#[derive(Debug, Deserialize)]
pub struct ReflectionAnswer {
    catalog_writes: Vec<WriteAnswer>,
    #[serde(default)]
    insights: Option<Vec<InsightAnswer>>,
    #[serde(default)]
    questions_for_user: Option<Vec<QuestionAnswer>>,
}

#[derive(Debug, Deserialize)]
struct WriteAnswer {
    kind: String,
    key: String,
    document: Value,
    #[serde(default, deserialize_with = "words")]
    tags: Vec<String>,
    #[serde(default, deserialize_with = "words")]
    links: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct InsightAnswer {
    claim: String,
    #[serde(default)]
    confidence: Value,
    #[serde(default, deserialize_with = "words")]
    evidence: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct QuestionAnswer {
    question_id: String,
    #[serde(default, deserialize_with = "text")]
    title: String,
    prompt: String,
    #[serde(default, deserialize_with = "words")]
    options: Vec<String>,
}

impl From<PlanAnswer> for Plan {
    fn from(answer: PlanAnswer) -> Self {
        let tasks = answer.tasks.into_iter().take(MOST_TASKS).map(|task| PlannedTask {
            expert: task.expert.trim().to_lowercase(),
            goal: line(&task.goal, 500),
            schema: task.schema.trim().to_owned(),
            table: task.table.map(|table| table.trim().to_owned()).filter(|table| !table.is_empty()),
            priority: share(&task.priority).unwrap_or(0.5),
        });
        Self { tasks: tasks.collect(), notes: line(&answer.notes, 500) }
    }
}

impl From<ActAnswer> for Act {
    fn from(answer: ActAnswer) -> Self {
        let calls =
            answer.tool_calls.into_iter().take(MOST_CALLS).map(|call| ToolCall { name: cut(call.name.trim(), 80), args: args(call.args) });
        Self { tool_calls: calls.collect(), notes: line(&answer.notes, 500), more: answer.more.unwrap_or(false) }
    }
}

impl From<ReflectionAnswer> for Reflection {
    fn from(answer: ReflectionAnswer) -> Self {
        let writes = answer.catalog_writes.into_iter().take(MOST_WRITES).map(|write| ProposedWrite {
            kind: write.kind,
            key: write.key,
            document: document(write.document),
            tags: bounded_list(write.tags),
            links: bounded_list(write.links),
        });
        let insights = answer.insights.unwrap_or_default().into_iter().take(MOST_INSIGHTS).map(|insight| Insight {
            claim: line(&insight.claim, 600),
            // A claim that does not say how sure it is is a hypothesis.
            confidence: Confidence::clamped(share(&insight.confidence).unwrap_or(0.4)),
            evidence: bounded_list(insight.evidence),
        });
        let questions = answer.questions_for_user.unwrap_or_default().into_iter().filter_map(question).take(MOST_QUESTIONS);
        Self { catalog_writes: writes.collect(), insights: insights.collect(), questions_for_user: questions.collect() }
    }
}

fn question(answer: QuestionAnswer) -> Option<Question> {
    let id: String = answer.question_id.trim().chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    let prompt = cut(answer.prompt.trim(), 1_000);
    if id.is_empty() || prompt.is_empty() {
        return None;
    }
    let title = if answer.title.trim().is_empty() { line(&prompt, 80) } else { line(&answer.title, 120) };
    let options = answer.options.into_iter().take(12).map(|option| line(&option, 120)).collect();
    Some(Question { question_id: cut(&id, 120), title, prompt, options, task: None })
}

/// An object; text that holds one is opened, other text is kept as text.
fn document(value: Value) -> Value {
    let opened = match value {
        Value::String(text) => match serde_json::from_str::<Value>(&text) {
            Ok(inner @ Value::Object(_)) => inner,
            _ => json!({ "text": text }),
        },
        object @ Value::Object(_) => object,
        other => json!({ "text": other.to_string() }),
    };
    let size = opened.to_string();
    if size.len() <= DOCUMENT_BYTES { opened } else { json!({ "text": cut(&size, DOCUMENT_BYTES) }) }
}

/// Arguments that are no object go to the registry as they are, so that it refuses them in words.
fn args(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str::<Value>(&text).ok().filter(Value::is_object).unwrap_or(Value::String(text)),
        Value::Null => json!({}),
        other => other,
    }
}

/// A number from 0 to 1, also as text and in per cent.
fn share(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64().map(|number| if (2.0..=100.0).contains(&number) { number / 100.0 } else { number }),
        Value::String(text) => {
            let text = text.trim();
            match text.strip_suffix('%') {
                Some(per_cent) => per_cent.trim().parse::<f64>().ok().map(|number| number / 100.0),
                None => match text.to_lowercase().as_str() {
                    "high" => Some(0.8),
                    "medium" => Some(0.6),
                    "low" => Some(0.4),
                    number => number.parse().ok(),
                },
            }
        }
        _ => None,
    }
    .map(|number: f64| if number.is_nan() { 0.0 } else { number.clamp(0.0, 1.0) })
}

fn bounded_list(items: Vec<String>) -> Vec<String> {
    items.into_iter().take(20).map(|item| line(&item, 200)).collect()
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

/// A list of texts, one text with commas between, or nothing.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        List(Vec<String>),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    let items = match Form::deserialize(deserializer)? {
        Form::List(items) => items,
        Form::Text(text) => text.split(',').map(str::to_owned).collect(),
        Form::Other(_) => Vec::new(),
    };
    Ok(items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
}
