//! The wiring: the only file that knows every room.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::store::Store;

/// Whether unfinished runs go on when the app starts.
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

pub async fn start(settings: Settings, resume: Resume) -> anyhow::Result<App> {
    let _ = (settings, resume);
    anyhow::bail!("the engine is not wired yet")
}

/// Tries everything that the settings name; the answer is what is wrong. With `models`, each model is asked for a word.
pub async fn check(settings: &Settings, models: bool) -> Vec<String> {
    let _ = (settings, models);
    Vec::new()
}
