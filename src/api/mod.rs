//! The HTTP API: one file a resource. It turns requests into calls on the engine's door and answers into JSON, problems and streams.

pub mod access;
pub mod audit;
pub mod body;
pub mod code;
pub mod commands;
pub mod docs;
pub mod envelope;
pub mod errors;
pub mod events;
pub mod findings;
pub mod gate;
pub mod harvests;
pub mod health;
pub mod inference;
pub mod intent;
pub mod limits;
pub mod logins;
pub mod metrics;
pub mod once;
pub mod openapi;
pub mod params;
pub mod problem;
pub mod queries;
pub mod questions;
pub mod report;
pub mod rpc;
pub mod rules;
pub mod runs;
pub mod servers;
pub mod settings;
pub mod sources;
pub mod start;
pub mod tasks;
pub mod token;
pub mod tokens;
pub mod tools;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa_axum::routes;

use access::{Need, Routes};
pub use limits::Limits;
pub use problem::Problem;
pub use settings::Settings;
pub use token::{Token, TokenBook};

use crate::domain::{Egress, Identity, Scope};
use crate::engine::{self, Runs};
use crate::mcp::client::RemoteServers;
use crate::store::{SourceBook, Store};
use crate::tools::{Harvests, Outside};

/// What the calls work with.
pub struct ApiState {
    pub runs: Runs,
    pub store: Arc<dyn Store>,
    pub sources: Arc<SourceBook>,
    /// Tools and sources, for whoever calls.
    pub outside: Outside,
    pub harvests: Arc<Harvests>,
    pub remotes: Arc<RemoteServers>,
    pub tokens: TokenBook,
    pub limits: Limits,
    pub settings: Settings,
    /// Where the server listens; decides whether a token is wanted.
    pub bound: SocketAddr,
    /// What a run gets that does not say.
    pub defaults: engine::Settings,
    /// What of a source a model may be shown, where its registration does not say.
    pub egress: Egress,
    pub default_model: String,
    /// Names that a run may ask for, `builtin` among them.
    pub known_models: Vec<String>,
    /// Renders all metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Cancelled when the server stops; ends all streams.
    pub stopping: CancellationToken,
}

impl ApiState {
    /// Whether who calls may open the source that they name.
    fn may_open(&self, identity: &Identity, source: Option<&str>) -> Result<(), Problem> {
        Ok(self.outside.may_open(identity, source)?)
    }
}

/// All calls, and those of assistants, behind the gate.
pub fn router(state: ApiState, assistants: MethodRouter<Arc<ApiState>>) -> Router {
    let state = Arc::new(state);
    let routes = described();
    let document = openapi::finish(routes.document().clone());
    let (calls, needs) = routes
        .beside(Need::Nothing, "/openapi.json", get(openapi::serve(&document)))
        .beside(Need::Nothing, "/docs", get(docs::serve(&document)))
        // What each of their calls needs is looked at there.
        .beside(Need::Known, "/mcp", assistants)
        .into_parts();
    let rules = Arc::new(gate::Rules::new(&state.settings, state.bound, needs));
    let calls = calls.layer(from_fn_with_state((state.clone(), rules), gate::gate)).with_state(state);
    envelope::around(calls)
}

/// Serves until `stopping` is cancelled; requests in flight then have a bounded time to end.
pub async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken, time_to_end: Duration) -> std::io::Result<()> {
    let listener = listener.tap_io(|connection| {
        // Small frames must not wait for an acknowledgement of the one before.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch off Nagle's algorithm");
        }
    });
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopping.clone().cancelled_owned()).into_future();
    let out_of_time = async {
        stopping.cancelled().await;
        tokio::time::sleep(time_to_end).await;
    };
    tokio::select! {
        served = serving => served,
        () = out_of_time => {
            tracing::info!("connections that did not end in time were cut");
            Ok(())
        }
    }
}

/// What each call needs stands here, and nowhere else.
fn described() -> Routes {
    const NOTHING: Need = Need::Nothing;
    /// Each tool says what it needs: `tools::access`.
    const OF_TOOL: Need = Need::Known;
    const READ: Need = Need::Scope(Scope::Read);
    const SQL: Need = Need::Scope(Scope::Sql);
    const WRITE: Need = Need::Scope(Scope::Write);
    const APPROVE: Need = Need::Scope(Scope::Approve);
    const ADMIN: Need = Need::Scope(Scope::Admin);
    Routes::described_in(openapi::base())
        .of(WRITE, routes!(start::start))
        .of(READ, routes!(runs::list))
        .of(READ, routes!(runs::look))
        .of(READ, routes!(events::follow))
        .of(READ, routes!(events::headlines))
        .of(WRITE, routes!(intent::change))
        .of(READ, routes!(questions::list))
        .of(APPROVE, routes!(questions::answer))
        .of(WRITE, routes!(commands::cancel))
        .of(WRITE, routes!(commands::pause))
        .of(WRITE, routes!(commands::resume))
        .of(READ, routes!(tasks::list))
        .of(READ, routes!(findings::list))
        .of(OF_TOOL, routes!(findings::verify))
        .of(READ, routes!(report::report))
        .of(ADMIN, routes!(sources::add))
        .of(READ, routes!(sources::list))
        .of(READ, routes!(sources::look))
        .of(ADMIN, routes!(sources::remove))
        .of(WRITE, routes!(sources::test))
        .of(READ, routes!(sources::diff))
        .of(SQL, routes!(inference::infer))
        .of(READ, routes!(inference::inclusions))
        .of(WRITE, routes!(harvests::start))
        .of(READ, routes!(harvests::list))
        .of(READ, routes!(harvests::look))
        .of(READ, routes!(harvests::follow))
        .of(WRITE, routes!(harvests::cancel))
        .of(ADMIN, routes!(sources::rotate))
        .of(READ, routes!(queries::list))
        .of(READ, routes!(rules::list))
        .of(READ, routes!(tools::list))
        .of(OF_TOOL, routes!(tools::call))
        .of(OF_TOOL, routes!(rpc::query))
        .of(ADMIN, routes!(tokens::create))
        .of(ADMIN, routes!(tokens::list))
        .of(ADMIN, routes!(tokens::revoke))
        .of(ADMIN, routes!(audit::list))
        .of(READ, routes!(servers::list))
        .of(APPROVE, routes!(servers::accept))
        .of(APPROVE, routes!(servers::call))
        .of(READ, routes!(servers::unanswered))
        .of(APPROVE, routes!(servers::settle))
        .of(ADMIN, routes!(logins::begin))
        .of(READ, routes!(logins::look))
        .of(ADMIN, routes!(logins::forget))
        // What the browser brings holds a state that only who began the sign-in was told.
        .of(NOTHING, routes!(logins::callback))
        .of(NOTHING, routes!(health::alive))
        .of(NOTHING, routes!(health::ready))
        .of(READ, routes!(metrics::metrics))
        .of(NOTHING, routes!(errors::page))
}
