//! What a server says by itself: how far a call is, that its tools are others now, and what a call of a person asks back. Whatever else it asks
//! for is not given: nobody is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::handler::client::progress::ProgressDispatcher;
use rmcp::model::{
    ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction, Implementation, ProgressNotificationParam, ProtocolVersion,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{ClientHandler, ErrorData, RoleClient};

use super::asking;
use super::under_way::UnderWay;

#[derive(Clone, Debug, Default)]
pub struct Ear {
    pub progress: ProgressDispatcher,
    pub under_way: UnderWay,
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
        let config = ClientConfig::new(asking::capabilities(), Implementation::new("fathom", env!("CARGO_PKG_VERSION")));
        if self.is_older { config.with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE) } else { config }
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let person = self.under_way.asked(context.extensions.get()).await;
        tokio::select! {
            answer = asking::answer(person.as_deref(), request) => Ok(answer),
            // The server has taken it back, or is gone; the answer goes nowhere.
            () = context.ct.cancelled() => Ok(ElicitResult::new(ElicitationAction::Cancel)),
        }
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.progress.handle_notification(params).await;
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.hear_change();
    }
}
