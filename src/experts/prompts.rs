//! What agents are told: Markdown templates, rendered once at start into one system text for each agent and step.
//!
//! Nothing of a run enters a system text; what a run knows goes into the user message, as JSON.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::agent::{Agent, Agents, Kind, read_folder};
use super::desk::Problem;
use crate::tools::{Registry, Spec};

/// The templates: embedded ones, replaced or joined by a folder's.
pub struct Prompts {
    environment: Environment<'static>,
    names: Vec<String>,
}

/// The rendered system texts.
pub struct Scripts {
    plan: Arc<str>,
    experts: HashMap<String, ExpertScript>,
}

pub struct ExpertScript {
    pub act: Arc<str>,
    pub reflect: Arc<str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Plan,
    Act,
    Reflect,
}

/// The variables of a template; their names are [`VARIABLES`].
#[derive(Serialize)]
struct Told<'a> {
    agent: ToldAgent<'a>,
    step: Step,
    tools: &'a [ToldTool],
}

#[derive(Serialize)]
struct ToldAgent<'a> {
    name: &'a str,
    role: &'a str,
    rounds: u32,
    tool_calls_per_round: usize,
}

#[derive(Serialize)]
struct ToldTool {
    name: &'static str,
    description: &'static str,
    /// JSON text, so that a template prints it as it is.
    args: String,
    example: String,
}

const VARIABLES: [&str; 3] = ["agent", "step", "tools"];
/// Steps of the template machine; far above what a prompt needs, so that only an endless loop meets it.
const FUEL: u64 = 200_000;
const EMBEDDED: [(&str, &str); 10] = [
    ("planner.md", include_str!("../../prompts/planner.md")),
    ("structural.md", include_str!("../../prompts/structural.md")),
    ("statistical.md", include_str!("../../prompts/statistical.md")),
    ("semantic.md", include_str!("../../prompts/semantic.md")),
    ("query.md", include_str!("../../prompts/query.md")),
    ("parts/ground.md", include_str!("../../prompts/parts/ground.md")),
    ("parts/act.md", include_str!("../../prompts/parts/act.md")),
    ("parts/reflect.md", include_str!("../../prompts/parts/reflect.md")),
    ("parts/confidence.md", include_str!("../../prompts/parts/confidence.md")),
    ("parts/keys.md", include_str!("../../prompts/parts/keys.md")),
];

impl Prompts {
    pub fn load(folder: Option<&Path>) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut texts: BTreeMap<String, String> = EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        if let Some(folder) = folder {
            texts.extend(read_folder(folder, "md", &mut problems));
            let parts = folder.join("parts");
            if parts.is_dir() {
                let parts = read_folder(&parts, "md", &mut problems);
                texts.extend(parts.into_iter().map(|(name, text)| (format!("parts/{name}"), text)));
            }
        }
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let mut names = Vec::new();
        for (name, text) in texts {
            if !name.starts_with("parts/") {
                names.push(name.clone());
            }
            if let Err(error) = environment.add_template_owned(name.clone(), text) {
                problems.push(problem_of(&name, &error));
                continue;
            }
            // Branches that no rendering takes are looked at too.
            let template = environment.get_template(&name).expect("the template was added just now");
            let mut unknown: Vec<String> = template.undeclared_variables(false).into_iter().collect();
            unknown.retain(|name| !VARIABLES.contains(&name.as_str()) && !environment.globals().any(|(function, _)| function == name));
            unknown.sort_unstable();
            for variable in unknown {
                let reason = format!("there is no variable `{variable}`; there are {}", VARIABLES.join(", "));
                problems.push(Problem::new(&name, &variable, reason));
            }
        }
        (Self { environment, names }, problems)
    }

    /// The files that an agent may name.
    pub fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn render(&self, file: &str, agent: &Agent, step: Step, tools: &[ToldTool]) -> Result<Arc<str>, Problem> {
        let agent =
            ToldAgent { name: &agent.name, role: &agent.role, rounds: agent.rounds, tool_calls_per_round: agent.tool_calls_per_round };
        let told = Told { agent, step, tools };
        let template = self.environment.get_template(file).map_err(|error| problem_of(file, &error))?;
        let text = template.render(Serde(&told)).map_err(|error| problem_of(file, &error))?;
        Ok(text.trim().into())
    }
}

impl Scripts {
    /// Renders what each agent is told; what cannot be rendered is a problem and leaves an empty text.
    pub fn render(prompts: &Prompts, agents: &Agents, registry: &Registry, problems: &mut Vec<Problem>) -> Self {
        let mut text = |file: &str, agent: &Agent, step: Step| {
            // What does not parse was said; rendering it would only say so again.
            if problems.iter().any(|problem| problem.file == file) {
                return "".into();
            }
            let tools: Vec<ToldTool> = registry.specs_for(&agent.allowed()).iter().map(ToldTool::of).collect();
            prompts.render(file, agent, step, &tools).unwrap_or_else(|problem| {
                // A file that serves two steps would say the same thing twice.
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
                "".into()
            })
        };
        let mut plan: Arc<str> = "".into();
        let mut experts = HashMap::new();
        for agent in agents.all() {
            match &agent.kind {
                Kind::Planner { plan: file } => plan = text(file, agent, Step::Plan),
                Kind::Expert { act, reflect } => {
                    let script = ExpertScript { act: text(act, agent, Step::Act), reflect: text(reflect, agent, Step::Reflect) };
                    experts.insert(agent.name.clone(), script);
                }
            }
        }
        Self { plan, experts }
    }

    pub fn plan(&self) -> &Arc<str> {
        &self.plan
    }

    pub fn expert(&self, name: &str) -> Option<&ExpertScript> {
        self.experts.get(name)
    }
}

impl ToldTool {
    fn of(spec: &Spec) -> Self {
        Self { name: spec.name, description: spec.description, args: spec.args.to_string(), example: spec.example.to_string() }
    }
}

fn problem_of(file: &str, error: &minijinja::Error) -> Problem {
    // The mistake may stand in a part that the file includes.
    let mut innermost = error;
    while let Some(source) = std::error::Error::source(innermost).and_then(|source| source.downcast_ref::<minijinja::Error>()) {
        innermost = source;
    }
    let file = innermost.name().unwrap_or(file);
    let key = innermost.line().map(|line| format!("line {line}")).unwrap_or_default();
    let detail = innermost.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    Problem::new(file, &key, format!("{}{detail}; variables are {}", innermost.kind(), VARIABLES.join(", ")))
}
