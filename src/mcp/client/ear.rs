//! What a server says by itself: how far a call is, and that its tools are others now. What it asks for is not given: nobody is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::handler::client::progress::ProgressDispatcher;
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProgressNotificationParam};
use rmcp::service::NotificationContext;
use rmcp::{ClientHandler, RoleClient};

#[derive(Clone, Debug, Default)]
pub struct Ear {
    pub progress: ProgressDispatcher,
    changed: Arc<AtomicBool>,
}

impl Ear {
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
        ClientConfig::new(ClientCapabilities::default(), Implementation::new("fathom", env!("CARGO_PKG_VERSION")))
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.progress.handle_notification(params).await;
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.hear_change();
    }
}
