//! What a server says by itself: how far a call is, and that its tools are others now. What it asks for is not given: nobody is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::handler::client::progress::ProgressDispatcher;
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProgressNotificationParam, ProtocolVersion};
use rmcp::service::NotificationContext;
use rmcp::{ClientHandler, RoleClient};

#[derive(Clone, Debug, Default)]
pub struct Ear {
    pub progress: ProgressDispatcher,
    /// The handshake of the older revisions is asked for, which has a version of its own.
    is_older: bool,
    changed: Arc<AtomicBool>,
}

impl Ear {
    pub fn older(self) -> Self {
        Self { is_older: true, ..self }
    }

    pub fn hear_change(&self) {
        self.changed.store(true, Ordering::Relaxed);
    }

    /// Whether something has changed since this was asked last.
    pub fn has_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }
}

impl ClientHandler for Ear {
    fn get_info(&self) -> ClientConfig {
        let config = ClientConfig::new(ClientCapabilities::default(), Implementation::new("fathom", env!("CARGO_PKG_VERSION")));
        if self.is_older { config.with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE) } else { config }
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.progress.handle_notification(params).await;
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.hear_change();
    }
}
