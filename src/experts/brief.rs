//! What an expert or the planner is given to think about, gathered from snapshot, catalog and run.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::facts;
use super::plan::PlanContext;
use super::task::TaskContext;
use super::thought::{AnswerLine, ExpertLine, KnownLine, PlanBrief, TableLine, TaskBrief};
use super::{Agents, Desk, Guidance};
use crate::claims::text::{line, snippet, telling_words};
use crate::domain::{Answer, Entry, Hit, Intent, Layer, Question, Table, Task};
use crate::store::{self, EntryFilter, Page};
use crate::tools::survey::Survey;
use crate::tools::{Failure, Workspace};

/// Entries of the catalog in a task's brief.
const KNOWN_IN_TASK: usize = 10;
const KNOWN_IN_PLAN: usize = 16;
/// Hypotheses of this run among them: what a check would settle.
const WEAK_IN_PLAN: usize = 8;
const TABLES_IN_PLAN: usize = 300;
/// Bytes of their lines, for schemas of long names.
const TABLE_BYTES_IN_PLAN: usize = 48 * 1024;
/// What a line has beside its name.
const TABLE_LINE: usize = 140;
const ANSWERS: usize = 20;
const SEARCH_WORDS: usize = 8;

pub async fn of_task(context: &TaskContext, task: &Task, guidance: &Guidance) -> Result<TaskBrief, Unready> {
    let planned = &task.planned;
    let survey = context.workspace.surveys.of(&context.workspace).await?;
    let known = known_to_task(&context.workspace, task, &guidance.intent).await?;
    Ok(TaskBrief {
        run_id: context.run_id,
        egress: context.workspace.egress,
        task: task.task,
        expert: planned.expert.clone(),
        goal: planned.goal.clone(),
        schema: planned.schema.clone(),
        table: planned.table.clone(),
        intent: guidance.intent.clone(),
        known,
        answers: newest(&guidance.answers),
        evidence: facts::of(&context.workspace.snapshot, &survey, &planned.schema, planned.table.as_deref()),
    })
}

pub async fn of_plan(desk: &Desk, context: &PlanContext) -> Result<PlanBrief, Unready> {
    let survey = context.workspace.surveys.of(&context.workspace).await?;
    let (tables, table_count) = table_lines(&context.workspace, &survey, &context.schema);
    Ok(PlanBrief {
        run_id: context.run_id,
        egress: context.workspace.egress,
        iteration: context.iteration,
        max_tasks: context.max_tasks.clamp(1, super::plan::MOST_TASKS),
        schema: context.schema.clone(),
        tables,
        table_count,
        intent: context.intent.clone(),
        experts: expert_lines(&desk.agents),
        done: context.done.clone(),
        known: known_to_plan(context).await?,
        answers: newest(&context.answers),
        open_questions: context.open_questions.clone(),
    })
}

/// Why there is no brief: what it is gathered from cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    #[error("the catalog cannot be read: {0}")]
    Catalog(#[from] store::Error),
    #[error("the tables cannot be surveyed: {0}")]
    Survey(#[from] Failure),
}

impl AnswerLine {
    /// The one form in which an answer reaches experts and planner; the id lets rules find what it belongs to.
    pub fn of(question: &Question, answer: &Answer) -> Self {
        let asked = format!("{} ({}): {}", question.title, question.question_id, question.prompt);
        Self { question: line(&asked, 600), answer: line(answer.text(), 1_000) }
    }

    /// Whether this is the answer to the question of that id.
    pub fn answers(&self, question_id: &str) -> bool {
        self.question.contains(&format!("({question_id})"))
    }
}

fn newest(answers: &[AnswerLine]) -> Vec<AnswerLine> {
    answers[answers.len().saturating_sub(ANSWERS)..].to_vec()
}

/// First what is written about the table itself, then what the goal and the intent find.
async fn known_to_task(workspace: &Workspace, task: &Task, intent: &Intent) -> Result<Vec<KnownLine>, store::Error> {
    let planned = &task.planned;
    let mut known = Vec::new();
    let mut own_words = telling_words(&planned.schema);
    if let Some(table) = &planned.table {
        let filter =
            EntryFilter { layer: Some(Layer::Finding), prefix: Some(format!("{}.{table}", planned.schema)), ..EntryFilter::default() };
        let page = Page { limit: KNOWN_IN_TASK, after: None };
        let entries = workspace.store.entries(&workspace.key, &filter, &page).await?;
        known.extend(entries.items.iter().map(KnownLine::of_entry));
        own_words.extend(telling_words(table));
    }
    if known.len() < KNOWN_IN_TASK {
        let text = format!("{} {}", planned.goal, intent.words());
        let words = telling_words(&text).into_iter().filter(|word| !own_words.contains(word));
        let query = words.take(SEARCH_WORDS).collect::<Vec<_>>().join(" ");
        search_into(&mut known, workspace, &query, KNOWN_IN_TASK).await?;
    }
    Ok(known)
}

async fn known_to_plan(context: &PlanContext) -> Result<Vec<KnownLine>, store::Error> {
    let workspace = &context.workspace;
    let filter = EntryFilter {
        layer: Some(Layer::Finding),
        kind: Some("hypothesis".to_owned()),
        run: Some(context.run_id),
        ..EntryFilter::default()
    };
    let page = Page { limit: WEAK_IN_PLAN, after: None };
    let weak = workspace.store.entries(&workspace.key, &filter, &page).await?;
    let mut known: Vec<KnownLine> = weak.items.iter().map(KnownLine::of_entry).collect();
    let query = telling_words(&context.intent.words()).into_iter().take(SEARCH_WORDS).collect::<Vec<_>>().join(" ");
    search_into(&mut known, workspace, &query, KNOWN_IN_PLAN).await?;
    Ok(known)
}

async fn search_into(known: &mut Vec<KnownLine>, workspace: &Workspace, query: &str, most: usize) -> Result<(), store::Error> {
    if query.is_empty() {
        return Ok(());
    }
    let filter = EntryFilter { layer: Some(Layer::Finding), ..EntryFilter::default() };
    let hits = workspace.store.search(&workspace.key, query, &filter, most).await?;
    for hit in hits {
        if known.len() < most && !known.iter().any(|line| line.key == hit.key) {
            known.push(KnownLine::of_hit(hit));
        }
    }
    Ok(())
}

impl KnownLine {
    fn of_entry(entry: &Entry) -> Self {
        let claim = &entry.claim;
        Self {
            kind: claim.kind.clone(),
            key: claim.key.clone(),
            confidence: claim.confidence,
            status: claim.status.name().to_owned(),
            snippet: snippet(&claim.document, 240),
        }
    }

    fn of_hit(hit: Hit) -> Self {
        Self {
            kind: hit.kind,
            key: hit.key,
            confidence: hit.confidence,
            status: hit.status.name().to_owned(),
            snippet: line(&hit.snippet, 240),
        }
    }
}

fn expert_lines(agents: &Agents) -> Vec<ExpertLine> {
    agents.experts().iter().map(|agent| ExpertLine { name: agent.name.clone(), role: agent.role.clone() }).collect()
}

/// Tables before views, each in order of name; the count is of all. Where there are too many, those that most others refer to, and then
/// the largest: they explain the most.
fn table_lines(workspace: &Workspace, survey: &Survey, schema: &str) -> (Vec<TableLine>, usize) {
    let snapshot = &workspace.snapshot;
    let (mut refers, mut referenced_by): (HashMap<&str, usize>, HashMap<&str, usize>) = (HashMap::new(), HashMap::new());
    for reference in survey.references() {
        if reference.child_schema == schema {
            *refers.entry(&reference.child_table).or_default() += 1;
        }
        if reference.parent_schema == schema {
            *referenced_by.entry(&reference.parent_table).or_default() += 1;
        }
    }
    let number = |counts: &HashMap<&str, usize>, table: &Table| counts.get(table.name.as_str()).copied().unwrap_or(0);
    let referred = |table: &Table| number(&referenced_by, table);
    let mut told: Vec<&Table> = snapshot.tables_of(schema).collect();
    let count = told.len();
    told.sort_by_key(|table| (table.kind.is_derived(), Reverse(referred(table)), Reverse(table.row_count)));
    let mut bytes = 0;
    told.retain(|table| {
        bytes += table.name.len() + TABLE_LINE;
        bytes <= TABLE_BYTES_IN_PLAN
    });
    told.truncate(TABLES_IN_PLAN);
    told.sort_by_key(|table| (table.kind.is_derived(), table.name.as_str()));
    let lines = told.into_iter().map(|table| TableLine {
        name: table.name.clone(),
        columns: table.columns.len(),
        rows: table.row_count,
        has_primary_key: survey.key_of(table).is_some(),
        foreign_keys: number(&refers, table),
        referenced_by: referred(table),
        view: table.kind.is_derived(),
    });
    (lines.collect(), count)
}
