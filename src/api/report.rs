//! `GET /runs/{id}/report`: what a run came to, as Markdown for people or JSON for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::params::{PAGE_LIMITS, Params, RunPath, header};
use super::problem::Problem;
use super::runs::RunItem;
use crate::domain::{Entry, Intent, RunId, StopReason};
use crate::engine::{QuestionView, TaskView};
use crate::store::Page;

/// Findings that one report holds; the rest is in `/findings`.
const FINDINGS: usize = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Markdown,
    Json,
}

/// What a report is made of.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Report {
    pub run: RunItem,
    pub intent: Intent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub findings: Vec<Entry>,
    /// True where there are more findings than a report holds.
    pub cut: bool,
    pub questions: Vec<QuestionView>,
    pub tasks: Vec<TaskView>,
    pub undone: Vec<String>,
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
        Format::Markdown => ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], markdown(&report)).into_response(),
        Format::Json => Json(report).into_response(),
    })
}

async fn gather(state: &ApiState, id: RunId) -> Result<Report, Problem> {
    let row = state.runs.run(id).await?;
    let view = state.runs.look(id).await?;
    let mut findings = Vec::new();
    let mut page = Page { limit: *PAGE_LIMITS.end(), after: None };
    let cut = loop {
        let next = state.runs.findings(id, &page).await?;
        findings.extend(next.items);
        match next.next {
            None => break false,
            Some(_) if findings.len() >= FINDINGS => break true,
            after => page.after = after,
        }
    };
    Ok(Report {
        run: RunItem { status: view.status, ..RunItem::of(&row) },
        intent: view.intent,
        stop_reason: view.stop_reason,
        error: view.error,
        findings,
        cut,
        questions: view.questions,
        tasks: view.tasks,
        undone: view.undone,
    })
}

/// The call site of the catalog's report: its renderer takes over here.
fn markdown(report: &Report) -> String {
    let mut text = format!("# What is in `{}`\n\nRun `{}` is {}.\n", report.run.source, report.run.run_id, report.run.status.name());
    for entry in &report.findings {
        let claim = &entry.claim;
        text.push_str(&format!("\n- `{}` ({}, {:.2})", claim.key, claim.status.name(), claim.confidence.value()));
    }
    text.push('\n');
    text
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
