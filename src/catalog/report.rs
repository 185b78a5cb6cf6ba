//! The report of a run: what was asked, what was found with its evidence, what was refuted, what stays open. Pure, from domain facts.

mod markdown;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{
    Answer, Entry, EntryStatus, Intent, Layer, Limit, Question, RunId, RunRequest, RunStatus, RunSummary, Snapshot, SnapshotId, Spent,
    StopReason, Task, TaskId,
};

pub use markdown::to_markdown;

/// Tables that the overview names.
const TABLES_SHOWN: usize = 200;

/// Everything that a report is made from.
pub struct ReportFacts<'a> {
    pub run: RunId,
    pub request: &'a RunRequest,
    pub status: RunStatus,
    pub summary: &'a RunSummary,
    /// As it is now; the request holds the first.
    pub intent: &'a Intent,
    pub snapshot: Option<&'a Snapshot>,
    pub tasks: &'a [TaskLine],
    pub entries: &'a [Entry],
    pub questions: &'a [(Question, Option<Answer>)],
    pub stop_reason: Option<StopReason>,
    pub error: Option<&'a str>,
    pub undone: &'a [String],
}

/// A task as the report tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskLine {
    pub task: Task,
    /// `ready`, `running`, `done`, `failed`, `dropped`.
    pub state: String,
    /// What it found, in numbers and words, or why it failed.
    pub notes: String,
    pub findings: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Report {
    #[schema(value_type = String)]
    pub run_id: RunId,
    pub title: String,
    pub source: String,
    pub schema: Option<String>,
    #[schema(value_type = Option<String>)]
    pub snapshot: Option<SnapshotId>,
    pub model: String,
    /// The agent outside that carried it out, by the name it gave; absent where our own experts did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_out_by: Option<String>,
    pub status: RunStatus,
    /// Why it ended, in words; absent while it has not.
    pub ended_because: Option<String>,
    pub intent: Intent,
    pub overview: Vec<TableOverview>,
    /// Tables that the overview leaves out.
    pub tables_left_out: usize,
    pub findings: Vec<FindingGroup>,
    pub refuted: Vec<Finding>,
    pub questions: Vec<QuestionLine>,
    pub tasks: Vec<TaskSummary>,
    pub undone: Vec<String>,
    pub spent: Spent,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TableOverview {
    pub name: String,
    pub view: bool,
    pub rows: Option<u64>,
    pub columns: usize,
    pub primary_key: Vec<String>,
    pub references: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FindingGroup {
    pub kind: String,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    pub kind: String,
    pub key: String,
    pub status: EntryStatus,
    pub confidence: f64,
    pub says: String,
    pub evidence: Vec<String>,
    pub author: String,
    /// Other authors who claim something else.
    pub competing: u32,
    pub document: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QuestionLine {
    pub question_id: String,
    pub title: String,
    pub prompt: String,
    pub options: Vec<String>,
    pub answer: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaskSummary {
    #[schema(value_type = String)]
    pub task: TaskId,
    pub expert: String,
    pub table: Option<String>,
    pub goal: String,
    pub state: String,
    pub findings: u32,
    pub notes: String,
}

impl Report {
    pub fn from_facts(facts: &ReportFacts<'_>) -> Self {
        let schema = facts.summary.schema.clone().or_else(|| facts.request.schema.clone());
        let (overview, tables_left_out) = overview(facts.snapshot, schema.as_deref());
        let (findings, refuted) = findings(facts.entries);
        let name = facts.request.source.rsplit(['/', '\\']).next().unwrap_or_default();
        Self {
            run_id: facts.run,
            title: format!("What is in {name}"),
            source: facts.request.source.clone(),
            schema,
            snapshot: facts.summary.snapshot.clone(),
            model: facts.request.model.clone(),
            carried_out_by: facts.request.outside.as_ref().map(|agent| agent.name.clone()),
            status: facts.status,
            ended_because: ended_because(facts),
            intent: facts.intent.clone(),
            overview,
            tables_left_out,
            findings,
            refuted,
            questions: facts.questions.iter().map(|(question, answer)| question_line(question, answer.as_ref())).collect(),
            tasks: facts.tasks.iter().map(task_summary).collect(),
            undone: facts.undone.to_vec(),
            spent: facts.summary.spent,
        }
    }
}

fn ended_because(facts: &ReportFacts<'_>) -> Option<String> {
    match (facts.status, facts.stop_reason, facts.error) {
        (RunStatus::Finished, Some(reason), _) => Some(stop_words(reason).to_owned()),
        (RunStatus::Failed, _, error) => Some(format!("it failed: {}", error.unwrap_or("no reason is known"))),
        (RunStatus::Cancelled, _, _) => Some("it was cancelled".to_owned()),
        _ => None,
    }
}

fn stop_words(reason: StopReason) -> &'static str {
    match reason {
        StopReason::NoMoreTasks => "the planner had no more tasks",
        StopReason::MaxIterations => "the number of iterations was reached",
        StopReason::DiminishingReturns => "two iterations in a row found nothing new",
        StopReason::Budget(Limit::Tokens) => "the budget of tokens was used up",
        StopReason::Budget(Limit::Usd) => "the budget of money was used up",
        StopReason::Budget(Limit::Seconds) => "the budget of time was used up",
        StopReason::Budget(Limit::ToolCalls) => "the budget of tool calls was used up",
    }
}

fn overview(snapshot: Option<&Snapshot>, schema: Option<&str>) -> (Vec<TableOverview>, usize) {
    let Some(snapshot) = snapshot else { return (Vec::new(), 0) };
    let chosen = || snapshot.tables.iter().filter(|table| schema.is_none_or(|schema| table.schema == schema));
    let lines = chosen().take(TABLES_SHOWN).map(|table| TableOverview {
        name: table.name.clone(),
        view: table.kind.is_derived(),
        rows: table.row_count,
        columns: table.columns.len(),
        primary_key: table.primary_key.clone(),
        references: table.foreign_keys.iter().map(|key| format!("{} → {}", key.columns.join(", "), key.to_table)).collect(),
    });
    (lines.collect(), chosen().count().saturating_sub(TABLES_SHOWN))
}

/// Findings by kind, the surest first, of equally sure ones what weighs most; what was refuted stands apart.
fn findings(entries: &[Entry]) -> (Vec<FindingGroup>, Vec<Finding>) {
    let mut groups: BTreeMap<(usize, String), Vec<Finding>> = BTreeMap::new();
    let mut refuted = Vec::new();
    for entry in entries.iter().filter(|entry| entry.claim.layer == Layer::Finding) {
        let finding = finding(entry);
        match entry.claim.status {
            EntryStatus::Refuted | EntryStatus::Rejected => refuted.push(finding),
            EntryStatus::Draft | EntryStatus::Validated | EntryStatus::Stable | EntryStatus::Stale => {
                groups.entry((place(&finding.kind), finding.kind.clone())).or_default().push(finding);
            }
        }
    }
    let weight = |finding: &Finding| finding.document["weight"].as_f64().unwrap_or(0.0);
    let surest = |left: &Finding, right: &Finding| {
        let by_confidence = right.confidence.total_cmp(&left.confidence);
        by_confidence.then_with(|| weight(right).total_cmp(&weight(left))).then_with(|| left.key.cmp(&right.key))
    };
    refuted.sort_by(surest);
    let groups = groups.into_iter().map(|((_, kind), mut findings)| {
        findings.sort_by(surest);
        FindingGroup { kind, findings }
    });
    (groups.collect(), refuted)
}

/// What readers want first.
fn place(kind: &str) -> usize {
    let order = ["domain", "summary", "table", "relationship", "metric", "question_template", "column", "hypothesis", "note"];
    order.iter().position(|known| *known == kind).unwrap_or(order.len())
}

fn finding(entry: &Entry) -> Finding {
    let claim = &entry.claim;
    Finding {
        kind: claim.kind.clone(),
        key: claim.key.clone(),
        status: claim.status,
        confidence: claim.confidence.value(),
        says: says(&claim.document),
        evidence: claim.evidence.clone(),
        author: claim.provenance.author.clone(),
        competing: entry.competing,
        document: claim.document.clone(),
    }
}

/// The sentence of a document: its text where it has one, else its plain members.
fn says(document: &Value) -> String {
    for member in ["text", "summary", "claim", "description", "statement", "question", "title", "meaning", "name"] {
        if let Some(text) = document.get(member).and_then(Value::as_str).filter(|text| !text.trim().is_empty()) {
            return text.trim().to_owned();
        }
    }
    let Some(members) = document.as_object() else { return document.to_string() };
    let plain = members.iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some(format!("{name}: {text}")),
        Value::Number(_) | Value::Bool(_) => Some(format!("{name}: {value}")),
        Value::Array(items) => Some(format!(
            "{name}: {}",
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
        )),
        Value::Object(_) | Value::Null => None,
    });
    plain.collect::<Vec<_>>().join("; ")
}

fn question_line(question: &Question, answer: Option<&Answer>) -> QuestionLine {
    QuestionLine {
        question_id: question.question_id.clone(),
        title: question.title.clone(),
        prompt: question.prompt.clone(),
        options: question.options.clone(),
        answer: answer.map(|answer| answer.text().to_owned()),
    }
}

fn task_summary(line: &TaskLine) -> TaskSummary {
    TaskSummary {
        task: line.task.task,
        expert: line.task.planned.expert.clone(),
        table: line.task.planned.table.clone(),
        goal: line.task.planned.goal.clone(),
        state: line.state.clone(),
        findings: line.findings,
        notes: line.notes.clone(),
    }
}
