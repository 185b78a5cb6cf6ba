//! Following a run's events: reconnects after the last event seen, so that none is missed or shown twice.

use std::pin::Pin;
use std::time::Duration;

use eventsource_stream::{Event as Frame, EventStreamError, Eventsource};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Client, Error};
use crate::domain::{Event, EventBody, RunId, Seq};

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// About half a minute of a server that is gone.
const ATTEMPTS: u32 = 10;

type Frames = Pin<Box<dyn Stream<Item = Result<Frame, EventStreamError<reqwest::Error>>> + Send>>;

pub struct Follow {
    client: Client,
    run: RunId,
    after: Seq,
    live: bool,
    frames: Option<Frames>,
    failures: u32,
}

/// An event as it came, and as far as it is understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The JSON of the event, on one line.
    pub raw: String,
    /// None for a kind of event that this version does not know.
    pub event: Option<Event>,
}

#[derive(Deserialize)]
struct Parts<'a> {
    seq: Seq,
    ts: i64,
    run_id: RunId,
    message: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Follow {
    pub(super) fn new(client: Client, run: RunId, after: Seq, live: bool) -> Self {
        Self { client, run, after, live, frames: None, failures: 0 }
    }

    /// The next event; none after the last one.
    pub async fn next(&mut self) -> Result<Option<Line>, Error> {
        loop {
            let Some(frames) = &mut self.frames else {
                match self.client.open_stream(self.run, self.after, self.live).await {
                    Ok(Some(response)) => self.frames = Some(Box::pin(response.bytes_stream().eventsource())),
                    Ok(None) => return Ok(None),
                    Err(error) => self.wait_after(error).await?,
                }
                continue;
            };
            match frames.next().await {
                Some(Ok(frame)) => {
                    self.failures = 0;
                    if let Ok(seq) = frame.id.parse() {
                        self.after = seq;
                    }
                    if !frame.data.is_empty() {
                        return Ok(Some(Line::read(frame.data)));
                    }
                }
                None if !self.live => return Ok(None),
                // Whether that was the end is for the server to say: it answers 204 then.
                None | Some(Err(_)) => {
                    self.frames = None;
                    let broken = Error::Unreachable { url: self.client.url(), reason: "the stream broke off".to_owned() };
                    if self.failures > 0 {
                        self.wait_after(broken).await?;
                    }
                    self.failures += 1;
                }
            }
        }
    }

    /// Waits where trying again may help; else hands the error back.
    async fn wait_after(&mut self, error: Error) -> Result<(), Error> {
        let passing = match &error {
            Error::Unreachable { .. } => true,
            Error::Refused(problem) => problem.status >= 500,
            Error::Odd { .. } => false,
        };
        self.failures += 1;
        // At the very beginning nobody is known to be there.
        if !passing || self.failures > ATTEMPTS || (self.after == 0 && self.frames.is_none() && self.failures > 3) {
            return Err(error);
        }
        tokio::time::sleep((FIRST_WAIT * self.failures).min(LONGEST_WAIT)).await;
        Ok(())
    }
}

impl Line {
    pub fn read(raw: String) -> Self {
        let event = serde_json::from_str::<Parts>(&raw).ok().and_then(|parts| {
            let body = EventBody::from_parts(&parts.message, parts.data.get()).ok()?;
            Some(Event { seq: parts.seq, ts: parts.ts, run_id: parts.run_id, body })
        });
        Self { raw, event }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_back_and_an_unknown_kind_is_kept() {
        let run = RunId::from_uuid(uuid::Uuid::from_u128(3));
        let raw = format!(r#"{{"seq":4,"ts":5,"run_id":"{run}","type":"run","message":"paused","data":{{}}}}"#);
        let line = Line::read(raw.clone());
        assert_eq!(line.event, Some(Event { seq: 4, ts: 5, run_id: run, body: EventBody::Paused {} }));
        let strange = Line::read(raw.replace("paused", "danced"));
        assert_eq!(strange.event, None);
        assert!(strange.raw.contains("danced"));
    }
}
