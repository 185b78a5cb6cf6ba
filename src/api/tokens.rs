//! `/tokens`: who may use a server that other machines can reach.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::body::Body;
use super::once::detached;
use super::params::{Items, Params, path_parameter};
use super::problem::{Code, Problem};
use super::token::Token;
use crate::store::{self, Store};

const NAME_CHARS: usize = 80;
const TOKENS: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Who or what will use it.
    #[schema(example = "laptop")]
    pub name: String,
}

/// The only answer that ever shows a token's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MadeToken {
    pub name: String,
    pub token: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenItem {
    pub name: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// The token that the path names.
pub struct TokenPath(String);

/// Makes a token
///
/// Its text is in this answer and nowhere else. A name is given once, so repeating the request makes no second token.
#[utoipa::path(post, path = "/tokens", tag = "access", operation_id = "create_token", request_body = NewToken,
    responses((status = 201, description = "The token; keep it now", body = MadeToken)))]
pub async fn create(State(state): State<Arc<ApiState>>, body: Body<NewToken>) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let name = checked_name(&body.value.name)?.to_owned();
    let existing = state.store.tokens().await?;
    if existing.iter().any(|row| row.name == name) {
        return Err(Problem::new(Code::TokenNameTaken, format!("there is a token `{name}` already")).of_field("name"));
    }
    if existing.len() >= TOKENS {
        return Err(Problem::invalid_field("name", format!("there are {TOKENS} tokens; revoke one first")));
    }
    let made = detached(async move {
        let made = make(&*state.store, &name).await;
        state.tokens.forget();
        made
    });
    Ok((StatusCode::CREATED, Json(made.await??)))
}

/// Lists the names of the tokens
#[utoipa::path(get, path = "/tokens", tag = "access", operation_id = "list_tokens",
    params(("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of tokens, without their texts", body = Items<TokenItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<TokenItem>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    let rows = state.store.tokens().await?.into_iter();
    Items::page_of(rows.map(|row| TokenItem { name: row.name, created_at: row.created_at }), &page).map(Json)
}

/// Revokes a token
#[utoipa::path(delete, path = "/tokens/{name}", tag = "access", operation_id = "revoke_token",
    params(("name" = String, Path, description = "The token's name.")),
    responses((status = 204, description = "It is no longer valid")))]
pub async fn revoke(State(state): State<Arc<ApiState>>, TokenPath(name): TokenPath) -> Result<StatusCode, Problem> {
    let there_was = state.store.revoke_token(&name).await?;
    state.tokens.forget();
    if there_was { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::new(Code::NoSuchToken, format!("there is no token `{name}`"))) }
}

async fn make(store: &dyn Store, name: &str) -> Result<MadeToken, store::Error> {
    let token = Token::fresh();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64;
    store.put_token(token.row(name, now)).await?;
    Ok(MadeToken { name: name.to_owned(), token: token.reveal().to_owned() })
}

fn checked_name(name: &str) -> Result<&str, Problem> {
    let plain = |character: char| character.is_alphanumeric() || "-_.@ ".contains(character);
    let trimmed = name.trim();
    if !trimmed.is_empty() && trimmed.chars().count() <= NAME_CHARS && trimmed.chars().all(plain) {
        return Ok(trimmed);
    }
    let valid = format!("1 to {NAME_CHARS} letters, digits, spaces or `-_.@`");
    Err(Problem::invalid_field("name", format!("`name` must be {valid}")).with_valid([valid]))
}

impl<S: Send + Sync> FromRequestParts<S> for TokenPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "name").await.map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tokens_are_plain() {
        assert_eq!(checked_name(" laptop of Ada ").unwrap(), "laptop of Ada");
        for bad in ["", "  ", "a/b", "a\nb", &"x".repeat(NAME_CHARS + 1)] {
            assert!(checked_name(bad).is_err(), "`{bad}` was taken");
        }
    }
}
