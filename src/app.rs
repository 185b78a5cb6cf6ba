//! The wiring: the only file that knows every room. It builds a process from its settings and takes it down again.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::{self, ApiState, Limits, Token, TokenBook};
use crate::config::Settings;
use crate::domain::Identity;
use crate::domain::{Grant, Scope};
use crate::engine::clock::now_ms;
use crate::engine::launch::{Parts, launch};
use crate::engine::shared::ReasoningByName;
use crate::experts::{Desk, DeskFolders, Reasoning};
use crate::mcp;
use crate::mcp::client::RemoteServers;
use crate::mcp::server::Selection;
use crate::model::{self, ApiKey, Message, Models, Prices, Request, Role, Shape};
use crate::store::{self, Folder, Keyring, PostgresStore, SourceBook, SqliteStore, Store, peek_lock};
use crate::telemetry;
use crate::tools::{Audit, Harvests, LocalWorkbench, Outside, Registry, Rules, Workbench};

/// The reasoning that needs no model.
pub const BUILTIN: &str = "builtin";
/// What a model that is asked for a word has to answer.
const CHECK_TIME: Duration = Duration::from_secs(60);
/// Connections that wait to be accepted; the kernel has the last word.
const WAITING_CONNECTIONS: u32 = 8_192;
/// What the first token is called.
const FIRST_TOKEN: &str = "first";

/// Whether unfinished runs go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    Yes,
    No,
}

/// A running Fathom.
pub struct App {
    /// Where it answers, with the port that it really got.
    pub url: String,
    /// Made where a token is wanted and none existed; to be shown once.
    pub first_token: Option<String>,
    /// Runs that were unfinished and go on.
    pub resumed: usize,
    /// Cancel it to stop: streams and requests end, unfinished runs stay on disk and go on at the next start.
    pub shutdown: CancellationToken,
    /// What assistants are offered, for one on standard input and output.
    pub assistants: mcp::server::Server,
    pub tools: Arc<Registry>,
    /// Ends when everything has stopped.
    pub served: JoinHandle<anyhow::Result<()>>,
}

/// The store, and the folder that this process works in, which stays locked while this lives.
struct Opened {
    store: Arc<dyn Store>,
    folder: Arc<Folder>,
}

/// Starts everything. To be called on the thread of the actor system.
pub async fn start(settings: Settings, resume: Resume) -> anyhow::Result<App> {
    let telemetry = telemetry::init(&settings.telemetry)?;
    let metrics = telemetry::metrics::install();
    let Opened { store, folder } = open_store(&settings).await?;
    let models = model::build(&settings.model, Prices::builtin())?;
    let desk = Arc::new(desk(&settings)?);
    let keyring = Keyring::open(&settings.data_dir, settings.secret_key.as_ref().map(ApiKey::expose))?;
    let sources = Arc::new(SourceBook::new(store.clone(), keyring));
    let mut of_sources = settings.source.clone();
    if of_sources.csv_dir.as_os_str().is_empty() {
        of_sources.csv_dir = settings.data_dir.join("csv");
    }
    let remotes = Arc::new(RemoteServers::new(&settings.mcp, store.clone(), &sources.logins()).map_err(anyhow::Error::msg)?);
    let workbench = LocalWorkbench::new(store.clone(), sources.clone(), of_sources).with_peers(remotes.clone());
    let workbench: Arc<dyn Workbench> = Arc::new(workbench);
    let known_models = known_models(&models);
    let runs = launch(Parts {
        store: store.clone(),
        workbench: workbench.clone(),
        desk: desk.clone(),
        reasoning: reasoning(desk.clone(), models)?,
        settings: settings.engine.clone(),
        node: format!("pid {}", std::process::id()),
    });

    let listener = listen(&settings.api.listen)
        .await
        .with_context(|| format!("cannot listen on `{}`; another address can be named with `--listen`", settings.api.listen))?;
    let bound = listener.local_addr()?;
    let shutdown = CancellationToken::new();
    let first_token = first_token(store.as_ref(), bound).await?;
    let url = url_of(bound);
    let audit = Arc::new(Audit::new(settings.api.audit_rows, settings.api.audit_days));
    let outside = Outside {
        tools: desk.registry.clone(),
        workbench: workbench.clone(),
        runs: Arc::new(runs.clone()),
        default_source: settings.default_source.clone(),
        audit: audit.clone(),
    };
    let assistants = mcp::server::Server::new(
        mcp::server::Parts {
            outside: outside.clone(),
            runs: runs.clone(),
            store: store.clone(),
            defaults: settings.engine.clone(),
            default_model: default_model(&settings),
            #[cfg(feature = "crash-points")]
            fixtures: settings.assistants.fixtures,
        },
        Identity::assistant(),
    );
    let assistants = assistants.offering(Selection::parse(&settings.assistants.tools, &desk.registry).map_err(anyhow::Error::msg)?);
    let state = ApiState {
        runs: runs.clone(),
        store: store.clone(),
        sources,
        harvests: Arc::new(Harvests::new(workbench, store.clone(), now_ms)),
        outside,
        remotes,
        tokens: TokenBook::new(store.clone(), Duration::from_secs(settings.api.token_cache_s)),
        limits: Limits::new(&settings.api),
        settings: settings.api.clone(),
        bound,
        defaults: settings.engine.clone(),
        egress: settings.source.egress,
        default_model: default_model(&settings),
        known_models,
        metrics: Arc::new(move || metrics.render()),
        stopping: shutdown.clone(),
    };
    let router = api::router(state, mcp::server::http(assistants.clone(), &settings.assistants, shutdown.clone()));
    let resumed = match resume {
        Resume::Yes => runs.resume_unfinished().await?,
        Resume::No => 0,
    };
    let time_to_end = Duration::from_secs(settings.api.stop_time_limit_s);
    let serving = api::serve(listener, router, shutdown.clone(), time_to_end);
    let held = folder.clone();
    let every = Duration::from_secs(settings.tools.digest_write_s.max(1));
    let served_all = CancellationToken::new();
    let writing = tokio::spawn(keep_queries(desk.registry.clone(), store.clone(), every, served_all.clone()));
    let auditing = tokio::spawn(keep_audit(audit, store.clone(), served_all.clone()));
    let served = tokio::spawn(async move {
        let served = serving.await;
        served_all.cancel();
        // Where they panicked there is nothing left to write.
        let _ = (writing.await, auditing.await);
        telemetry.shutdown().await;
        drop(held);
        Ok(served?)
    });
    folder.announce(&format!("pid={} url={url}", std::process::id()))?;
    Ok(App { url, first_token, resumed, shutdown, assistants, tools: desk.registry.clone(), served })
}

/// What callers asked is counted in memory; this writes it from time to time, and at the end.
async fn keep_queries(tools: Arc<Registry>, store: Arc<dyn Store>, every: Duration, end: CancellationToken) {
    loop {
        let is_last = tokio::select! {
            () = end.cancelled() => true,
            () = tokio::time::sleep(every) => false,
        };
        if let Err(error) = tools.write_queries(store.as_ref()).await {
            tracing::warn!(%error, "what callers asked was not written");
        }
        if is_last {
            return;
        }
    }
}

/// What was done from outside is noted in memory; this writes it a moment later, and at the end.
async fn keep_audit(audit: Arc<Audit>, store: Arc<dyn Store>, end: CancellationToken) {
    /// A store that does not take it is asked again so often.
    const AGAIN: Duration = Duration::from_secs(5);
    loop {
        let is_last = tokio::select! {
            () = end.cancelled() => true,
            () = audit.gathered() => false,
        };
        let written = audit.write(store.as_ref()).await;
        if let Err(error) = &written {
            tracing::warn!(%error, "what was done from outside was not written to the audit log");
        }
        if is_last {
            return;
        }
        if written.is_err() {
            tokio::select! {
                () = end.cancelled() => {}
                () = tokio::time::sleep(AGAIN) => audit.remind(),
            }
        }
    }
}

async fn open_store(settings: &Settings) -> Result<Opened, store::Error> {
    let Some(place) = &settings.store else {
        let store = SqliteStore::open(&settings.data_dir).await?;
        let folder = store.folder();
        return Ok(Opened { store: Arc::new(store), folder });
    };
    let folder = Arc::new(Folder::open(&settings.data_dir).await?);
    Ok(Opened { store: Arc::new(PostgresStore::open(place).await?), folder })
}

/// Tries everything that the settings name; the answer is what is wrong. With `models`, each model is asked for a word.
pub async fn check(settings: &Settings, models: bool) -> Vec<String> {
    let mut problems = Vec::new();
    if let Err(error) = desk(settings) {
        problems.push(format!("{error:#}"));
    }
    let built = model::build(&settings.model, Prices::builtin());
    match built {
        Err(error) => problems.push(format!("models: {error}")),
        Ok(built) if models => problems.extend(ask_models(&built).await),
        Ok(_) => {}
    }
    if peek_lock(&settings.data_dir).is_none()
        && let Err(error) = open_store(settings).await
    {
        problems.push(format!("store: {error}"));
    }
    problems
}

async fn ask_models(models: &Models) -> Vec<String> {
    let mut problems = Vec::new();
    for name in models.configured() {
        let Some(model) = models.get(&name) else { continue };
        let system = Message { role: Role::System, text: "Answer with JSON.".to_owned() };
        let user = Message { role: Role::User, text: "Answer {\"ok\": true}.".to_owned() };
        let schema =
            json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": false});
        let request = Request {
            purpose: "check".to_owned(),
            messages: vec![system, user],
            shape: Shape { name: "check".to_owned(), schema },
            max_tokens: Some(200),
            temperature: None,
            time_limit: CHECK_TIME,
        };
        if let Err(error) = model::ask::<Value>(model.as_ref(), request).await {
            problems.push(format!("model `{name}`: {error}"));
        }
    }
    problems
}

/// Agents, prompts and tools as the settings name them.
pub fn desk(settings: &Settings) -> anyhow::Result<Desk> {
    let folders = DeskFolders { agents: settings.agents_dir.clone(), prompts: settings.prompts_dir.clone() };
    let rules = Rules::of(settings.rules.clone().unwrap_or_default()).map_err(anyhow::Error::msg)?;
    let registry = Arc::new(Registry::standard(settings.tools.clone()).with_rules(rules));
    Desk::load(&folders, registry).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("agents and prompts cannot be used:\n  {}", lines.join("\n  "))
    })
}

/// The model of runs that name none: the configured one, or the built-in reasoning.
pub fn default_model(settings: &Settings) -> String {
    if settings.model.name.is_empty() { BUILTIN.to_owned() } else { settings.model.name.clone() }
}

/// With room for thousands of readers that come back at the same moment, after a restart.
async fn listen(address: &str) -> std::io::Result<TcpListener> {
    let mut refused = std::io::Error::other("the address stands for no machine");
    for address in tokio::net::lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(WAITING_CONNECTIONS)) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn known_models(models: &Models) -> Vec<String> {
    let mut names = models.configured();
    names.push(BUILTIN.to_owned());
    names
}

/// One reasoning a model, made when it is first asked for.
fn reasoning(desk: Arc<Desk>, models: Models) -> anyhow::Result<ReasoningByName> {
    let mut own = HashMap::new();
    for agent in desk.agents.all() {
        if let Some(name) = &agent.model {
            let model =
                models.get(name).ok_or_else(|| anyhow!("agent `{}` wants the model `{name}`, which is not configured", agent.name))?;
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

/// A server that other machines can reach wants a token from the start, by which others can be made.
async fn first_token(store: &dyn Store, bound: SocketAddr) -> anyhow::Result<Option<String>> {
    if bound.ip().is_loopback() {
        return Ok(None);
    }
    let now = now_ms();
    loop {
        let given = store.tokens().await?;
        if given.iter().any(|row| row.is_valid(now) && row.grant.scopes().has(Scope::Admin)) {
            return Ok(None);
        }
        // The names of tokens that were revoked are not given again.
        let names = std::iter::once(FIRST_TOKEN.to_owned()).chain((2..).map(|number| format!("{FIRST_TOKEN}-{number}")));
        let name = names.into_iter().find(|name| given.iter().all(|row| row.name != *name)).expect("numbers do not end");
        let token = Token::fresh();
        // Another process on the same store may have been faster.
        if store.put_token(token.row(&name, Grant::EVERYTHING, now, None)).await? {
            return Ok(Some(token.reveal().to_owned()));
        }
    }
}

/// Where a person reaches the server: an address that stands for all of them is reached on this machine.
fn url_of(bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() { format!("http://127.0.0.1:{}", bound.port()) } else { format!("http://{bound}") }
}
