//! `fathom secrets`: the key under which DSNs are kept.

use clap::Subcommand;
use serde_json::json;

use super::exit::Exit;
use super::global::Global;
use super::out;
use super::target::Target;
use crate::api::sources::Rotated;
use crate::app::Resume;

/// The key under which the secrets of sources are kept
///
/// It is in `secret.key` in the data folder, readable by you only, or in FATHOM_SECRET_KEY. Who has the folder without the key
/// has no secret; who loses the key registers the sources again.
#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Make a fresh key and seal everything under it; the old key opens nothing any more
    Rotate {},
}

impl Secrets {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let Self::Rotate {} = self;
        let target = Target::find(global, Resume::No).await?;
        let rotated: Result<Rotated, _> = target.client.post(&["secrets", "rotate"], &json!({})).await;
        let rotated = target.close_after(rotated).await?;
        out::note(format!("a fresh key is in use; {} sealed under it", out::count(rotated.sources, "source")));
        Ok(Exit::Done)
    }
}
