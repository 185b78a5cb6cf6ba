//! `GET /audit`: what was done from outside, by whom, and what came of it; and how requests get into it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ApiState;
use super::params::{Items, Params};
use super::problem::{Code, Problem};
use crate::domain::{Identity, Scope};
use crate::store::{AuditFilter, AuditRow};
use crate::tools::audit::{Audit, Noting};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditItem {
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// `token:<name>`, or `outside` for who came without a token.
    #[schema(example = "token:claude")]
    pub author: String,
    /// A tool's name, or a route.
    #[schema(example = "run_sql_readonly")]
    pub call: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Without secrets; cut where there were many.
    #[schema(value_type = Object)]
    pub args: Value,
    /// `done`, `refused`, `failed`, or `left` where who called did not wait for the end.
    pub outcome: String,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    pub duration_ms: f64,
}

/// The body of a request, for the audit log; whoever reads it says what it is.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<Option<Value>>>);

const SINCE: &str = "milliseconds since 1970";

/// Lists what was done
///
/// Calls that saw values of rows, wrote, approved or administered, and those that were refused for want of a scope; newest first. The log is bounded
/// by age and number.
#[utoipa::path(get, path = "/audit", tag = "access", operation_id = "list_audit",
    params(("author" = Option<String>, Query, description = "Calls of this author: `token:<name>`, or `outside`."),
        ("tool" = Option<String>, Query, description = "Calls of this tool, or of this route: `POST /sources`."),
        ("since" = Option<i64>, Query, description = "Calls that began then or later, in milliseconds since 1970."),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of calls", body = Items<AuditItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<AuditItem>>, Problem> {
    let params = params.only(&["author", "tool", "since", "limit", "after"])?;
    let call = params.text("tool").map(|name| state.outside.tools.resolve(name).unwrap_or(name).to_owned());
    let filter = AuditFilter { author: params.text("author").map(str::to_owned), call, since: params.number("since", SINCE)? };
    let page = params.page()?;
    // What was noted a moment ago is to be seen, too.
    state.outside.audit.write(state.store.as_ref()).await?;
    let found = state.store.audit(&filter, &page).await?;
    Ok(Json(Items { items: found.items.into_iter().map(AuditItem::of).collect(), next: found.next }))
}

/// Lets a request in that needs this scope, or not. What is more than reading is noted.
pub fn begin(audit: &Arc<Audit>, identity: &Identity, scope: Scope, call: &str, args: &Value) -> Result<Option<Noting>, Problem> {
    let is_worth_it = scope != Scope::Read;
    let mut noting = audit.begin(&identity.author, call, is_worth_it);
    noting.with_args(args.clone());
    match identity.require(scope.into(), call) {
        Ok(()) => Ok(is_worth_it.then_some(noting)),
        Err(missing) => {
            let turned_away = Err(missing.into());
            ended(noting, &turned_away);
            turned_away
        }
    }
}

/// Notes that nothing came of a call.
fn ended<T>(noting: Noting, answered: &Result<T, Problem>) {
    match answered {
        Ok(_) => noting.done(),
        Err(problem) => not_done(noting, problem.code, &format!("{}: {}", problem.code.name(), problem.detail)),
    }
}

/// The same of a whole request, of which only the answer's head is known.
pub fn answered(noting: Noting, response: &Response) {
    let (status, code) = (response.status(), response.extensions().get::<Code>());
    match code {
        Some(code) => not_done(noting, *code, code.name()),
        None if status.is_server_error() => noting.failed(status.as_str()),
        None if status.is_client_error() => noting.refused(status.as_str()),
        None => noting.done(),
    }
}

fn not_done(noting: Noting, code: Code, why: &str) {
    match code {
        Code::MissingScope => noting.turned_away(why),
        Code::ToolFailed => noting.failed(why),
        code if code.status().is_server_error() => noting.failed(why),
        _ => noting.refused(why),
    }
}

impl Said {
    pub fn hear(&self, body: &[u8]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = serde_json::from_slice(body).ok();
    }

    /// The body's members, and those that the path has; these hold where both have one.
    pub fn with(&self, path: &Value) -> Value {
        let mut args = match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        args.extend(path.as_object().cloned().unwrap_or_default());
        Value::Object(args)
    }
}

impl AuditItem {
    fn of(row: AuditRow) -> Self {
        let AuditRow { at, author, call, source, args, outcome, reason, duration_us } = row;
        let args = serde_json::from_str(&args).unwrap_or(Value::String(args));
        Self { at, author, call, source, args, outcome: outcome.name().to_owned(), reason, duration_ms: duration_us as f64 / 1_000.0 }
    }
}
