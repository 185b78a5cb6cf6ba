//! `GET /sources/{name}/queries`: what callers asked of a source, literals aside.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::params::{Items, Params};
use super::problem::{Code, Problem};
use super::sources::SourcePath;
use crate::domain::SourceKey;
use crate::source::Dsn;
use crate::store::{QueryRow, SourceBook};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueryItem {
    /// The text with `?` in place of its literals; what follows a `…` could not be read, or is too long.
    #[schema(example = "select status, count(*) from orders where id in (?) group by status")]
    pub text: String,
    /// The same for the same text.
    pub digest: String,
    pub caller: String,
    pub tool: String,
    pub count: u64,
    /// Calls that the guard or a rule refused.
    pub refused: u64,
    /// Calls that were let through and failed.
    pub failed: u64,
    pub total_ms: f64,
    pub max_ms: f64,
    pub rows: u64,
    /// Milliseconds since 1970.
    pub first_at: i64,
    pub last_at: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryOrder {
    /// What was asked most often first.
    #[default]
    Count,
    /// What took longest, all calls together, first.
    Time,
    /// What was asked last first.
    Last,
}

impl QueryOrder {
    pub const NAMES: [&str; 3] = ["count", "time", "last"];

    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Time => "time",
            Self::Last => "last",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Count, Self::Time, Self::Last].into_iter().find(|order| order.name() == name)
    }

    fn sort(self, rows: &mut [QueryRow]) {
        rows.sort_by_key(|row| {
            Reverse(match self {
                Self::Count => row.count.cast_signed(),
                Self::Time => row.total_us.cast_signed(),
                Self::Last => row.last_at,
            })
        });
    }
}

/// Lists what callers asked of a source
///
/// Every SQL text that a caller gave to a tool, refused ones too, without its literals, counted for each caller and tool. A page is
/// of the order at its time: what is asked in between may move.
#[utoipa::path(get, path = "/sources/{name}/queries", tag = "sources", operation_id = "list_queries",
    params(("name" = String, Path, description = "The source's name, or a DSN."),
        ("order" = Option<String>, Query, description = "`count` (unless given), `time` or `last`."),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of queries", body = Items<QueryItem>)))]
pub async fn list(
    State(state): State<Arc<ApiState>>,
    SourcePath(name): SourcePath,
    params: Params,
) -> Result<Json<Items<QueryItem>>, Problem> {
    let params = params.only(&["order", "limit", "after"])?;
    let order = params.one_of("order", &QueryOrder::NAMES, QueryOrder::from_name)?.unwrap_or_default();
    let page = params.page()?;
    let key = key_of(&name)?;
    // What was counted a moment ago is to be seen, too.
    if let Err(error) = state.outside.tools.write_queries(state.store.as_ref()).await {
        tracing::warn!(%error, "what callers asked was not written");
    }
    let mut rows = state.store.queries(&key).await?;
    if rows.is_empty() && SourceBook::is_name(&name) && state.sources.find(&name).await?.is_none() {
        return Err(Problem::new(Code::NoSuchSource, format!("no source is registered as `{name}`")));
    }
    order.sort(&mut rows);
    Items::page_of(rows.into_iter().map(QueryItem::of), &page).map(Json)
}

fn key_of(words: &str) -> Result<SourceKey, Problem> {
    if SourceBook::is_name(words) {
        return Ok(SourceKey(words.to_owned()));
    }
    Dsn::parse(words).map(|dsn| dsn.key()).map_err(|error| Problem::new(Code::NoSuchSource, error.to_string()))
}

impl QueryItem {
    fn of(row: QueryRow) -> Self {
        let QueryRow { source: _, caller, tool, digest, text, count, refused, failed, total_us, max_us, rows, first_at, last_at } = row;
        let millis = |micros: u64| micros as f64 / 1_000.0;
        Self {
            text,
            digest,
            caller,
            tool,
            count,
            refused,
            failed,
            total_ms: millis(total_us),
            max_ms: millis(max_us),
            rows,
            first_at,
            last_at,
        }
    }
}
