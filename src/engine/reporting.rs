//! The report of a run: the engine brings the facts together; what they come to is for the catalog to say.

use super::{Error, Runs, TaskView};
use crate::catalog::report::{Report, ReportFacts, TaskLine};
use crate::domain::{Answer, Entry, PlannedTask, Question, RunId, Task};
use crate::store::Page;

/// Findings that one report holds.
const FINDINGS: usize = 5_000;
/// Findings that are read at once.
const PORTION: usize = 200;

impl Runs {
    /// What the run found; of one that goes on, what is known so far.
    pub async fn report(&self, id: RunId) -> Result<Report, Error> {
        let (row, view) = self.look(id).await?;
        let entries = self.all_findings(id).await?;
        let named = row.summary.snapshot.as_ref().or(row.request.snapshot.as_ref());
        let snapshot = match named {
            Some(snapshot) => self.snapshot(snapshot).await?,
            None => None,
        };
        let tasks: Vec<TaskLine> = view.tasks.iter().map(task_line).collect();
        let questions: Vec<(Question, Option<Answer>)> = view.questions.into_iter().map(|asked| (asked.question, asked.answer)).collect();
        Ok(Report::from_facts(&ReportFacts {
            run: id,
            request: &row.request,
            status: row.status,
            summary: &row.summary,
            intent: &view.intent,
            snapshot: snapshot.as_ref(),
            tasks: &tasks,
            entries: &entries,
            questions: &questions,
            stop_reason: view.stop_reason,
            error: view.error.as_deref(),
            undone: &view.undone,
        }))
    }

    async fn all_findings(&self, id: RunId) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        let mut page = Page { limit: PORTION, after: None };
        while entries.len() < FINDINGS {
            let next = self.findings(id, &page).await?;
            entries.extend(next.items);
            if next.next.is_none() {
                break;
            }
            page.after = next.next;
        }
        Ok(entries)
    }
}

fn task_line(task: &TaskView) -> TaskLine {
    let planned = PlannedTask {
        expert: task.expert.clone(),
        goal: task.goal.clone(),
        schema: task.schema.clone(),
        table: task.table.clone(),
        priority: task.priority,
    };
    let outcome = task.outcome.as_ref();
    TaskLine {
        task: Task { task: task.task, iteration: task.iteration, planned },
        state: task.state.name().to_owned(),
        notes: outcome.map(|outcome| outcome.notes.clone()).or_else(|| task.failure.clone()).unwrap_or_default(),
        findings: outcome.map_or(0, |outcome| outcome.findings),
    }
}
