//! `fathom runs cancel`, `pause` and `resume`: commands without any words of their own.

use serde_json::json;

use super::which;
use crate::api::once::Done;
use crate::cli::client::Client;
use crate::cli::exit::Exit;
use crate::cli::out;

pub async fn tell(client: &Client, run: &str, call: &str, what_came_of_it: &str) -> anyhow::Result<Exit> {
    let run = which(client, run).await?;
    let done: Done = client.post(&["runs", &run.to_string(), call], &json!({})).await?;
    out::line(format!("{run}: {what_came_of_it} (event {})", done.seq))?;
    Ok(Exit::Done)
}
