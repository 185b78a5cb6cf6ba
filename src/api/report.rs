//! `GET /runs/{id}/report`: what a run came to, as Markdown for people or JSON for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::ApiState;
use super::params::{PAGE_LIMITS, Params, RunPath, header};
use super::problem::Problem;
use super::tasks::state_name;
use crate::catalog::report::{Report, ReportFacts, TaskLine, to_markdown};
use crate::domain::{Answer, Entry, PlannedTask, Question, RunId, Task};
use crate::engine::TaskView;
use crate::store::Page;

/// Findings that one report holds; the rest is in `/findings`.
const FINDINGS: usize = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Markdown,
    Json,
}

/// Reports what a run found
///
/// It may be read at any time; of a run that goes on, it says what is known so far.
#[utoipa::path(get, path = "/runs/{id}/report", tag = "results", operation_id = "read_report",
    params(("id" = String, Path, description = "The run's id."),
        ("format" = Option<String>, Query, description = "`markdown` or `json`; stands above `Accept`."),
        ("Accept" = Option<String>, Header, description = "`text/markdown` for Markdown, else JSON.")),
    responses((status = 200, description = "The report", content((Report = "application/json"), (String = "text/markdown")))))]
pub async fn report(
    State(state): State<Arc<ApiState>>,
    RunPath(id): RunPath,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = params.only(&["format"])?;
    let asked = params.one_of("format", &["markdown", "json"], |text| match text {
        "markdown" => Some(Format::Markdown),
        "json" => Some(Format::Json),
        _ => None,
    })?;
    let format = asked.unwrap_or_else(|| accepted(header(&headers, "accept").ok().flatten()));
    let report = gather(&state, id).await?;
    Ok(match format {
        Format::Markdown => ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], to_markdown(&report)).into_response(),
        Format::Json => Json(report).into_response(),
    })
}

/// Brings the facts together; what they come to is for the catalog to say.
async fn gather(state: &ApiState, id: RunId) -> Result<Report, Problem> {
    let (row, view) = state.runs.look(id).await?;
    let entries = findings(state, id).await?;
    let named = row.summary.snapshot.as_ref().or(row.request.snapshot.as_ref());
    let snapshot = match named {
        Some(snapshot) => state.store.snapshot(snapshot).await?,
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

async fn findings(state: &ApiState, id: RunId) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    let mut page = Page { limit: *PAGE_LIMITS.end(), after: None };
    while entries.len() < FINDINGS {
        let next = state.runs.findings(id, &page).await?;
        entries.extend(next.items);
        if next.next.is_none() {
            break;
        }
        page.after = next.next;
    }
    Ok(entries)
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
        state: state_name(task.state).to_owned(),
        notes: outcome.map(|outcome| outcome.notes.clone()).or_else(|| task.failure.clone()).unwrap_or_default(),
        findings: outcome.map_or(0, |outcome| outcome.findings),
    }
}

/// Markdown only where it is asked for by name.
fn accepted(accept: Option<&str>) -> Format {
    let names = accept.unwrap_or_default().split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    if names.into_iter().any(|name| name.eq_ignore_ascii_case("text/markdown")) { Format::Markdown } else { Format::Json }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_for_who_asks() {
        assert_eq!(accepted(None), Format::Json);
        assert_eq!(accepted(Some("*/*")), Format::Json);
        assert_eq!(accepted(Some("application/json")), Format::Json);
        assert_eq!(accepted(Some("text/markdown")), Format::Markdown);
        assert_eq!(accepted(Some("text/html, Text/Markdown; charset=utf-8;q=0.9")), Format::Markdown);
    }
}
