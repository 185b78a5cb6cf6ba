//! The desk at which all tasks are done: agents, the texts they are told, and the tools. Made once, at start, or not at all.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::agent::{self, Agents};
use super::agent_file::Known;
use super::builtin::BuiltinReasoning;
use super::model_reasoning::{ModelReasoning, ModelsByAgent};
use super::prompts::{Prompts, Scripts};
use crate::model::Model;
use crate::tools::{Effect, Registry};

pub struct Desk {
    pub agents: Arc<Agents>,
    pub scripts: Arc<Scripts>,
    pub registry: Arc<Registry>,
}

/// Where a person's own files are; absent, the embedded ones are all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskFolders {
    pub agents: Option<PathBuf>,
    pub prompts: Option<PathBuf>,
}

/// Something in an agent or prompt file that cannot be, and what can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The file's name; the folder, where the folder is the problem.
    pub file: String,
    /// The key in an agent file, `line N` in a prompt; empty where the whole file is meant.
    pub key: String,
    pub reason: String,
}

impl Desk {
    /// Reads agents and prompts and renders every text once, so that a mistake in any of them shows at start; all of them at once.
    pub fn load(folders: &DeskFolders, registry: Arc<Registry>) -> Result<Self, Vec<Problem>> {
        let (prompts, mut problems) = Prompts::load(folders.prompts.as_deref());
        let callable = registry.specs().filter(|spec| spec.effect != Effect::Mutate);
        let known = Known { tools: callable.map(|spec| spec.name.to_owned()).collect(), prompts: prompts.names() };
        let agents = match agent::load(folders.agents.as_deref(), &known) {
            Ok(agents) => agents,
            Err(more) => {
                problems.extend(more);
                return Err(problems);
            }
        };
        let scripts = Scripts::render(&prompts, &agents, &registry, &mut problems);
        if problems.is_empty() { Ok(Self { agents: Arc::new(agents), scripts: Arc::new(scripts), registry }) } else { Err(problems) }
    }

    /// Reasoning by language models: each agent's own where it names one, the run's otherwise.
    pub fn model_reasoning(&self, model: Arc<dyn Model>, own: ModelsByAgent) -> ModelReasoning {
        ModelReasoning::new(self.agents.clone(), self.scripts.clone(), model, own)
    }

    pub fn builtin_reasoning(&self) -> BuiltinReasoning {
        BuiltinReasoning::new(self.agents.clone())
    }
}

impl Problem {
    pub fn new(file: &str, key: &str, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), key: key.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "`{}`: {}", self.file, self.reason)
        } else {
            write!(f, "`{}`, `{}`: {}", self.file, self.key, self.reason)
        }
    }
}
