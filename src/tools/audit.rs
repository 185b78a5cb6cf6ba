//! The audit log: what was done from outside, by whom, and what came of it. Calls are noted in memory while they go on, and written in groups.
//!
//! A call whose client went away is noted, too. What was noted since the last write is lost when the process is killed; an orderly end writes it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::redact;
use crate::claims::text::{bounded, line};
use crate::store::clock::now;
use crate::store::{self, AuditKept, AuditOutcome, AuditRow, Store};

/// Calls that wait to be written. Beyond these the oldest are lost, which is said in the log and in the audit itself.
const MOST_WAITING: usize = 10_000;
/// Calls of one write.
const MOST_AT_ONCE: usize = 1_000;
/// Bytes of a call's arguments that are kept.
const ARGS_BYTES: usize = 2_048;
const REASON_BYTES: usize = 500;
/// So long calls are gathered before they are written.
const GATHERING: Duration = Duration::from_millis(200);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub struct Audit {
    waiting: Mutex<Waiting>,
    /// One write at a time, so that who waits for it sees all that was noted before.
    writing: tokio::sync::Mutex<()>,
    noted: Notify,
    rows: u32,
    days: u32,
}

#[derive(Default)]
struct Waiting {
    rows: VecDeque<AuditRow>,
    lost: u64,
}

/// A call that goes on. It is noted when this ends, whether or not anybody said what came of it.
pub struct Noting {
    audit: Arc<Audit>,
    row: AuditRow,
    args: Value,
    began: Instant,
    is_worth_it: bool,
}

impl Audit {
    pub fn new(rows: u32, days: u32) -> Self {
        Self { waiting: Mutex::default(), writing: tokio::sync::Mutex::default(), noted: Notify::new(), rows, days }
    }

    /// A call has begun. One that is not worth noting is noted only when who calls is turned away.
    pub fn begin(self: &Arc<Self>, author: &str, call: &str, is_worth_it: bool) -> Noting {
        let row = AuditRow {
            at: now(),
            author: author.to_owned(),
            call: call.to_owned(),
            source: None,
            args: String::new(),
            outcome: AuditOutcome::Left,
            reason: String::new(),
            duration_us: 0,
        };
        Noting { audit: self.clone(), row, args: Value::Object(Map::new()), began: Instant::now(), is_worth_it }
    }

    /// Writes until there is nothing to write. What cannot be written now is written the next time.
    pub async fn write(&self, store: &dyn Store) -> Result<(), store::Error> {
        let _alone = self.writing.lock().await;
        loop {
            let (rows, lost) = self.take();
            if rows.is_empty() {
                return Ok(());
            }
            if lost > 0 {
                tracing::warn!(lost, "more calls came than can wait to be written to the audit log; some are not in it");
            }
            let told = (lost > 0).then(|| loss(lost)).into_iter().chain(rows.iter().cloned()).collect();
            let kept = AuditKept { rows: self.rows, since: now() - i64::from(self.days) * DAY_MS };
            if let Err(error) = store.add_audit(told, kept).await {
                self.put_back(rows, lost);
                return Err(error);
            }
        }
    }

    /// Waits until there is something to write, and a moment for more.
    pub async fn gathered(&self) {
        self.noted.notified().await;
        tokio::time::sleep(GATHERING).await;
    }

    /// What waits is to be written, although nothing was noted since.
    pub fn remind(&self) {
        self.noted.notify_one();
    }

    fn note(&self, row: AuditRow) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.rows.push_back(row);
        waiting.bound();
        drop(waiting);
        self.noted.notify_one();
    }

    /// The oldest, and how many before them were lost.
    fn take(&self) -> (Vec<AuditRow>, u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.rows.len().min(MOST_AT_ONCE);
        (waiting.rows.drain(..count).collect(), std::mem::take(&mut waiting.lost))
    }

    fn put_back(&self, rows: Vec<AuditRow>, lost: u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        rows.into_iter().rev().for_each(|row| waiting.rows.push_front(row));
        waiting.lost += lost;
        waiting.bound();
    }
}

impl Waiting {
    fn bound(&mut self) {
        while self.rows.len() > MOST_WAITING {
            self.rows.pop_front();
            self.lost += 1;
        }
    }
}

impl Noting {
    pub fn of_source(&mut self, source: Option<&str>) {
        self.row.source = source.map(redact::source);
    }

    pub fn with_args(&mut self, args: Value) {
        self.args = args;
    }

    pub fn done(mut self) {
        self.row.outcome = AuditOutcome::Done;
    }

    pub fn refused(mut self, why: &str) {
        self.ended(AuditOutcome::Refused, why);
    }

    /// Who called may not do this, which is always worth noting.
    pub fn turned_away(mut self, why: &str) {
        self.is_worth_it = true;
        self.ended(AuditOutcome::Refused, why);
    }

    pub fn failed(mut self, why: &str) {
        self.ended(AuditOutcome::Failed, why);
    }

    fn ended(&mut self, outcome: AuditOutcome, why: &str) {
        self.row.outcome = outcome;
        self.row.reason = line(&redact::text(why), REASON_BYTES);
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        if self.is_worth_it {
            self.row.duration_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.row.args = bounded(&redact::value(&self.args), ARGS_BYTES).to_string();
            self.audit.note(self.row.clone());
        }
    }
}

/// Stands where calls are missing.
fn loss(lost: u64) -> AuditRow {
    AuditRow {
        at: now(),
        author: "fathom".to_owned(),
        call: "audit".to_owned(),
        source: None,
        args: "{}".to_owned(),
        outcome: AuditOutcome::Failed,
        reason: format!("{lost} calls before this one could not be kept"),
        duration_us: 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn noted(audit: &Audit) -> Vec<AuditRow> {
        audit.take().0
    }

    #[test]
    fn a_call_is_noted_whatever_becomes_of_it() {
        let audit = Arc::new(Audit::new(10, 10));
        audit.begin("ann", "a", true).done();
        audit.begin("ann", "b", true).failed("the disk is full");
        audit.begin("ann", "c", false).turned_away("no\nscope");
        audit.begin("ann", "d", false).done();
        audit.begin("ann", "d", false).refused("no such column");
        drop(audit.begin("ann", "e", true));
        let rows = noted(&audit);
        let told: Vec<_> = rows.iter().map(|row| (row.call.as_str(), row.outcome, row.reason.as_str())).collect();
        assert_eq!(
            told,
            [
                ("a", AuditOutcome::Done, ""),
                ("b", AuditOutcome::Failed, "the disk is full"),
                ("c", AuditOutcome::Refused, "no scope"),
                ("e", AuditOutcome::Left, ""),
            ]
        );
    }

    #[test]
    fn what_is_kept_of_arguments_is_bounded_after_secrets_are_gone() {
        let audit = Arc::new(Audit::new(10, 10));
        let mut noting = audit.begin("ann", "a", true);
        let filler = "x".repeat(ARGS_BYTES - 40);
        // Cut first, the password would be half there and not be known for one.
        noting.with_args(json!({"a": filler, "dsn": "postgres://ann:hunter2@db/shop"}));
        noting.of_source(Some("postgres://ann:hunter2@db/shop"));
        noting.failed("cannot open postgres://ann:hunter2@db/shop");
        let [row] = noted(&audit).try_into().expect("one row");
        assert!(row.args.len() < ARGS_BYTES + 100, "{}", row.args.len());
        assert!(!format!("{row:?}").contains("hunter2"), "{row:?}");
        assert_eq!(row.source.as_deref(), Some("postgres://ann:[redacted]@db/shop"));
    }

    #[test]
    fn where_too_many_wait_the_loss_is_told() {
        let audit = Arc::new(Audit::new(10, 10));
        (0..MOST_WAITING + 7).for_each(|number| audit.begin("ann", &number.to_string(), true).done());
        let (rows, lost) = audit.take();
        assert_eq!((rows[0].call.as_str(), rows.len(), lost), ("7", MOST_AT_ONCE, 7));
        assert!(loss(lost).reason.starts_with("7 calls"));
        audit.put_back(rows, lost);
        let (rows, lost) = audit.take();
        assert_eq!((rows[0].call.as_str(), lost), ("7", 7), "what could not be written is the first again");
    }
}
