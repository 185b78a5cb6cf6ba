//! Standard input before a client has said how it speaks. The SDK ends there at whatever is no request, a cancelled probe for one; here
//! that is left out until the first request that says it.

use rmcp::RoleServer;
use rmcp::model::{ClientRequest, GetMeta, JsonRpcMessage, ProtocolVersion};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;

pub struct Patient<T> {
    inner: T,
    /// The revisions in which a request may say itself how it speaks, without a handshake.
    revisions: Vec<ProtocolVersion>,
    has_begun: bool,
}

impl<T> Patient<T> {
    pub fn new(inner: T, revisions: &[ProtocolVersion]) -> Self {
        Self { inner, revisions: revisions.to_vec(), has_begun: false }
    }

    fn begins(&self, request: &ClientRequest) -> bool {
        match request {
            ClientRequest::InitializeRequest(_) => true,
            ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
            request => {
                let meta = request.get_meta();
                let is_whole = meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty();
                is_whole && meta.protocol_version().is_some_and(|revision| self.revisions.contains(&revision))
            }
        }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Patient<T> {
    type Error = T::Error;

    fn send(&mut self, item: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let said = self.inner.receive().await?;
            if let JsonRpcMessage::Request(request) = &said {
                self.has_begun |= self.begins(&request.request);
                return Some(said);
            }
            if self.has_begun {
                return Some(said);
            }
            tracing::debug!("something that is no request came before a client said how it speaks");
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
