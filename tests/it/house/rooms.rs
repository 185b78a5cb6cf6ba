//! Rules of the rooms: who may use whom, who is pure, who may know which foreign crate, who reads the environment.

use super::Findings;
use super::text::{Source, bare, line_of, words};

/// What only certain rooms may know, because a port stands in front of it.
const FOREIGN: [(&str, &[&str]); 7] = [
    ("sqlx::", &["source", "store"]),
    ("libsqlite3_sys::", &["source", "store"]),
    ("AssertSqlSafe", &["source", "store"]),
    ("async_openai::", &["model"]),
    ("actix::", &["engine", "app", "main"]),
    ("axum::", &["api", "app", "mcp"]),
    ("rmcp::", &["mcp"]),
];

const IMPURE: [&str; 10] =
    ["tokio::", "sqlx::", "actix::", "reqwest::", "std::fs", "std::net", "std::env", "SystemTime::now", "Instant::now", "now_utc"];

/// The rooms in the order of `src/lib.rs`.
pub fn order(lib: &str) -> Vec<String> {
    bare(lib).lines().filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned)).collect()
}

pub fn uses(source: &Source, order: &[String]) -> Findings {
    let room = source.room();
    if room == "lib" || room == "main" {
        return Vec::new();
    }
    let Some(own) = order.iter().position(|name| name == room) else {
        return vec![format!("{}: the room `{room}` is not in src/lib.rs", source.path)];
    };
    let below = |used: &str| order.iter().position(|name| name == used).is_some_and(|other| other > own);
    let used = rooms_used(&source.bare);
    let wrong = used.into_iter().filter(|(name, _)| below(name));
    wrong.map(|(name, line)| format!("{}:{line}: `{room}` uses `{name}`, which stands below it", source.path)).collect()
}

pub fn engine(source: &Source) -> Findings {
    if source.room() != "engine" {
        return Vec::new();
    }
    let banned = ["source", "api", "mcp"];
    let rooms = rooms_used(&source.shipped).into_iter().filter(|(name, _)| banned.contains(&name.as_str()));
    let databases =
        ["sqlite", "postgres", "SqliteStore"].into_iter().flat_map(|word| words(&source.shipped, word).map(move |at| (word, at)));
    rooms
        .map(|(name, line)| format!("{}:{line}: the engine uses `{name}`", source.path))
        .chain(databases.map(|(word, at)| format!("{}:{}: the engine names `{word}`", source.path, line_of(&source.shipped, at))))
        .collect()
}

pub fn purity(source: &Source) -> Findings {
    if !["domain", "evidence"].contains(&source.room()) {
        return Vec::new();
    }
    let found = IMPURE.into_iter().flat_map(|word| words(&source.shipped, word).map(move |at| (word, at)));
    found.map(|(word, at)| format!("{}:{}: `{word}` in a pure room", source.path, line_of(&source.shipped, at))).collect()
}

pub fn foreign(source: &Source) -> Findings {
    let strange = FOREIGN.into_iter().filter(|(_, rooms)| !rooms.contains(&source.room()));
    let found = strange.flat_map(|(word, rooms)| words(&source.shipped, word).map(move |at| (word, rooms, at)));
    found
        .map(|(word, rooms, at)| format!("{}:{}: `{word}` belongs to {}", source.path, line_of(&source.shipped, at), rooms.join(", ")))
        .collect()
}

pub fn environment(source: &Source) -> Findings {
    if source.room() == "config" {
        return Vec::new();
    }
    let reads = ["env::var", "env::var_os", "env::vars", "env::vars_os"];
    let direct = reads.into_iter().flat_map(|word| words(&source.shipped, word)).map(|at| line_of(&source.shipped, at));
    let imported = ["use std::env;", "use std::{env"]
        .into_iter()
        .flat_map(|word| source.shipped.match_indices(word))
        .map(|(at, _)| line_of(&source.shipped, at));
    // clap reads variables for a flag that says so.
    let flags = source.shipped.lines().enumerate().filter(|(_, line)| line.contains("#[arg(") && words(line, "env").next().is_some());
    let lines = direct.chain(imported).chain(flags.map(|(number, _)| number + 1));
    lines.map(|line| format!("{}:{line}: the environment is read in `config` only", source.path)).collect()
}

/// Rooms behind `crate::`, in paths and in braces.
fn rooms_used(bare: &str) -> Vec<(String, usize)> {
    let mut used = Vec::new();
    for at in words(bare, "crate::").filter(|at| !bare[..*at].ends_with('$')) {
        let rest = &bare[at + "crate::".len()..];
        let line = line_of(bare, at);
        match rest.strip_prefix('{') {
            Some(group) => used.extend(first_names(group).into_iter().map(|name| (name, line))),
            None => used.push((name_at(rest), line)),
        }
    }
    used
}

/// The first name of each member of a group: `a::{b, c}, d` gives `a` and `d`.
fn first_names(group: &str) -> Vec<String> {
    let mut names = vec![name_at(group.trim_start())];
    let mut depth = 0;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name_at(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    names
}

fn name_at(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
