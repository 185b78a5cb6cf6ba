//! Headlines: how a run stands, in one SSE frame for dashboards.

use bytes::Bytes;
use serde::Serialize;

use crate::domain::{RunId, RunStatus, RunSummary, Seq};
use crate::store::RunRow;

use super::state::RunState;

#[derive(Serialize)]
struct Headline<'a> {
    run_id: RunId,
    status: RunStatus,
    seq: Seq,
    source: &'a str,
    #[serde(flatten)]
    summary: &'a RunSummary,
}

pub fn frame(run_id: RunId, state: &RunState) -> Bytes {
    encode(&Headline { run_id, status: state.status(), seq: state.head, source: &state.request.source, summary: &state.summary() })
}

pub fn frame_of_row(row: &RunRow) -> Bytes {
    encode(&Headline { run_id: row.id, status: row.status, seq: row.next_seq - 1, source: &row.request.source, summary: &row.summary })
}

fn encode(headline: &Headline<'_>) -> Bytes {
    let data = serde_json::to_string(headline).expect("headlines are plain data and always serialise");
    Bytes::from(format!("data: {data}\n\n"))
}
