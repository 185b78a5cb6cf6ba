//! Which server a command talks to: the one that was named, the one that holds the data folder, or one inside this process.

use std::path::Path;

use super::client::Client;
use super::exit::UsageError;
use super::global::{self, Global};
use crate::app::{self, App, Resume};
use crate::config::Settings;
use crate::mcp::server::Server as Assistants;
use crate::model::ApiKey;
use crate::store::{SourceBook, peek_lock};
use crate::tools::Registry;

pub struct Target {
    pub client: Client,
    /// The server inside this process, where there is one.
    app: Option<App>,
    /// False where the server may be another machine, whose files are not ours.
    pub same_machine: bool,
}

impl Target {
    pub async fn find(global: &Global, resume: Resume) -> anyhow::Result<Self> {
        let loaded = global::load(global.flags())?;
        let log_was_chosen = loaded.effective().iter().any(|setting| setting.key == "telemetry.log" && setting.origin != "default");
        let mut settings = loaded.settings;
        if let Some(server) = &settings.server {
            let client = Client::new(server, settings.token.as_ref().map(ApiKey::expose))?;
            return Ok(Self { client, app: None, same_machine: false });
        }
        if let Some(holder) = peek_lock(&settings.data_dir) {
            let client = Client::new(announced(&holder, &settings)?, settings.token.as_ref().map(ApiKey::expose))?;
            return Ok(Self { client, app: None, same_machine: true });
        }
        settings.api.listen = "127.0.0.1:0".to_owned();
        if !log_was_chosen {
            // The command's own output is what a person wants to see.
            settings.telemetry.log = "warn".to_owned();
        }
        let app = start(settings, resume).await?;
        let client = Client::new(&app.url, None)?;
        Ok(Self { client, app: Some(app), same_machine: true })
    }

    /// A server inside this process, in a folder of its own: what is looked at leaves nothing behind.
    pub async fn apart(global: &Global, folder: &Path) -> anyhow::Result<Self> {
        let mut settings = global.load()?.settings;
        settings.server = None;
        settings.store = None;
        settings.data_dir = folder.to_path_buf();
        // One after the other is looked at, and what one took is not held while the next is.
        settings.source.open_sources = 1;
        settings.api.listen = "127.0.0.1:0".to_owned();
        settings.telemetry.log = "warn".to_owned();
        let app = start(settings, Resume::No).await?;
        let client = Client::new(&app.url, None)?;
        Ok(Self { client, app: Some(app), same_machine: true })
    }

    /// The words of a source as the server understands them.
    pub fn words_of(&self, source: &str) -> String {
        if self.same_machine { whole_path(source) } else { source.to_owned() }
    }

    /// What assistants are offered by the server inside this process, where there is one, with the tools that there are.
    pub fn assistants(&self) -> Option<(&Assistants, &Registry)> {
        self.app.as_ref().map(|app| (&app.assistants, &*app.tools))
    }

    /// Whether the server lives in this process and ends with it.
    pub fn is_inside(&self) -> bool {
        self.app.is_some()
    }

    /// Ends what was begun, whatever came of it; the first error says more than one that comes of stopping.
    pub async fn close_after<T, E: Into<anyhow::Error>>(self, outcome: Result<T, E>) -> anyhow::Result<T> {
        let closed = self.close().await;
        let done = outcome.map_err(Into::into)?;
        closed.map(|()| done)
    }

    async fn close(self) -> anyhow::Result<()> {
        match self.app {
            Some(app) => {
                app.shutdown.cancel();
                app.served.await?
            }
            None => Ok(()),
        }
    }
}

/// What keeps the app from starting is something that a person can mend: a folder, a port, an agent file.
pub async fn start(settings: Settings, resume: Resume) -> Result<App, UsageError> {
    app::start(settings, resume).await.map_err(|error| UsageError(format!("{error:#}")))
}

/// A file's whole path: the server, or this program when it goes on with the run, may work in another folder.
pub fn whole_path(source: &str) -> String {
    let scheme = ["sqlite:", "csv:"].into_iter().find(|scheme| source.starts_with(scheme)).unwrap_or("");
    let path = &source[scheme.len()..];
    // A folder that is called like a registered source could be is one only with a `./` before it.
    let is_there = Path::new(path).is_file() || Path::new(path).is_dir() && (scheme == "csv:" || !SourceBook::is_name(path));
    if source.contains("://") || path.starts_with("//") || !is_there {
        return source.to_owned();
    }
    match std::path::absolute(path) {
        Ok(whole) => format!("{scheme}{}", whole.display()),
        Err(_) => source.to_owned(),
    }
}

/// The URL in what a lock file says: `pid=<n> url=<url>`.
fn announced<'a>(holder: &'a str, settings: &Settings) -> Result<&'a str, UsageError> {
    let url = holder.split_whitespace().find_map(|word| word.strip_prefix("url=")).filter(|url| !url.is_empty());
    url.ok_or_else(|| {
        let folder = settings.data_dir.display();
        let holder = super::out::harmless(holder, 100);
        UsageError(format!("the data folder `{folder}` is in use by another process ({holder}) that serves nobody yet; try again, or use another folder with `--data`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_are_there_get_a_whole_path() {
        let whole = whole_path("Cargo.toml");
        assert!(Path::new(&whole).is_absolute() && whole.ends_with("Cargo.toml"), "{whole}");
        assert!(whole_path("sqlite:Cargo.toml").starts_with("sqlite:/"));
        for same in ["no-such-file.db", "postgres://host/db", "sqlite:///data/x.db", "shop"] {
            assert_eq!(whole_path(same), same);
        }
    }

    #[test]
    fn a_lock_tells_where_its_holder_listens() {
        let settings = Settings::default();
        assert_eq!(announced("pid=17 url=http://127.0.0.1:7700", &settings).unwrap(), "http://127.0.0.1:7700");
        assert_eq!(announced("pid=17\nurl=http://[::1]:1\n", &settings).unwrap(), "http://[::1]:1");
        for silent in ["pid=17 url=", "pid=17", ""] {
            assert!(announced(silent, &settings).is_err(), "{silent}");
        }
    }
}
