//! Fathom for AI assistants: tools, resources and prompts over streamable HTTP and stdio, in all revisions that the SDK speaks.

mod answers;
mod bridge;
mod direct;
mod faces;
#[cfg(feature = "crash-points")]
mod fixtures;
mod handler;
mod incoming;
mod listeners;
mod own;
mod patient;
mod prompts;
mod resources;
mod selection;
mod sessions;
mod settings;
mod transport;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rmcp::model::{ServerNotification, Tool};

pub use bridge::bridge;
use listeners::Listeners;
pub use selection::Selection;
pub use settings::Settings;
pub use transport::{http, stdio};

use crate::domain::Identity;
use crate::engine::{self, Runs};
use crate::store::Store;
use crate::tools::{Outside, Problem};

/// What the server works with.
#[derive(Clone)]
pub struct Parts {
    pub outside: Outside,
    pub runs: Runs,
    pub store: Arc<dyn Store>,
    /// What a discovery gets that does not say.
    pub defaults: engine::Settings,
    pub default_model: String,
    /// Whether the conformance suite finds what it calls.
    #[cfg(feature = "crash-points")]
    pub fixtures: bool,
}

/// One server for all who come; cloned for each connection.
#[derive(Clone)]
pub struct Server {
    parts: Arc<Parts>,
    lists: Arc<Lists>,
    /// Who speaks, and what is offered, where a request does not carry it.
    visitor: Identity,
    selection: Selection,
    listeners: Arc<Listeners>,
    /// Whether this session is among them.
    listens: Arc<AtomicBool>,
    #[cfg(feature = "crash-points")]
    fixtures: Option<Arc<fixtures::Fixtures>>,
}

/// Definitions that were made once.
struct Lists {
    few: Vec<Tool>,
    all: Vec<Tool>,
    /// All tools by name; for clients' headers and for calls.
    by_name: HashMap<String, Tool>,
}

impl Server {
    pub fn new(parts: Parts, visitor: Identity) -> Self {
        let all = faces::all(&parts.outside.tools);
        let few = faces::few(&parts.outside.tools, parts.outside.default_source.is_none());
        #[cfg(feature = "crash-points")]
        let [few, all] = fixtures::added(parts.fixtures, [few, all]);
        let by_name = all.iter().map(|tool| (tool.name.to_string(), tool.clone())).collect();
        Self {
            #[cfg(feature = "crash-points")]
            fixtures: parts.fixtures.then(Arc::default),
            parts: Arc::new(parts),
            lists: Arc::new(Lists { few, all, by_name }),
            visitor,
            selection: Selection::Few,
            listeners: Arc::default(),
            listens: Arc::default(),
        }
    }

    /// What is wrong with the words of the source that is meant by default, before an assistant finds out.
    pub async fn check(&self) -> Result<(), String> {
        let Some(source) = self.parts.outside.default_source.as_deref() else { return Ok(()) };
        match self.parts.outside.workbench.check(source).await {
            Err(Problem::Unusable(why)) => Err(why),
            // A server that is away now may be back when it is asked.
            Ok(_) | Err(Problem::Unavailable(_)) => Ok(()),
        }
    }

    /// Tells those who listen when there are other tables to read than before.
    pub async fn announce(&self) {
        let mut rebuilt = self.parts.outside.workbench.rebuilt();
        while rebuilt.changed().await.is_ok() {
            self.listeners.tell(ServerNotification::ResourceListChangedNotification(Default::default())).await;
        }
    }

    /// The same, with this source for calls that name none.
    #[must_use]
    pub fn about(self, source: String) -> Self {
        let mut parts = (*self.parts).clone();
        parts.outside.default_source = Some(source);
        Self::new(parts, self.visitor).offering(self.selection)
    }

    #[must_use]
    pub fn offering(self, selection: Selection) -> Self {
        Self { selection, ..self }
    }

    /// The same for another session.
    #[must_use]
    fn for_session(&self) -> Self {
        Self { listens: Arc::default(), ..self.clone() }
    }

    /// The definitions that a client gets.
    pub fn tools(&self, selection: &Selection) -> Vec<Tool> {
        match selection {
            Selection::Few => self.lists.few.clone(),
            Selection::All => self.lists.all.clone(),
            Selection::Named(_) => self.lists.all.iter().filter(|tool| selection.holds(&tool.name)).cloned().collect(),
        }
    }
}
