//! What each route needs of who calls it. There is no way to add a route without saying so.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::MethodRouter;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::ApiState;
use super::openapi::{TOKEN, operations};
use super::problem::{Code, Problem};
use crate::domain::{MissingScope, Scope};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it says nothing about anybody's data.
    Nothing,
    /// To be known where tokens are wanted. What is needed besides depends on what is asked for, and is looked at there.
    Known,
    Scope(Scope),
}

/// What the routes need, by path as it was declared.
#[derive(Clone, Debug, Default)]
pub struct Needs(HashMap<String, Vec<(Method, Need)>>);

/// Routes, each with what it needs.
pub struct Routes {
    router: OpenApiRouter<Arc<ApiState>>,
    needs: Needs,
}

impl Routes {
    pub fn described_in(document: OpenApi) -> Self {
        Self { router: OpenApiRouter::with_openapi(document), needs: Needs::default() }
    }

    /// Calls that stand in the description.
    pub fn of(mut self, need: Need, (schemas, mut paths, handlers): UtoipaMethodRouter<Arc<ApiState>>) -> Self {
        for (path, item) in &mut paths.paths {
            self.needs.add(path, need, item);
        }
        self.router = self.router.routes((schemas, paths, handlers));
        self
    }

    /// What stands beside the description. All its methods need the same.
    pub fn beside(mut self, need: Need, path: &str, handlers: MethodRouter<Arc<ApiState>>) -> Self {
        let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
        self.needs.0.entry(path.to_owned()).or_default().extend(methods.map(|method| (method, need)));
        self.router = self.router.route(path, handlers);
        self
    }

    pub fn document(&self) -> &OpenApi {
        self.router.get_openapi()
    }

    pub fn into_parts(self) -> (Router<Arc<ApiState>>, Needs) {
        (self.router.split_for_parts().0, self.needs)
    }
}

impl Needs {
    fn add(&mut self, path: &str, need: Need, item: &mut PathItem) {
        let needs = self.0.entry(path.to_owned()).or_default();
        for (method, operation) in operations(item) {
            operation.security = Some(match need {
                Need::Nothing => Vec::new(),
                Need::Known => vec![SecurityRequirement::new::<_, [&str; 0], _>(TOKEN, [])],
                Need::Scope(scope) => vec![SecurityRequirement::new(TOKEN, [scope.name()])],
            });
            needs.push((method, need));
        }
    }

    /// `route` is the path as it was declared; none where there is no such path.
    pub fn of(&self, method: &Method, route: Option<&str>) -> Result<Need, Problem> {
        let Some(route) = route else { return Ok(Need::Known) };
        let Some(needs) = self.0.get(route) else {
            tracing::error!(route, "a route does not say what it needs, so nobody may call it");
            return Err(Problem::internal());
        };
        // A path is asked for its head as for the whole.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        Ok(needs.iter().find(|(known, _)| known == method).map_or(Need::Known, |(_, need)| *need))
    }
}

impl From<MissingScope> for Problem {
    fn from(missing: MissingScope) -> Self {
        let scopes = missing.missing.iter().map(Scope::name);
        Self::new(Code::MissingScope, missing.to_string()).of_field("Authorization").with_valid(scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::described;

    /// What an assistant's token, or one that reads only, must not reach. The rest of the table is for reading.
    #[test]
    fn what_is_dangerous_needs_more_than_reading() {
        let (_, needs) = described().into_parts();
        for (method, route, scope) in [
            (Method::POST, "/runs", Scope::Write),
            (Method::POST, "/runs/{id}/questions/{qid}/answer", Scope::Approve),
            (Method::GET, "/sources/{name}/inference", Scope::Sql),
            (Method::POST, "/sources", Scope::Admin),
            (Method::DELETE, "/sources/{name}", Scope::Admin),
            (Method::POST, "/secrets/rotate", Scope::Admin),
            (Method::POST, "/tokens", Scope::Admin),
            (Method::GET, "/tokens", Scope::Admin),
            (Method::POST, "/servers/{name}/login", Scope::Admin),
            (Method::DELETE, "/servers/{name}/login", Scope::Admin),
            (Method::DELETE, "/tokens/{name}", Scope::Admin),
        ] {
            assert_eq!(needs.of(&method, Some(route)).ok(), Some(Need::Scope(scope)), "{method} {route}");
        }
        for (route, of_route) in &needs.0 {
            for (method, need) in of_route {
                let changes = *method != Method::GET && matches!(need, Need::Nothing | Need::Scope(Scope::Read));
                assert!(!changes, "{method} {route} needs {need:?} only");
            }
        }
    }

    #[test]
    fn a_route_that_says_nothing_is_closed_and_a_head_is_like_its_whole() {
        let (_, needs) = described().into_parts();
        assert_eq!(needs.of(&Method::GET, Some("/forgotten")).map_err(|problem| problem.code), Err(Code::Internal));
        assert_eq!(needs.of(&Method::HEAD, Some("/tokens")).ok(), Some(Need::Scope(Scope::Admin)));
        assert_eq!(needs.of(&Method::GET, None).ok(), Some(Need::Known), "what is not there is nobody's but no secret");
        assert_eq!(needs.of(&Method::PUT, Some("/runs")).ok(), Some(Need::Known), "a method that is not there");
    }
}
