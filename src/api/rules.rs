//! `GET /rules`: the rules in force, and how often each was met.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::params::{Items, Params};
use super::problem::Problem;
use crate::tools::rule::Rule;
use crate::tools::rules::Counted;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleItem {
    /// As it stands in the configuration.
    #[serde(flatten)]
    pub rule: Rule,
    /// Calls that it was about, since this server started.
    pub hits: u64,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hit_at: Option<i64>,
}

/// Lists the rules in force
///
/// In the order in which they are looked at. They stand in the server's configuration.
#[utoipa::path(get, path = "/rules", tag = "sources", operation_id = "list_rules",
    params(("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of rules", body = Items<RuleItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<RuleItem>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    let item = |Counted { rule, hits, last_hit_at }| RuleItem { rule, hits, last_hit_at };
    Items::page_of(state.outside.tools.rules().counted().map(item), &page).map(Json)
}
