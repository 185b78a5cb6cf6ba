//! `fathom check`: whether everything that is configured can be used, and which settings are in force.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::global::Global;
use super::out;
use crate::app;
use crate::config::Settings;
use crate::model::{self, Message, Models, Prices, Request, Role, Shape};

const MODEL_TIME: Duration = Duration::from_secs(60);

/// Check configuration, agents, prompts and the data folder; print the settings in force
///
/// Secrets are masked. Each setting is shown with the file, variable or flag that it came from.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes:\n  0    everything can be used\n  2    something is to be mended; all of it is listed")]
pub struct Check {
    /// Ask each configured model for a word, too
    #[arg(long)]
    pub models: bool,
}

impl Check {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let loaded = global.load()?;
        let widest = loaded.effective().iter().map(|setting| setting.key.chars().count()).max().unwrap_or_default();
        for setting in loaded.effective() {
            out::line(format!("{:widest$}  {}  ({})", setting.key, setting.value, setting.origin))?;
        }
        let problems = self.problems(&loaded.settings).await;
        if problems.is_empty() {
            out::line("everything can be used")?;
            return Ok(Exit::Done);
        }
        for problem in &problems {
            out::note(format!("problem: {problem}"));
        }
        Ok(Exit::Usage)
    }

    /// What is not a setting of its own and can be wrong all the same.
    async fn problems(&self, settings: &Settings) -> Vec<String> {
        let mut problems = Vec::new();
        if let Err(error) = app::desk(settings) {
            problems.push(format!("{error:#}"));
        }
        if let Err(error) = std::fs::create_dir_all(&settings.data_dir) {
            problems.push(format!("the data folder `{}` cannot be made: {error}", settings.data_dir.display()));
        }
        match model::build(&settings.model, Prices::builtin()) {
            Err(error) => problems.push(error.to_string()),
            Ok(models) if self.models => {
                for name in models.configured() {
                    problems.extend(word_of(&models, &name).await);
                }
            }
            Ok(_) => {}
        }
        problems
    }
}

/// Asks a model for one word; what is wrong where it does not come.
async fn word_of(models: &Models, name: &str) -> Option<String> {
    let model = models.get(name)?;
    let schema = json!({"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], "additionalProperties": false});
    let text = "Answer with the JSON object {\"word\": \"ready\"} and nothing else.".to_owned();
    let request = Request {
        purpose: "check".to_owned(),
        messages: vec![Message { role: Role::User, text }],
        shape: Shape { name: "word".to_owned(), schema },
        max_tokens: Some(200),
        temperature: Some(0.2),
        time_limit: MODEL_TIME,
    };
    let asked = model::ask::<serde_json::Value>(&*model, request).await;
    match asked {
        Ok(asked) => {
            out::note(format!("model {name} answers ({} ms)", asked.duration.as_millis()));
            None
        }
        Err(error) => Some(format!("model `{name}`: {error}")),
    }
}
