//! Every rule of the house, shown to find what it is there to find, and to leave alone what is fine.

use serde_json::json;

use super::text::{Source, bare};
use super::{code, pages, rooms};

fn source(path: &str, text: &str) -> Source {
    Source::new(path, text)
}

fn order() -> Vec<String> {
    rooms::order("//! x\npub mod domain;\n\n// pub mod gone;\npub mod store;\npub mod engine;\npub mod api;\n")
}

#[test]
fn literals_and_comments_are_no_code() {
    assert_eq!(bare("a // b\nc"), "a     \nc");
    assert_eq!(bare("a /* b /* c */ d */ e").replace(' ', ""), "ae");
    assert_eq!(bare(r##"x("a\"b", r#"c"d"#, 'e', '\'', b"f") y"##).replace(' ', ""), "x(,,,,b)y");
    assert_eq!(bare("fn f<'a>(r#type: &'a str)"), "fn f<'a>(r#type: &'a str)");
}

#[test]
fn a_room_below_is_found_in_every_form_of_use() {
    let check = |text: &str| rooms::uses(&source("src/store/port.rs", text), &order()).len();
    assert_eq!(order(), ["domain", "store", "engine", "api"]);
    assert_eq!(check("use crate::engine::Runs;"), 1);
    assert_eq!(check("fn f() { crate::api::go() }"), 1);
    assert_eq!(check("use crate::{domain::{Event, RunId}, engine, api::x};"), 2);
    assert_eq!(check("use crate::domain::Event; // crate::api\nuse crate::store::Page; \"crate::api\""), 0);
    assert_eq!(rooms::uses(&source("src/new/mod.rs", ""), &order()).len(), 1);
}

#[test]
fn an_engine_that_names_a_database_is_found() {
    let check = |path: &str, text: &str| rooms::engine(&source(path, text)).len();
    assert_eq!(check("src/engine/runs.rs", "use crate::source::Source;"), 1);
    assert_eq!(check("src/engine/runs.rs", "use crate::store::{sqlite::SqliteStore, Store};"), 2);
    assert_eq!(check("src/engine/runs.rs", "use crate::store::Store;\n#[cfg(test)]\nmod tests { use crate::store::sqlite; }"), 0);
    assert_eq!(check("src/store/mod.rs", "use crate::source::Source;"), 0);
}

#[test]
fn io_and_clocks_in_a_pure_room_are_found() {
    let check = |path: &str, text: &str| rooms::purity(&source(path, text)).len();
    assert_eq!(check("src/evidence/keys.rs", "let now = std::time::SystemTime::now();"), 1);
    assert_eq!(check("src/domain/run.rs", "use std::fs; use tokio::spawn;"), 2);
    assert_eq!(check("src/store/mod.rs", "use std::fs;"), 0);
    assert_eq!(check("src/domain/run.rs", "// tokio::spawn\nlet text = \"std::fs\";"), 0);
}

#[test]
fn a_foreign_crate_in_the_wrong_room_is_found() {
    let check = |path: &str, text: &str| rooms::foreign(&source(path, text)).len();
    assert_eq!(check("src/engine/runs.rs", "use sqlx::Row; use axum::Router;"), 2);
    assert_eq!(check("src/tools/rows.rs", "query(sqlx::AssertSqlSafe(text))"), 2);
    assert_eq!(check("src/store/sqlite/mod.rs", "use sqlx::Row;"), 0);
    assert_eq!(check("src/source/remote/mod.rs", "use rmcp::ServiceExt;"), 1);
    assert_eq!(check("src/mcp/client/ear.rs", "use rmcp::ClientHandler;"), 0);
}

#[test]
fn a_read_of_the_environment_is_found() {
    let check = |path: &str, text: &str| rooms::environment(&source(path, text)).len();
    assert_eq!(check("src/model/mod.rs", "let key = std::env::var(\"KEY\");"), 1);
    assert_eq!(check("src/cli/run.rs", "#[arg(long, env = \"SERVER\")]"), 1);
    assert_eq!(check("src/cli/run.rs", "use std::env;"), 1);
    assert_eq!(check("src/config/environment.rs", "std::env::vars_os()"), 0);
    assert_eq!(check("src/model/mod.rs", "let here = std::env::current_dir(); env!(\"X\")"), 0);
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_found() {
    let check = |text: &str| code::header(&source("src/x.rs", text)).len();
    assert_eq!(check("use std::fmt;\n"), 1);
    assert_eq!(check("//!\n//! late\n"), 1);
    assert_eq!(check("//! What it is.\n"), 0);
}

#[test]
fn a_file_that_is_too_long_is_found_and_its_tests_do_not_count() {
    let check = |path: &str, text: &str| code::length(&source(path, text)).len();
    let long = "fn a() {}\n".repeat(401);
    assert_eq!(check("src/x.rs", &long), 1);
    assert_eq!(check("src/x/tests.rs", &long), 0);
    assert_eq!(check("src/x.rs", &format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n")), 0);
    assert_eq!(check("src/x.rs", &format!("{long}#[cfg(test)]\nmod tests;\n")), 1);
}

#[test]
fn an_unwrap_is_found_outside_tests() {
    let check = |path: &str, text: &str| code::unwraps(&source(path, text)).len();
    assert_eq!(check("src/x.rs", "let a = b.unwrap();\nlet c = d.unwrap_or(1);"), 1);
    assert_eq!(check("src/x.rs", "// b.unwrap()\n#[cfg(test)]\nmod tests { fn a() { b.unwrap(); } }"), 0);
    assert_eq!(check("src/x.rs", "#[cfg(test)]\nmod tests { fn a() { b.unwrap(); } }\nfn c() { d.unwrap(); }"), 1);
    assert_eq!(check("src/x/tests.rs", "b.unwrap()"), 0);
}

#[test]
fn an_empty_name_is_found() {
    let check = |text: &str| code::names(&source("src/x.rs", text)).len();
    assert_eq!(check("pub struct RunManager;\nenum StringUtils {}\ntrait EventHandler {}"), 3);
    assert_eq!(check("impl actix::Handler<Start> for Run {}\nstruct Conductor;"), 0);
}

#[test]
fn leftovers_are_found() {
    let check = |text: &str| code::leftovers(&source("src/x.rs", text)).len();
    assert_eq!(check(&format!("// {}{}: later\ndbg!(x);\ntodo!()", "TO", "DO")), 3);
    assert_eq!(check("let todos = 1; // what is to do"), 0);
}

#[test]
fn a_metric_outside_the_table_is_found() {
    let check = |text: &str| code::metrics(&source("src/x.rs", text), &["fathom_runs_live"]).len();
    assert_eq!(check("metrics::counter!(\n  \"fathom_other_total\").increment(1)"), 1);
    assert_eq!(check("metrics::gauge!(\"fathom_runs_live\").set(1.0); counter!(names::RUNS)"), 0);
}

#[test]
fn codes_and_pages_that_do_not_match_are_found() {
    let table = "Self::A => (\"no_such_run\", S::NOT_FOUND, \"No such run\"),\n(\n  \"disk_full\",\n  StatusCode::INSUFFICIENT_STORAGE)";
    let codes = pages::codes(table);
    assert_eq!(codes, ["disk_full", "no_such_run"]);
    let page = |code: &str| (format!("docs/errors/{code}.md"), format!("# {code}\n\n{}", "What happened and what to do. ".repeat(4)));
    assert!(pages::errors(&codes, &[page("disk_full"), page("no_such_run")]).is_empty());
    assert_eq!(pages::errors(&codes, &[page("disk_full")]).len(), 1);
    assert_eq!(pages::errors(&codes, &[page("disk_full"), page("no_such_run"), page("gone")]).len(), 1);
    assert_eq!(pages::errors(&codes[..1], &[("docs/errors/disk_full.md".to_owned(), "# Full\n".to_owned())]).len(), 1);
}

#[test]
fn a_missing_golden_file_is_found() {
    let text = "pub fn message(&self) -> &'static str {\n match self {\n A => \"starting\",\n B => \"paused\",\n }\n    }\nC => \"other\",";
    let events = pages::messages(text);
    assert_eq!(events, ["starting", "paused"]);
    let golden = pages::stems(&["tests/golden/events/starting.json".to_owned(), "tests/golden/events/old.json".to_owned()]);
    assert_eq!(pages::same("golden", &events, &golden).len(), 2);
}

#[test]
fn a_setting_that_is_missing_too_many_or_different_is_found() {
    let code = json!({"a": {"b": 1, "c": 0.2, "none": null}});
    let check = |file| pages::settings("", &code, &file).len();
    assert_eq!(check(json!({"a": {"b": 1, "c": 0.2}})), 0);
    assert_eq!(check(json!({"a": {"b": 2, "c": 0.2}})), 1);
    assert_eq!(check(json!({"a": {"b": 1}})), 1);
    assert_eq!(check(json!({"a": {"b": 1, "c": 0.2, "d": 1}, "e": 1})), 2);
}

#[test]
fn agents_and_prompts_that_cannot_be_read_are_found() {
    let page = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let prompt = page("prompts/query.md", "Hello {{ agent.name }}");
    assert!(pages::prompts(std::slice::from_ref(&prompt)).is_empty());
    assert_eq!(pages::prompts(&[page("prompts/x.md", "{% if a %}")]).len(), 1);
    let check = |text: &str| pages::agents(&[page("agents/query.toml", text)], std::slice::from_ref(&prompt)).len();
    assert_eq!(check("name = \"query\"\n[prompts]\nact = \"query.md\"\n"), 0);
    assert_eq!(check("name = \"other\"\n[prompts]\nact = \"gone.md\"\n"), 2);
    assert_eq!(check("name = "), 1);
}

#[test]
fn commands_and_flags_that_are_not_there_are_found() {
    let page = "Run `fathom gone`.\n```sh\n# fathom comment\ncargo run --release -- run your.db \\\n  --json | head\nfathom runs lst\ncd fathom\nA=1 fathom serve --prot 1 # port\n```\n";
    let commands = pages::commands(page);
    assert_eq!(commands, [vec!["run", "your.db", "--json"], vec!["runs", "lst"], vec!["serve", "--prot", "1"]]);
    let help = |words: &[String]| match words.join(" ").as_str() {
        "run" => Some("  --json  events, one a line".to_owned()),
        "serve" => Some("  --port-name".to_owned()),
        _ => None,
    };
    assert_eq!(pages::unknown_commands(&commands, help), ["`fathom runs lst` is no command", "`fathom serve` has no `--prot`"]);
}

#[test]
fn a_dead_link_is_found() {
    let text = "[a](there.md#part) [b](gone.md) [c](https://example.org/x) [d](#here)";
    assert_eq!(pages::dead_links("README.md", text, |link| link == "there.md").len(), 1);
}

#[test]
fn a_path_of_the_machine_and_a_registry_are_found() {
    let check = |text: &str| pages::machine("x", text).len();
    assert_eq!(check(&format!("cd {}{}main", "/wo", "rk/")), 1);
    assert_eq!(check(&format!("source = \"{}+https://mirror.example/index\"", "registry")), 1);
    assert_eq!(check(&format!("source = \"{}+https://github.com/rust-lang/{}\"", "registry", "crates.io-index")), 0);
    assert_eq!(check("network/ and roots/ are words"), 0);
}

#[test]
fn dependencies_that_break_the_rules_are_found() {
    let check = |packages: &str| {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let mut script = Command::new(super::root().join("scripts/dependencies"))
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        script.stdin.take().unwrap().write_all(packages.as_bytes()).unwrap();
        let output = script.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let fine = "a v1.0.0|MIT OR Apache-2.0\nb v1.0.0|(MIT/GPL-3.0) AND Unicode-3.0\nreqwest v0.13.5|MIT";
    assert_eq!(check(fine), (true, String::new()));
    for (broken, words) in [
        ("aws-lc-rs v1.0.0|ISC", "`aws-lc-rs` came in"),
        ("reqwest v0.13.5|MIT\nreqwest v0.12.1|MIT", "2 different versions of reqwest"),
        ("c v1.0.0|GPL-3.0", "c v1.0.0: GPL-3.0"),
        ("d v1.0.0|MIT AND SSPL-1.0", "d v1.0.0: MIT AND SSPL-1.0"),
        ("e v1.0.0|", "no licence"),
    ] {
        let (passed, said) = check(broken);
        assert!(!passed && said.contains(words), "{broken}: {said}");
    }
}
