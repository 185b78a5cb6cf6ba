//! `fathom mcp install`: the few lines by which an assistant finds Fathom, written where it looks for them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use url::Url;

use crate::cli::exit::{Exit, UsageError};
use crate::cli::global::Global;
use crate::cli::out;
use crate::cli::target::whole_path;
use crate::config;

const NAME: &str = "fathom";

/// Write the configuration of an assistant
///
/// What else the file holds stays as it is. With `--print` nothing is written.
#[derive(Debug, Args)]
pub struct Install {
    /// Whose configuration
    #[arg(long, value_enum)]
    client: Client,
    /// Show what would be written, and where
    #[arg(long)]
    print: bool,
    /// A registered name, a DSN, or the path of a SQLite file
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Claude's desktop application
    Claude,
    /// Claude Code, for the project in this folder
    ClaudeCode,
    /// Cursor, for the project in this folder
    Cursor,
    /// Visual Studio Code, for the project in this folder
    Vscode,
    /// Codex
    Codex,
}

impl Install {
    pub fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let program = std::env::current_exe().context("the path of this program is not known")?;
        let program = program.to_str().context("the path of this program is not Unicode")?.to_owned();
        let entry = Entry { program, args: self.words(global)? };
        let file = self.file()?;
        let before = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("`{}` cannot be read", file.display())),
        };
        let shown = file.display();
        let text = self.with(&before, &entry);
        if self.print {
            out::note(format!("for {shown}:"));
            // What is there already may be anything; only ours is shown where it cannot be kept.
            let text = text.or_else(|_| self.with("", &entry)).map_err(UsageError)?;
            out::line(text.trim_end())?;
            return Ok(Exit::Done);
        }
        let text = text.map_err(|why| UsageError(format!("`{shown}` {why}; nothing was changed, `--print` shows what belongs there")))?;
        write(&file, &text)?;
        out::line(format!("{shown} now has `{NAME}`; start the assistant again, and ask it what is in the database"))?;
        Ok(Exit::Done)
    }

    /// The file's text with our entry in it.
    fn with(&self, before: &str, entry: &Entry) -> Result<String, String> {
        match self.client {
            Client::Codex => in_toml(before, entry),
            Client::Vscode => in_json(before, "servers", entry.json(true)),
            Client::Claude | Client::ClaudeCode | Client::Cursor => in_json(before, "mcpServers", entry.json(false)),
        }
    }

    /// `mcp SOURCE`, with the flags that this command was given. A file is named by its whole path: the assistant starts somewhere else.
    fn words(&self, global: &Global) -> Result<Vec<String>, UsageError> {
        let mut words = vec!["mcp".to_owned()];
        if let Some(source) = &self.source {
            without_password(source, "register the source with `fathom source add NAME` and give its name here")?;
            words.push(whole_path(source));
        }
        let folders =
            [("--data", &global.data), ("--config", &global.config), ("--agents", &global.agents), ("--prompts", &global.prompts)];
        for (flag, path) in folders {
            if let Some(path) = path {
                let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                words.extend([flag.to_owned(), whole.to_string_lossy().into_owned()]);
            }
        }
        if let Some(store) = &global.store {
            without_password(store, "put the store's URL into the configuration file, or into FATHOM_STORE where the assistant starts")?;
        }
        for (flag, value) in [("--store", &global.store), ("--server", &global.server), ("--log", &global.log)] {
            if let Some(value) = value {
                words.extend([flag.to_owned(), value.clone()]);
            }
        }
        Ok(words)
    }

    fn file(&self) -> anyhow::Result<PathBuf> {
        let home = || config::home().ok_or_else(|| UsageError("there is no home folder (`HOME`) to write to; see `--print`".to_owned()));
        Ok(match self.client {
            Client::ClaudeCode => PathBuf::from(".mcp.json"),
            Client::Cursor => Path::new(".cursor").join("mcp.json"),
            Client::Vscode => Path::new(".vscode").join("mcp.json"),
            Client::Codex => home()?.join(".codex").join("config.toml"),
            Client::Claude => {
                let folder = match std::env::consts::OS {
                    "macos" => "Library/Application Support/Claude",
                    "windows" => "AppData/Roaming/Claude",
                    _ => ".config/Claude",
                };
                home()?.join(folder).join("claude_desktop_config.json")
            }
        })
    }
}

/// Where these words hold a password, what to do `instead`.
fn without_password(words: &str, instead: &str) -> Result<(), UsageError> {
    let is_written = |password: &str| !password.is_empty() && !password.starts_with("${") && !password.starts_with("$%7B");
    let has_one = Url::parse(words).is_ok_and(|url| {
        let in_query = || url.query_pairs().any(|(name, value)| name.to_ascii_lowercase().contains("password") && is_written(&value));
        url.password().is_some_and(is_written) || in_query()
    });
    if has_one { Err(UsageError(format!("an assistant's configuration is no place for a password: {instead}"))) } else { Ok(()) }
}

/// What starts us.
struct Entry {
    program: String,
    args: Vec<String>,
}

impl Entry {
    fn json(&self, with_type: bool) -> Value {
        let mut entry = json!({"command": self.program, "args": self.args});
        if with_type {
            entry["type"] = json!("stdio");
        }
        entry
    }
}

/// The file's text with our entry among the servers.
fn in_json(before: &str, servers: &str, entry: Value) -> Result<String, String> {
    let mut whole: Value = match before.trim() {
        "" => Value::Object(Map::new()),
        text => serde_json::from_str(text).map_err(|error| format!("is not JSON that can be kept ({error})"))?,
    };
    let Some(members) = whole.as_object_mut() else { return Err("does not hold an object".to_owned()) };
    let Some(listed) = members.entry(servers).or_insert_with(|| json!({})).as_object_mut() else {
        return Err(format!("has a `{servers}` that is no object"));
    };
    listed.insert(NAME.to_owned(), entry);
    let text = serde_json::to_string_pretty(&whole).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// The file's text with our table at its end; what is there is not written anew, as it may have comments.
fn in_toml(before: &str, entry: &Entry) -> Result<String, String> {
    let parsed: toml::Table = before.parse().map_err(|error: toml::de::Error| format!("is not TOML ({})", error.message()))?;
    if parsed.get("mcp_servers").and_then(|servers| servers.get(NAME)).is_some() {
        return Err(format!("has `[mcp_servers.{NAME}]` already"));
    }
    let args = entry.args.iter().map(|arg| toml::Value::String(arg.clone()).to_string()).collect::<Vec<_>>().join(", ");
    let program = toml::Value::String(entry.program.clone());
    let gap = if before.trim().is_empty() { "" } else { "\n\n" };
    Ok(format!("{}{gap}[mcp_servers.{NAME}]\ncommand = {program}\nargs = [{args}]\n", before.trim_end()))
}

/// In one step, so that no half of it is ever there.
fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let failed = || format!("`{}` cannot be written", file.display());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(failed)?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    std::io::Write::write_all(&mut fresh, text.as_bytes()).with_context(failed)?;
    fresh.persist(file).map_err(|error| error.error).with_context(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry { program: "/bin/fathom".to_owned(), args: vec!["mcp".to_owned(), "/data/a \"b\".db".to_owned()] }
    }

    #[test]
    fn what_else_a_file_holds_stays() {
        let before = r#"{"theme": "dark", "mcpServers": {"other": {"command": "x"}, "fathom": {"command": "old"}}}"#;
        let after: Value = serde_json::from_str(&in_json(before, "mcpServers", entry().json(false)).unwrap()).unwrap();
        assert_eq!((&after["theme"], &after["mcpServers"]["other"]["command"]), (&json!("dark"), &json!("x")));
        assert_eq!(after["mcpServers"]["fathom"], json!({"command": "/bin/fathom", "args": ["mcp", "/data/a \"b\".db"]}));
        let before = "# mine\nmodel = \"m\"\n\n[mcp_servers.other]\ncommand = \"x\"\n";
        let after = in_toml(before, &entry()).unwrap();
        assert!(after.starts_with(before.trim_end()), "{after}");
        let parsed: toml::Table = after.parse().unwrap();
        assert_eq!(parsed["mcp_servers"]["fathom"]["args"][1].as_str(), Some("/data/a \"b\".db"));
        assert!(in_toml(&after, &entry()).unwrap_err().contains("already"));
    }

    #[test]
    fn what_cannot_be_kept_is_not_touched() {
        for bad in ["// a comment\n{}", "[]", r#"{"mcpServers": []}"#] {
            assert!(in_json(bad, "mcpServers", entry().json(false)).is_err(), "{bad}");
        }
        assert!(in_toml("[x", &entry()).is_err());
        assert!(in_json("", "servers", entry().json(true)).unwrap().contains("\"stdio\""));
    }
}
