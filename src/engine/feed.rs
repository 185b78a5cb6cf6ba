//! Streams of runs: every frame is encoded once and shared by all readers; who falls behind is served from the journal.

use std::pin::Pin;

use bytes::Bytes;
use futures::Stream;

/// Complete SSE frames (several may stand in one chunk), comments included; ends by itself after the last event.
pub type FrameStream = Pin<Box<dyn Stream<Item = Bytes> + Send>>;
