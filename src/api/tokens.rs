//! `/tokens`: who may use a server that other machines can reach.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::body::Body;
use super::once::detached;
use super::params::{Items, Params, path_parameter};
use super::problem::{Code, Problem};
use super::token::Token;
use crate::domain::{Grant, Identity, NotGranted, Scope, Scopes, TokenKind};
use crate::engine::clock::now_ms;
use crate::store::{self, Store, TokenRow};

const NAME_CHARS: usize = 80;
/// Tokens that are valid at once.
const TOKENS: usize = 1_000;
/// Names that were ever given.
const NAMES: usize = 10_000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Who or what will use it. A name is given once, because what is claimed with the token stands under it.
    #[schema(example = "laptop")]
    pub name: String,
    /// Whose it is; a person's unless given. An assistant is a program that decides by itself what to call.
    #[serde(default)]
    pub kind: TokenKind,
    /// What it may do. Unless given: everything for a person; `read`, `sql` and `write` for an assistant, which is the most it can have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Scope>>)]
    pub scopes: Option<Scopes>,
    /// When it ends, in milliseconds since 1970; never, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// The only answer that ever shows a token's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MadeToken {
    pub name: String,
    pub token: String,
    pub kind: TokenKind,
    #[schema(value_type = Vec<Scope>)]
    pub scopes: Scopes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenItem {
    pub name: String,
    pub kind: TokenKind,
    #[schema(value_type = Vec<Scope>)]
    pub scopes: Scopes,
    /// Milliseconds since 1970.
    pub created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
}

/// The token that the path names.
pub struct TokenPath(String);

/// Makes a token
///
/// Its text is in this answer and nowhere else. A name is given once, so repeating the request makes no second token. Nobody gives
/// a scope that is not their own.
#[utoipa::path(post, path = "/tokens", tag = "access", operation_id = "create_token", request_body = NewToken,
    responses((status = 201, description = "The token; keep it now", body = MadeToken)))]
pub async fn create(
    State(state): State<Arc<ApiState>>,
    Extension(identity): Extension<Identity>,
    body: Body<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let NewToken { name, kind, scopes, expires_at } = body.value;
    let name = checked_name(&name)?.to_owned();
    let grant = Grant::new(kind, scopes.unwrap_or(kind.most())).map_err(|never| refused(kind, &never))?;
    let now = now_ms();
    if expires_at.is_some_and(|end| end <= now) {
        return Err(
            Problem::invalid_field("expires_at", "`expires_at` is in the past").with_valid(["milliseconds since 1970, from now on"])
        );
    }
    identity.require(grant.scopes(), "giving these scopes")?;
    let existing = state.store.tokens().await?;
    let valid = existing.iter().filter(|row| row.is_valid(now)).count();
    if valid >= TOKENS || existing.len() >= NAMES {
        let why = format!("there are {valid} tokens (at most {TOKENS}), and {} names were given (at most {NAMES})", existing.len());
        return Err(Problem::invalid_field("name", why));
    }
    let made = detached(async move {
        let made = make(&*state.store, name, grant, now, expires_at).await;
        state.tokens.forget();
        made
    });
    Ok((StatusCode::CREATED, Json(made.await??)))
}

/// Lists the tokens
#[utoipa::path(get, path = "/tokens", tag = "access", operation_id = "list_tokens",
    params(("revoked" = Option<bool>, Query, description = "Also those that were revoked or have ended; `false` unless given."),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of tokens, without their texts", body = Items<TokenItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<TokenItem>>, Problem> {
    let params = params.only(&["revoked", "limit", "after"])?;
    let (all, page) = (params.flag("revoked", false)?, params.page()?);
    let now = now_ms();
    let rows = state.store.tokens().await?.into_iter().filter(|row| all || row.is_valid(now));
    Items::page_of(rows.map(TokenItem::of), &page).map(Json)
}

/// Revokes a token
///
/// Its name stays taken: what was claimed under it keeps it.
#[utoipa::path(delete, path = "/tokens/{name}", tag = "access", operation_id = "revoke_token",
    params(("name" = String, Path, description = "The token's name.")),
    responses((status = 204, description = "It is no longer valid")))]
pub async fn revoke(State(state): State<Arc<ApiState>>, TokenPath(name): TokenPath) -> Result<StatusCode, Problem> {
    let (revoking, token) = (state.clone(), name.clone());
    let revoked = detached(async move {
        let revoked = revoking.store.revoke_token(&token).await;
        // Whatever the answer says: it may have been stored.
        revoking.tokens.forget();
        revoked
    });
    if revoked.await?? { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::new(Code::NoSuchToken, format!("there is no token `{name}`"))) }
}

async fn make(store: &dyn Store, name: String, grant: Grant, now: i64, expires_at: Option<i64>) -> Result<MadeToken, Problem> {
    let token = Token::fresh();
    if !store.put_token(token.row(&name, grant, now, expires_at)).await? {
        return Err(taken(store, &name).await?);
    }
    Ok(MadeToken { name, token: token.reveal().to_owned(), kind: grant.kind(), scopes: grant.scopes(), expires_at })
}

async fn taken(store: &dyn Store, name: &str) -> Result<Problem, store::Error> {
    let was_revoked = store.tokens().await?.iter().any(|row| row.name == name && row.revoked_at.is_some());
    let why = match was_revoked {
        true => format!("the token `{name}` was revoked, and what was claimed with it stands under its name; choose another one"),
        false => format!("there is a token `{name}` already"),
    };
    Ok(Problem::new(Code::TokenNameTaken, why).of_field("name"))
}

fn refused(kind: TokenKind, why: &NotGranted) -> Problem {
    Problem::invalid_field("scopes", why.to_string()).with_valid(kind.most().iter().map(Scope::name))
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

impl TokenItem {
    fn of(row: TokenRow) -> Self {
        let TokenRow { name, hash: _, created_at, grant, expires_at, revoked_at } = row;
        Self { name, kind: grant.kind(), scopes: grant.scopes(), created_at, expires_at, revoked_at }
    }
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
