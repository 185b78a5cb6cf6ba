//! The HTTP API: one file a resource. It turns requests into calls on the engine's door and answers into JSON, problems and streams.

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
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use problem::Problem;
pub use settings::Settings;
pub use token::{Token, TokenBook};

use crate::domain::Egress;
use crate::engine::{self, Runs};
use crate::mcp::client::RemoteServers;
use crate::store::{SourceBook, Store};
use crate::tools::{Harvests, Registry, Workbench};

/// What the calls work with.
pub struct ApiState {
    pub runs: Runs,
    pub store: Arc<dyn Store>,
    pub sources: Arc<SourceBook>,
    pub workbench: Arc<dyn Workbench>,
    pub harvests: Arc<Harvests>,
    pub tools: Arc<Registry>,
    pub remotes: Arc<RemoteServers>,
    pub tokens: TokenBook,
    pub settings: Settings,
    /// Where the server listens; decides whether a token is wanted.
    pub bound: SocketAddr,
    /// What a run gets that does not say.
    pub defaults: engine::Settings,
    pub default_source: Option<String>,
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

/// All calls behind the gate.
pub fn router(state: ApiState) -> Router {
    let state = Arc::new(state);
    let rules = Arc::new(gate::Rules::new(&state.settings, state.bound));
    let (calls, document) = described().split_for_parts();
    let document = openapi::finish(document);
    let calls = calls
        .route("/openapi.json", get(openapi::serve(&document)))
        .route("/docs", get(docs::serve(&document)))
        .layer(from_fn_with_state((state.clone(), rules), gate::gate))
        .with_state(state);
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

fn described() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(start::start, runs::list))
        .routes(routes!(runs::look))
        .routes(routes!(events::follow))
        .routes(routes!(events::headlines))
        .routes(routes!(intent::change))
        .routes(routes!(questions::list))
        .routes(routes!(questions::answer))
        .routes(routes!(commands::cancel))
        .routes(routes!(commands::pause))
        .routes(routes!(commands::resume))
        .routes(routes!(tasks::list))
        .routes(routes!(findings::list))
        .routes(routes!(findings::verify))
        .routes(routes!(report::report))
        .routes(routes!(sources::add, sources::list))
        .routes(routes!(sources::look, sources::remove))
        .routes(routes!(sources::test))
        .routes(routes!(sources::diff))
        .routes(routes!(inference::infer))
        .routes(routes!(inference::inclusions))
        .routes(routes!(harvests::start, harvests::list))
        .routes(routes!(harvests::look))
        .routes(routes!(harvests::follow))
        .routes(routes!(harvests::cancel))
        .routes(routes!(sources::rotate))
        .routes(routes!(queries::list))
        .routes(routes!(rules::list))
        .routes(routes!(tools::list))
        .routes(routes!(tools::call))
        .routes(routes!(rpc::query))
        .routes(routes!(servers::list))
        .routes(routes!(servers::accept))
        .routes(routes!(servers::call))
        .routes(routes!(servers::unanswered))
        .routes(routes!(servers::settle))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(errors::page))
}
