//! The wiring: the only file that knows every room. It builds a process from its settings and takes it down again.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::{self, ApiState, TokenBook};
use crate::config::Settings;
use crate::engine::launch::{Parts, launch};
use crate::engine::shared::ReasoningByName;
use crate::experts::{Desk, DeskFolders, Reasoning};
use crate::model::{self, Models, Prices};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::telemetry::Metrics;
use crate::tools::{LocalWorkbench, Registry, Workbench};

/// The reasoning that needs no model.
pub const BUILTIN: &str = "builtin";
/// What requests in flight have to end when the process stops.
const TIME_TO_END: Duration = Duration::from_secs(5);

/// Whether unfinished runs go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    Yes,
    No,
}

/// A running Fathom.
pub struct App {
    pub url: String,
    pub bound: SocketAddr,
    /// Runs that were unfinished and go on.
    pub resumed: usize,
    pub store: Arc<dyn Store>,
    stopping: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

/// Starts everything. To be called on the thread of the actor system.
pub async fn start(settings: Settings, resume: Resume) -> anyhow::Result<App> {
    let metrics = Metrics::install();
    let store = Arc::new(SqliteStore::open(&settings.data_dir).await?);
    let announce = store.clone();
    let store: Arc<dyn Store> = store;
    let models = model::build(&settings.model, Prices::builtin())?;
    let desk = Arc::new(desk(&settings)?);
    let workbench: Arc<dyn Workbench> = Arc::new(LocalWorkbench::new(store.clone(), settings.source.clone(), settings.tools.clone()));
    let known_models = known_models(&models);
    let runs = launch(Parts {
        store: store.clone(),
        workbench,
        desk: desk.clone(),
        reasoning: reasoning(desk, models)?,
        settings: settings.engine.clone(),
        node: format!("pid {}", std::process::id()),
    });

    let listener = TcpListener::bind(settings.api.listen.as_str())
        .await
        .with_context(|| format!("cannot listen on `{}`; another address can be named with `--listen`", settings.api.listen))?;
    let bound = listener.local_addr()?;
    let stopping = CancellationToken::new();
    let url = url_of(bound);
    let router = api::router(ApiState {
        runs: runs.clone(),
        store: store.clone(),
        tokens: TokenBook::new(store.clone()),
        settings: settings.api.clone(),
        bound,
        defaults: settings.engine.clone(),
        default_source: settings.default_source.clone(),
        default_model: default_model(&settings),
        known_models,
        metrics: Arc::new(move || metrics.render()),
        stopping: stopping.clone(),
    });
    let resumed = match resume {
        Resume::Yes => runs.resume_unfinished().await?,
        Resume::No => 0,
    };
    let serving = tokio::spawn(api::serve(listener, router, stopping.clone(), TIME_TO_END));
    announce.announce(&format!("pid={} url={url}", std::process::id()))?;
    Ok(App { url, bound, resumed, store, stopping, serving })
}

/// Agents, prompts and tools as the settings name them.
pub fn desk(settings: &Settings) -> anyhow::Result<Desk> {
    let folders = DeskFolders { agents: settings.agents_dir.clone(), prompts: settings.prompts_dir.clone() };
    let registry = Arc::new(Registry::standard(settings.tools.clone()));
    Desk::load(&folders, registry).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("agents and prompts cannot be used:\n  {}", lines.join("\n  "))
    })
}

/// The model of runs that name none: the configured one, or the built-in reasoning.
pub fn default_model(settings: &Settings) -> String {
    if settings.model.name.is_empty() { BUILTIN.to_owned() } else { settings.model.name.clone() }
}

impl App {
    /// Waits until the server has ended.
    pub async fn wait(self) -> anyhow::Result<()> {
        Ok(self.serving.await??)
    }

    /// Ends streams and requests; unfinished runs stay on disk and go on at the next start.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stopping.cancel();
        self.wait().await
    }

    pub fn stopper(&self) -> CancellationToken {
        self.stopping.clone()
    }
}

fn known_models(models: &Models) -> Vec<String> {
    let mut names = models.names();
    names.push(BUILTIN.to_owned());
    names
}

/// One reasoning a model, made when it is first asked for.
fn reasoning(desk: Arc<Desk>, models: Models) -> anyhow::Result<ReasoningByName> {
    let mut own = HashMap::new();
    for agent in desk.agents.all() {
        if let Some(name) = &agent.model {
            let model = models.get(name).ok_or_else(|| anyhow!("agent `{}` wants the model `{name}`, which is not configured", agent.name))?;
            own.insert(agent.name.clone(), model);
        }
    }
    let made: Mutex<HashMap<String, Arc<dyn Reasoning>>> = Mutex::default();
    Ok(Arc::new(move |name: &str| {
        let mut made = made.lock().expect("nothing panics while it holds the reasonings");
        if let Some(reasoning) = made.get(name) {
            return Ok(reasoning.clone());
        }
        let reasoning: Arc<dyn Reasoning> = if name == BUILTIN {
            Arc::new(desk.builtin_reasoning())
        } else {
            let model = models.get(name).ok_or_else(|| format!("the model `{name}` is not configured any more"))?;
            Arc::new(desk.model_reasoning(model, own.clone()))
        };
        made.insert(name.to_owned(), reasoning.clone());
        Ok(reasoning)
    }))
}

/// Where a person reaches the server: an address that stands for all of them is reached on this machine.
fn url_of(bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() { format!("http://127.0.0.1:{}", bound.port()) } else { format!("http://{bound}") }
}
