//! Agents: the planner and the experts as data, from files inside the binary and from a folder of the person's own.
//!
//! Invariant: there is exactly one planner, names are unique, and every named tool and prompt exists.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::agent_file::{self, Known};
use super::desk::Problem;
use crate::tools::Allowed;

/// One who plans or performs tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    pub name: String,
    /// One line; what the planner is told.
    pub role: String,
    pub kind: Kind,
    /// Names of the tools it may call, whatever a model asks for.
    pub tools: Vec<String>,
    /// Tasks that may wait for it; a full mailbox pushes back.
    pub mailbox: usize,
    /// Tasks that it performs at once.
    pub concurrency: usize,
    /// Rounds of tool calls in one task.
    pub rounds: u32,
    pub tool_calls_per_round: usize,
    /// Bound of one answer of its model.
    pub max_tokens: u32,
    /// Bound of one task, waiting for models and tools included.
    pub time_limit: Duration,
    /// The model that it asks instead of the run's.
    pub model: Option<String>,
    pub temperature: Option<f32>,
}

/// What an agent is, with the prompt files it is told by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Planner { plan: String },
    Expert { act: String, reflect: String },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Agents {
    planner: Agent,
    experts: Vec<Agent>,
}

/// Inside the binary, in the order in which the planner is told of them.
const EMBEDDED: [(&str, &str); 5] = [
    ("planner.toml", include_str!("../../agents/planner.toml")),
    ("structural.toml", include_str!("../../agents/structural.toml")),
    ("statistical.toml", include_str!("../../agents/statistical.toml")),
    ("semantic.toml", include_str!("../../agents/semantic.toml")),
    ("query.toml", include_str!("../../agents/query.toml")),
];

/// Reads the embedded agents and those of a folder, where a file replaces the embedded one of the same name.
pub fn load(folder: Option<&Path>, known: &Known) -> Result<Agents, Vec<Problem>> {
    let mut problems = Vec::new();
    let files = read_files(folder, &mut problems);
    let mut planners: Vec<(String, Agent)> = Vec::new();
    let mut experts: Vec<(String, Agent)> = Vec::new();
    for (file, text) in files {
        let Some(agent) = agent_file::parse(&file, &text, known, &mut problems) else { continue };
        if let Some((other, _)) = planners.iter().chain(&experts).find(|(_, seen)| seen.name == agent.name) {
            let reason = format!("`{}` is the name of the agent in `{other}` too; names are unique", agent.name);
            problems.push(Problem::new(&file, "name", reason));
            continue;
        }
        match agent.kind {
            Kind::Planner { .. } => planners.push((file, agent)),
            Kind::Expert { .. } => experts.push((file, agent)),
        }
    }
    for (file, agent) in planners.iter().skip(1) {
        let reason = format!("`{}` is a second planner beside `{}`; there is one", agent.name, planners[0].1.name);
        problems.push(Problem::new(file, "kind", reason));
    }
    if planners.is_empty() && !problems.iter().any(|problem| problem.file == "planner.toml") {
        problems.push(Problem::new("planner.toml", "kind", "no agent is the planner; one file says `kind = \"planner\"`"));
    }
    if experts.is_empty() && problems.is_empty() {
        problems.push(Problem::new("agents", "kind", "no agent is an expert; at least one file says `kind = \"expert\"`"));
    }
    match planners.into_iter().next() {
        Some((_, planner)) if problems.is_empty() => Ok(Agents { planner, experts: experts.into_iter().map(|(_, agent)| agent).collect() }),
        _ => Err(problems),
    }
}

impl Agents {
    pub fn planner(&self) -> &Agent {
        &self.planner
    }

    /// In a stable order: the embedded ones, then others by file name.
    pub fn experts(&self) -> &[Agent] {
        &self.experts
    }

    pub fn expert(&self, name: &str) -> Option<&Agent> {
        self.experts.iter().find(|agent| agent.name == name)
    }

    pub fn all(&self) -> impl Iterator<Item = &Agent> {
        std::iter::once(&self.planner).chain(&self.experts)
    }
}

impl Agent {
    pub fn allowed(&self) -> Allowed {
        Allowed::only(&self.tools)
    }

    pub fn may(&self, tool: &str) -> bool {
        self.tools.iter().any(|name| name == tool)
    }
}

fn read_files(folder: Option<&Path>, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = EMBEDDED.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    let Some(folder) = folder else { return files };
    for (file, text) in read_folder(folder, "toml", problems) {
        match files.iter_mut().find(|(embedded, _)| *embedded == file) {
            Some((_, embedded)) => *embedded = text,
            None => files.push((file, text)),
        }
    }
    files
}

/// The text files of a folder with one extension, by name; what cannot be read is a problem.
pub(super) fn read_folder(folder: &Path, extension: &str, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) => {
            problems.push(Problem::new(&folder.display().to_string(), "", format!("the folder cannot be read: {error}")));
            return texts;
        }
    };
    for path in listing.flatten().map(|item| item.path()).filter(|path| path.extension().is_some_and(|ending| ending == extension)) {
        let Some(file) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        match fs::read_to_string(&path) {
            Ok(text) => {
                texts.insert(file, text);
            }
            Err(error) => problems.push(Problem::new(&file, "", format!("the file cannot be read: {error}"))),
        }
    }
    texts
}
