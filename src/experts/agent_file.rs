//! One agent file: TOML in, an [`Agent`] out, or every problem in it at once, each with what is valid.

use std::time::Duration;

use toml::{Table, Value};

use super::agent::{Agent, Kind};
use super::desk::Problem;

/// What a file may refer to.
pub struct Known {
    /// Tools that only read; experts may call no others.
    pub tools: Vec<String>,
    pub prompts: Vec<String>,
}

const KEYS: [&str; 13] = [
    "name",
    "kind",
    "role",
    "prompts",
    "tools",
    "mailbox",
    "concurrency",
    "rounds",
    "tool_calls_per_round",
    "max_tokens",
    "time_limit_s",
    "model",
    "temperature",
];
/// Names that provenance gives to others.
const RESERVED: [&str; 4] = ["harvest", "person", "builtin", "outside"];

pub fn parse(file: &str, text: &str, known: &Known, problems: &mut Vec<Problem>) -> Option<Agent> {
    let before = problems.len();
    let table = match text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1).unwrap_or(1);
            problems.push(Problem::new(file, "", format!("line {line} is not TOML: {}", error.message())));
            return None;
        }
    };
    let mut reader = Reader { file, table, problems };
    let name = reader.name();
    let role = reader.text("role");
    let kind = reader.kind(known);
    let tools = reader.tools(known);
    let agent = Agent {
        name,
        role,
        kind,
        tools,
        mailbox: reader.whole("mailbox", 4_096, 1, 100_000) as usize,
        concurrency: reader.whole("concurrency", 1_024, 1, 100_000) as usize,
        rounds: reader.whole("rounds", 3, 1, 10) as u32,
        tool_calls_per_round: reader.whole("tool_calls_per_round", 8, 1, 32) as usize,
        max_tokens: reader.whole("max_tokens", 4_096, 64, 200_000) as u32,
        time_limit: Duration::from_secs(reader.whole("time_limit_s", 300, 1, 86_400) as u64),
        model: reader.table.contains_key("model").then(|| reader.text("model")),
        temperature: reader.temperature(),
    };
    reader.unknown_keys("", &KEYS);
    (problems.len() == before).then_some(agent)
}

struct Reader<'a> {
    file: &'a str,
    table: Table,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, key: &str, reason: impl Into<String>) {
        self.problems.push(Problem::new(self.file, key, reason));
    }

    fn text(&mut self, key: &str) -> String {
        match self.table.get(key) {
            Some(Value::String(text)) if !text.trim().is_empty() => return text.trim().to_owned(),
            Some(other) => {
                let reason = format!("`{other}` is not valid; expected text that is not empty");
                self.problem(key, reason);
            }
            None => self.problem(key, "is missing; expected text"),
        }
        String::new()
    }

    fn name(&mut self) -> String {
        let name = self.text("name");
        let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= 40
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !name.is_empty() && !well_formed {
            self.problem("name", format!("`{name}` is not valid; expected lower-case letters, digits and `_`, 40 at most"));
        } else if RESERVED.contains(&name.as_str()) {
            self.problem("name", format!("`{name}` is reserved; reserved are {}", RESERVED.join(", ")));
        }
        name
    }

    fn kind(&mut self, known: &Known) -> Kind {
        let prompts = match self.table.get("prompts") {
            Some(Value::Table(prompts)) => prompts.clone(),
            Some(_) => {
                self.problem("prompts", "expected a table of prompt files");
                Table::new()
            }
            None => Table::new(),
        };
        let planner = match self.text("kind").as_str() {
            "planner" => true,
            "expert" => false,
            // The problem that it is missing was noted.
            "" => return Kind::Planner { plan: String::new() },
            other => {
                self.problem("kind", format!("`{other}` is not valid; expected `planner` or `expert`"));
                return Kind::Planner { plan: String::new() };
            }
        };
        let wanted: &[&str] = if planner { &["plan"] } else { &["act", "reflect"] };
        for key in prompts.keys().filter(|key| !wanted.contains(&key.as_str())) {
            self.problem(&format!("prompts.{key}"), format!("is not known; valid are {}", wanted.join(", ")));
        }
        let mut file = |key: &str| self.prompt(key, prompts.get(key), known);
        if planner { Kind::Planner { plan: file("plan") } } else { Kind::Expert { act: file("act"), reflect: file("reflect") } }
    }

    fn prompt(&mut self, key: &str, value: Option<&Value>, known: &Known) -> String {
        let key = format!("prompts.{key}");
        match value {
            Some(Value::String(prompt)) if known.prompts.contains(prompt) => return prompt.clone(),
            Some(other) => self.problem(&key, format!("there is no prompt {other}; there are {}", known.prompts.join(", "))),
            None => self.problem(&key, format!("is missing; there are {}", known.prompts.join(", "))),
        }
        String::new()
    }

    fn tools(&mut self, known: &Known) -> Vec<String> {
        let mut tools: Vec<String> = Vec::new();
        let listed = match self.table.get("tools") {
            Some(Value::Array(listed)) => listed.clone(),
            Some(_) => {
                self.problem("tools", "expected a list of tool names");
                return tools;
            }
            None => return tools,
        };
        for tool in listed {
            match tool.as_str() {
                Some(name) if tools.iter().any(|seen| seen == name) => self.problem("tools", format!("`{name}` stands there twice")),
                Some(name) if known.tools.iter().any(|tool| tool == name) => tools.push(name.to_owned()),
                _ => self.problem("tools", format!("there is no reading tool {tool}; there are {}", known.tools.join(", "))),
            }
        }
        tools
    }

    fn whole(&mut self, key: &str, default: i64, least: i64, most: i64) -> i64 {
        match self.table.get(key) {
            None => default,
            Some(Value::Integer(number)) if (least..=most).contains(number) => *number,
            Some(other) => {
                let reason = format!("`{other}` is not valid; expected a whole number from {least} to {most}");
                self.problem(key, reason);
                default
            }
        }
    }

    fn temperature(&mut self) -> Option<f32> {
        let value = self.table.get("temperature")?.clone();
        let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
        match number {
            Some(number) if (0.0..=2.0).contains(&number) => Some(number as f32),
            _ => {
                self.problem("temperature", format!("`{value}` is not valid; expected a number from 0 to 2"));
                None
            }
        }
    }

    fn unknown_keys(&mut self, prefix: &str, valid: &[&str]) {
        let unknown: Vec<String> = self.table.keys().filter(|key| !valid.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            self.problem(&format!("{prefix}{key}"), format!("is not known; valid are {}", valid.join(", ")));
        }
    }
}
