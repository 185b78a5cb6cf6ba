//! Resources: a guide, the report of a discovery, and everything in the catalog by its key.

use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, CompleteRequestParams, CompleteResult, CompletionInfo, ListResourcesResult, ReadResourceResult, Reference, Resource,
    ResourceContents, ResourceTemplate,
};
use serde_json::{Map, Value, json};

use super::Server;
use super::own::newest_run;
use crate::catalog::report::to_markdown;
use crate::domain::{Identity, Layer, RunId};
use crate::store::{EntryFilter, Page};
use crate::tools::outside::{Asked, Unanswered};

const GUIDE: &str = "fathom://guide";
const REPORT: &str = "fathom://report";
const OBJECT: &str = "fathom://object/";
const FINDING: &str = "fathom://finding/";
const OF_RUN: &str = "fathom://report/";
const MARKDOWN: &str = "text/markdown";
const JSON: &str = "application/json";
/// Objects on one page of the list.
const PORTION: usize = 100;
/// The catalog changes while runs go on.
const TTL_MS: u64 = 5_000;

const GUIDE_TEXT: &str = include_str!("guide.md");

pub fn templates() -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, title: &str, words: &str, kind: &str| {
        ResourceTemplate::new(uri, name).with_title(title).with_description(words).with_mime_type(kind)
    };
    vec![
        template("fathom://object/{name}", "object", "A table, view or routine", "All that is known of it, by `schema.name`.", JSON),
        template("fathom://finding/{+key}", "finding", "A finding", "By its key: `metric/revenue`, `rel/main.a.b_id->main.b.id`.", JSON),
        template("fathom://report/{run_id}", "report", "The report of a discovery", "What a run found, as Markdown.", MARKDOWN),
    ]
}

/// The guide and the report first, then the tables of the default source.
pub async fn list(server: &Server, cursor: Option<String>) -> Result<ListResourcesResult, ErrorData> {
    let mut resources = Vec::new();
    let mut next = None;
    let begin: usize = match cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| ErrorData::invalid_params("the cursor is none of this list", None))?,
    };
    if begin == 0 {
        let guide = Resource::new(GUIDE, "guide").with_title("Guide to the catalog").with_mime_type(MARKDOWN);
        resources.push(guide.with_description("What the catalog holds, what its words mean, and how to ask it."));
        let report = Resource::new(REPORT, "report").with_title("The newest report").with_mime_type(MARKDOWN);
        resources.push(report.with_description("What the newest discovery found."));
    }
    if let Ok(workspace) = server.parts.outside.look(None).await {
        let tables = &workspace.snapshot.tables;
        let shown = tables.iter().skip(begin).take(PORTION);
        resources.extend(shown.map(|table| {
            let name = table.full_name();
            let mut one = Resource::new(format!("{OBJECT}{}", encoded(&name)), name).with_mime_type(JSON);
            one.description.clone_from(&table.comment);
            one
        }));
        next = (begin + PORTION < tables.len()).then(|| (begin + PORTION).to_string());
    }
    let mut listed = ListResourcesResult::with_all_items(resources).with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private);
    listed.next_cursor = next;
    Ok(listed)
}

pub async fn read(server: &Server, visitor: Identity, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let contents = if uri == GUIDE {
        ResourceContents::text(GUIDE_TEXT, uri).with_mime_type(MARKDOWN)
    } else if uri == REPORT {
        let run = newest_run(&server.parts.runs).await.map_err(internal)?.ok_or_else(|| not_found(uri, "there is no discovery yet"))?;
        report(server, run, uri).await?
    } else if let Some(run) = uri.strip_prefix(OF_RUN) {
        let run: RunId = run.parse().map_err(|error: crate::domain::id::NotAnId| not_found(uri, &error.to_string()))?;
        report(server, run, uri).await?
    } else if let Some(name) = uri.strip_prefix(OBJECT) {
        let mut args = Map::new();
        args.insert("name".to_owned(), json!(decoded(name)));
        looked_up(server, visitor, "catalog_get_object", args, uri).await?
    } else if let Some(key) = uri.strip_prefix(FINDING) {
        let key = decoded(key);
        let mut args = Map::new();
        args.insert("key".to_owned(), json!(key));
        args.insert("kind".to_owned(), json!(kind_of(&key)));
        looked_up(server, visitor, "catalog_get", args, uri).await?
    } else {
        return Err(not_found(uri, "there are fathom://guide, fathom://report, fathom://object/{name} and fathom://finding/{key}"));
    };
    Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
}

async fn report(server: &Server, run: RunId, uri: &str) -> Result<ResourceContents, ErrorData> {
    let report = server.parts.runs.report(run).await.map_err(|error| not_found(uri, &error.to_string()))?;
    Ok(ResourceContents::text(to_markdown(&report), uri).with_mime_type(MARKDOWN))
}

async fn looked_up(
    server: &Server,
    visitor: Identity,
    tool: &str,
    args: Map<String, Value>,
    uri: &str,
) -> Result<ResourceContents, ErrorData> {
    let asked = Asked { identity: visitor, tool: tool.to_owned(), source: None, args };
    let answered = server.parts.outside.call(asked).await.map_err(|unanswered| match unanswered {
        Unanswered::Stopping => internal(unanswered),
        other => not_found(uri, &other.to_string()),
    })?;
    let text = serde_json::to_string_pretty(&answered.result).map_err(internal)?;
    Ok(ResourceContents::text(text, uri).with_mime_type(JSON))
}

/// Suggestions for names in templates and prompts; none where nothing fits.
pub async fn complete(server: &Server, request: &CompleteRequestParams) -> Result<CompleteResult, ErrorData> {
    let begun = request.argument.value.to_lowercase();
    let known: Vec<String> = match &request.r#ref {
        Reference::Resource(resource) if resource.uri.starts_with(OBJECT) => names(server).await,
        Reference::Resource(resource) if resource.uri.starts_with(FINDING) => keys(server, &begun).await,
        Reference::Prompt(prompt) if prompt.name == "review_findings" => {
            ["relationship", "metric", "domain", "note", "question_template", "summary", "hypothesis"].map(str::to_owned).to_vec()
        }
        Reference::Prompt(prompt) if prompt.name == "explore" => names(server).await,
        _ => Vec::new(),
    };
    let fits = |name: &String| {
        let name = name.to_lowercase();
        name.starts_with(&begun) || name.rsplit_once('.').is_some_and(|(_, last)| last.starts_with(&begun))
    };
    let mut values: Vec<String> = known.into_iter().filter(fits).collect();
    let total = u32::try_from(values.len()).ok();
    let has_more = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    let info = CompletionInfo::with_pagination(values, total, has_more).map_err(internal)?;
    Ok(CompleteResult::new(info))
}

async fn names(server: &Server) -> Vec<String> {
    let workspace = server.parts.outside.look(None).await;
    workspace.map(|workspace| workspace.snapshot.tables.iter().map(crate::domain::Table::full_name).collect()).unwrap_or_default()
}

async fn keys(server: &Server, begun: &str) -> Vec<String> {
    let Ok(workspace) = server.parts.outside.look(None).await else { return Vec::new() };
    let filter = EntryFilter { layer: Some(Layer::Finding), ..EntryFilter::default() };
    let (mut found, mut page) = (Vec::new(), Page { limit: 500, after: None });
    while let Ok(part) = workspace.store.entries(&workspace.key, &filter, &page).await {
        found.extend(part.items.into_iter().map(|entry| entry.claim.key).filter(|key| key.to_lowercase().starts_with(begun)));
        page.after = part.next;
        if page.after.is_none() || found.len() > CompletionInfo::MAX_VALUES {
            break;
        }
    }
    found
}

/// What the first word of a finding's key says of its kind.
fn kind_of(key: &str) -> &str {
    match key.split('/').next().unwrap_or_default() {
        "rel" => "relationship",
        "question" | "template" => "question_template",
        other => other,
    }
}

fn not_found(uri: &str, why: &str) -> ErrorData {
    ErrorData::invalid_params(format!("there is no resource `{uri}`: {why}"), Some(json!({ "uri": uri })))
}

fn internal(error: impl std::fmt::Display) -> ErrorData {
    tracing::error!(%error, "a resource cannot be read");
    ErrorData::internal_error("something failed inside the server; its log says what", None)
}

/// A name as one segment of a URI.
fn encoded(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}

fn decoded(text: &str) -> String {
    // Only percent signs: a plus is a plus in a path.
    let text = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_in_a_uri() {
        for name in ["main.orders", "public.Größe & co", "a/b.c+d%20", "rel/main.a.b_id->main.b.id"] {
            assert_eq!(decoded(&encoded(name)), name);
            assert!(!encoded(name).contains(['/', ' ', '+']), "{name}");
        }
    }
}
