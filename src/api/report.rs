//! `GET /runs/{id}/report`: what a run came to, as Markdown for people or JSON for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::ApiState;
use super::params::{Params, RunPath, header};
use super::problem::Problem;
use crate::catalog::report::{Report, to_markdown};

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
    let report = state.runs.report(id).await?;
    Ok(match format {
        Format::Markdown => ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], to_markdown(&report)).into_response(),
        Format::Json => Json(report).into_response(),
    })
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
