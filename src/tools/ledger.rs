//! The digest of what callers asked: counted in memory while calls go on, and added to the store in groups.
//!
//! What was counted since the last write is lost when the process is killed; an orderly end writes it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::asked::Asked;
use super::port::{Call, Rejection};
use crate::domain::SourceKey;
use crate::source::guard::Trust;
use crate::store::{self, QueryRow, Store};

/// Rows that wait to be written; calls that would make more are not counted, which is said in the log.
const MOST_WAITING: usize = 10_000;

#[derive(Default)]
pub struct Ledger {
    waiting: Mutex<Waiting>,
}

type Key = (SourceKey, String, String, String);

#[derive(Default)]
struct Waiting {
    rows: HashMap<Key, QueryRow>,
    uncounted: u64,
}

impl Ledger {
    /// Counts one call, where the caller gave SQL with it.
    pub(super) fn count(&self, call: Call<'_>, tool: &str, asked: &Asked, result: &Result<Value, Rejection>, duration: Duration) {
        if asked.texts.is_empty() {
            return;
        }
        let refused_by_guard = result.is_err() && asked.is_refused(call.workspace.source.dialect());
        // The database may have read it otherwise than the guard where it failed.
        let trust = if result.is_err() { Trust::Refused } else { Trust::Read };
        let Some(digest) = asked.digest(call.workspace, trust) else { return };
        let refused = refused_by_guard || matches!(result, Err(Rejection::Refused(_)));
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        self.add(QueryRow {
            source: call.workspace.key.clone(),
            caller: call.caller.provenance.author.clone(),
            tool: tool.to_owned(),
            digest: digest.id,
            text: digest.text,
            count: 1,
            refused: refused.into(),
            failed: (result.is_err() && !refused).into(),
            total_us: micros,
            max_us: micros,
            rows: result.as_ref().map_or(0, rows_of),
            first_at: at,
            last_at: at,
        });
    }

    /// Adds what was counted to the store. What cannot be written now is written the next time.
    pub async fn write(&self, store: &dyn Store, most: usize) -> Result<(), store::Error> {
        let (rows, uncounted) = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut waiting.rows), std::mem::take(&mut waiting.uncounted))
        };
        if uncounted > 0 {
            tracing::warn!(uncounted, "more different queries came than can wait to be written; some were not counted");
        }
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<QueryRow> = rows.into_values().collect();
        let written = store.add_queries(rows.clone(), most).await;
        if written.is_err() {
            rows.into_iter().for_each(|row| self.add(row));
        }
        written
    }

    fn add(&self, row: QueryRow) {
        let key = (row.source.clone(), row.caller.clone(), row.tool.clone(), row.digest.clone());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = waiting.rows.len() >= MOST_WAITING;
        match waiting.rows.get_mut(&key) {
            Some(before) => before.add(&row),
            None if is_full => waiting.uncounted += row.count,
            None => drop(waiting.rows.insert(key, row)),
        }
    }
}

/// Rows that a result holds.
fn rows_of(result: &Value) -> u64 {
    let listed = || result.get("values").and_then(Value::as_array).map(|values| values.len() as u64);
    result.get("row_count").and_then(Value::as_u64).or_else(listed).unwrap_or(0)
}
