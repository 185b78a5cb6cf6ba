//! The test that keeps the rules of the house. Each rule is a function on text, shown able to fail in `rules_can_fail.rs`.

mod code;
mod pages;
mod rooms;
mod rules_can_fail;
mod text;

use std::path::{Path, PathBuf};

use text::Source;

/// What is wrong, a line each, with the file it is in.
type Findings = Vec<String>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("`{path}` cannot be read: {error}"))
}

/// All files below a folder, relative to the repository, in order; what is built or kept by git is left out.
fn files(below: &str) -> Vec<String> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let left_out = [".git", "target", "tmp", "node_modules"].iter().any(|out| name.to_string_lossy() == *out);
            if path.is_dir() && !left_out {
                walk(&path, into);
            } else if path.is_file() && !left_out {
                into.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(below), &mut found);
    found.sort();
    found.iter().map(|path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()).collect()
}

fn with_end(below: &str, end: &str) -> Vec<String> {
    files(below).into_iter().filter(|path| path.ends_with(end)).collect()
}

/// Every source file of the library and the binary.
fn sources() -> Vec<Source> {
    let sources: Vec<Source> = with_end("src", ".rs").iter().map(|path| Source::new(path, &read(path))).collect();
    assert!(sources.len() > 40, "only {} files found below src", sources.len());
    sources
}

fn nothing(findings: Findings) {
    assert!(findings.is_empty(), "{} broken:\n{}", findings.len(), findings.join("\n"));
}

fn each(rule: impl Fn(&Source) -> Findings) -> Findings {
    sources().iter().flat_map(rule).collect()
}

#[test]
fn a_room_uses_only_rooms_above_it() {
    let order = rooms::order(&read("src/lib.rs"));
    assert!(order.len() > 10 && order[0] == "domain", "{order:?}");
    nothing(each(|source| rooms::uses(source, &order)));
}

#[test]
fn the_engine_knows_no_database_and_no_http() {
    nothing(each(rooms::engine));
}

#[test]
fn domain_and_evidence_are_pure() {
    nothing(each(rooms::purity));
}

#[test]
fn a_foreign_crate_is_known_only_where_its_port_is() {
    nothing(each(rooms::foreign));
}

#[test]
fn only_config_reads_the_environment() {
    nothing(each(rooms::environment));
}

#[test]
fn every_file_opens_with_what_it_is() {
    let mut findings: Findings = each(code::header);
    findings.extend(
        with_end("tests", ".rs").iter().chain(&with_end("benches", ".rs")).flat_map(|path| code::header(&Source::new(path, &read(path)))),
    );
    nothing(findings);
}

#[test]
fn a_file_has_at_most_400_lines_without_its_tests() {
    nothing(each(code::length));
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    nothing(each(code::unwraps));
}

#[test]
fn nothing_has_a_name_that_says_nothing() {
    nothing(each(code::names));
}

#[test]
fn nothing_is_left_to_be_done() {
    nothing(each(code::leftovers));
}

#[test]
fn every_metric_is_in_the_table() {
    let known: Vec<&str> = fathom::telemetry::names::ALL.iter().map(|metric| metric.name).collect();
    nothing(each(|source| code::metrics(source, &known)));
}

#[test]
fn every_error_code_has_a_page_and_every_page_a_code() {
    let api: String = with_end("src/api", ".rs").iter().map(|path| read(path)).collect();
    let codes = pages::codes(&api);
    let has_api = with_end("src/api", ".rs").len() > 1;
    assert!(!codes.is_empty() || !has_api, "the table of codes was not found in src/api");
    let written: Vec<(String, String)> = with_end("docs/errors", ".md").iter().map(|path| (path.clone(), read(path))).collect();
    nothing(pages::errors(&codes, &written));
}

#[test]
fn every_event_has_a_golden_file_and_every_golden_file_an_event() {
    let events = pages::messages(&read("src/domain/event.rs"));
    assert!(events.len() > 20, "{events:?}");
    let sampled: Vec<String> = crate::events::samples().iter().map(|body| body.message().to_owned()).collect();
    nothing(pages::same("a variant without a sample", &events, &sampled));
    nothing(pages::same("a golden file or an event too many", &events, &pages::stems(&with_end("tests/golden/events", ".json"))));
}

#[test]
fn every_setting_is_in_the_default_file() {
    let code = serde_json::to_value(fathom::config::Settings::default()).unwrap();
    let file: toml::Table = toml::from_str(&read("config/default.toml")).unwrap();
    nothing(pages::settings("", &code, &serde_json::to_value(file).unwrap()));
}

#[test]
fn every_agent_file_and_prompt_can_be_read() {
    let agents: Vec<(String, String)> = with_end("agents", ".toml").iter().map(|path| (path.clone(), read(path))).collect();
    let prompts: Vec<(String, String)> = with_end("prompts", ".md").iter().map(|path| (path.clone(), read(path))).collect();
    nothing(pages::prompts(&prompts));
    nothing(pages::agents(&agents, &prompts));
    // The experts' room carries these inside the binary; with it, all five must be there.
    if with_end("src/experts", ".rs").len() > 4 {
        let expected = ["planner", "query", "semantic", "statistical", "structural"].map(str::to_owned);
        nothing(pages::same("agent", &expected, &pages::stems(&with_end("agents", ".toml"))));
    }
}

#[test]
fn the_readme_names_only_commands_and_files_that_are_there() {
    let commands = pages::commands(&read("README.md"));
    assert!(commands.len() >= 5, "{commands:?}");
    // Until the binary does something there is no help to ask.
    if !read("src/main.rs").contains("fn main() {}") {
        nothing(pages::unknown_commands(&commands, |words| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_fathom")).args(words).arg("--help").output().unwrap();
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        }));
    }
    for page in ["README.md", "ARCHITECTURE.md"].into_iter().map(str::to_owned).chain(with_end("docs", ".md")) {
        let here = Path::new(&page).parent().unwrap().to_path_buf();
        nothing(pages::dead_links(&page, &read(&page), |link| root().join(&here).join(link).exists()));
    }
}

#[test]
fn nothing_in_the_repository_knows_this_machine() {
    let files = files("");
    assert!(files.iter().any(|path| path == "Cargo.lock") && files.iter().any(|path| path.starts_with(".ci/")), "{files:?}");
    let texts = files.iter().filter_map(|path| Some((path, std::fs::read_to_string(root().join(path)).ok()?)));
    nothing(texts.flat_map(|(path, text)| pages::machine(path, &text)).collect());
}
