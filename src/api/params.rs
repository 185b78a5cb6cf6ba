//! Reading paths, query strings and a few headers, with errors that name the parameter.

use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem};
use crate::domain::RunId;
use crate::store::{Page, Paged};

/// Items that one page of a list may have.
pub const PAGE_LIMITS: RangeInclusive<usize> = 1..=200;

/// The query string, read by name; what a call does not know is refused.
pub struct Params {
    pairs: Vec<(String, String)>,
}

/// The run that the path names.
pub struct RunPath(pub RunId);

/// A list as every call answers it.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Items<T> {
    pub items: Vec<T>,
    /// Pass it as `after` to get the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Params {
    /// Refuses parameters that are not in `known`, and any that is given twice.
    pub fn only(self, known: &[&str]) -> Result<Self, Problem> {
        for (position, (name, _)) in self.pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let detail = format!("`{name}` is not a parameter of this call");
                return Err(Problem::invalid_parameter(name, detail).with_valid(known.iter().copied()));
            }
            if self.pairs[..position].iter().any(|(before, _)| before == name) {
                return Err(Problem::invalid_parameter(name, format!("`{name}` is given twice")));
            }
        }
        Ok(self)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// One of a set of words, or absent.
    pub fn one_of<T>(&self, name: &str, valid: &[&'static str], read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refuse = || Problem::invalid_parameter(name, format!("`{text}` is not a {name}")).with_valid(valid.iter().copied());
        read(text).map(Some).ok_or_else(refuse)
    }

    pub fn number<T: FromStr>(&self, name: &str, valid: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refuse = |_| Problem::invalid_parameter(name, format!("`{text}` is not {valid}")).with_valid([valid]);
        text.parse().map(Some).map_err(refuse)
    }

    pub fn flag(&self, name: &str, absent: bool) -> Result<bool, Problem> {
        let given = self.one_of(name, &["true", "false"], |text| text.parse().ok())?;
        Ok(given.unwrap_or(absent))
    }

    /// `limit` and `after`.
    pub fn page(&self) -> Result<Page, Problem> {
        let valid = format!("a whole number from {} to {}", PAGE_LIMITS.start(), PAGE_LIMITS.end());
        let limit = self.number("limit", &valid)?.unwrap_or(Page::default().limit);
        if !PAGE_LIMITS.contains(&limit) {
            return Err(Problem::invalid_parameter("limit", format!("`{limit}` is not {valid}")).with_valid([valid]));
        }
        Ok(Page { limit, after: self.text("after").map(str::to_owned) })
    }
}

impl<T> From<Paged<T>> for Items<T> {
    fn from(page: Paged<T>) -> Self {
        Self { items: page.items, next: page.next }
    }
}

impl<T> Items<T> {
    /// One page of a list that is at hand as a whole and only ever grows at its end.
    pub fn page_of(all: impl Iterator<Item = T>, page: &Page) -> Result<Self, Problem> {
        let skip = match &page.after {
            None => 0,
            Some(token) => token
                .parse::<usize>()
                .map_err(|_| Problem::invalid_parameter("after", format!("`{token}` is not a page token of this list")))?,
        };
        let mut items: Vec<T> = all.skip(skip).take(page.limit + 1).collect();
        let next = (items.len() > page.limit).then(|| (skip + page.limit).to_string());
        items.truncate(page.limit);
        Ok(Self { items, next })
    }
}

/// A header's text; one that is not plain text is refused by name.
pub fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| Problem::invalid_parameter(name, format!("the header `{name}` is not plain text")))
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| Problem::new(Code::BadRequest, format!("the query string cannot be read: {error}")))?;
        Ok(Self { pairs: pairs.0 })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RunPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = path_parameter(parts, state, "id").await?;
        id.parse().map(Self).map_err(|error: crate::domain::id::NotAnId| Problem::new(Code::NoSuchRun, error.to_string()))
    }
}

/// One named part of the path, decoded.
pub async fn path_parameter<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Result<String, Problem> {
    let Path(pairs) = Path::<Vec<(String, String)>>::from_request_parts(parts, state)
        .await
        .map_err(|error| Problem::new(Code::NoSuchPath, format!("the path cannot be read: {error}")))?;
    pairs.into_iter().find(|(given, _)| given == name).map(|(_, value)| value).ok_or_else(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn params(query: &str) -> Params {
        let (mut parts, ()) = axum::http::Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        Params::from_request_parts(&mut parts, &()).await.unwrap()
    }

    #[tokio::test]
    async fn parameters_are_refused_by_name() {
        let field = |problem: Problem| problem.field.unwrap();
        assert_eq!(field(params("a=1&b=2").await.only(&["a"]).err().unwrap()), "b");
        assert_eq!(field(params("a=1&a=2").await.only(&["a"]).err().unwrap()), "a");
        for bad in ["limit=0", "limit=201", "limit=x", "limit=", "limit=-1", "limit=99999999999999999999"] {
            assert_eq!(field(params(bad).await.page().unwrap_err()), "limit", "{bad}");
        }
        assert_eq!(params("limit=7&after=xyz").await.page().unwrap(), Page { limit: 7, after: Some("xyz".into()) });
        assert_eq!(field(params("follow=maybe").await.flag("follow", true).unwrap_err()), "follow");
        assert!(!params("follow=false").await.flag("follow", true).unwrap());
        assert!(params("").await.flag("follow", true).unwrap());
    }

    #[test]
    fn a_whole_list_is_paged_without_gap_or_repetition() {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = Items::page_of(1..=10, &Page { limit: 3, after }).unwrap();
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, (1..=10).collect::<Vec<_>>());
        assert!(Items::page_of(1..=3, &Page { limit: 3, after: None }).unwrap().next.is_none());
        assert!(Items::page_of(1..=3, &Page { limit: 3, after: Some("x".into()) }).is_err());
    }
}
