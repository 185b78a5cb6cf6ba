//! Agent files: what is valid, and every problem of every file at once.

use std::fs;
use std::time::Duration;

use fathom::experts::{Agents, Desk, DeskFolders, Kind};

use super::fakes::registry;

const GOOD: &str = r#"
name = "quality"
kind = "expert"
role = "Finds what is wrong with the data"
tools = ["sample_rows"]
[prompts]
act = "semantic.md"
reflect = "semantic.md"
"#;

fn load(files: &[(&str, &str)]) -> Result<Agents, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let folders = DeskFolders { agents: Some(folder.path().to_owned()), ..DeskFolders::default() };
    let texts = |problems: Vec<fathom::experts::Problem>| problems.iter().map(ToString::to_string).collect();
    Desk::load(&folders, registry().0).map(|desk| (*desk.agents).clone()).map_err(texts)
}

#[test]
fn the_embedded_agents_may_call_what_the_specification_says() {
    let agents = load(&[]).unwrap();
    assert_eq!(agents.planner().name, "planner");
    let names: Vec<&str> = agents.experts().iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["structural", "statistical", "semantic", "query"]);
    let reads = ["catalog_search", "catalog_list", "catalog_get"];
    let check = |expert: &str, own: &[&str]| {
        let agent = agents.expert(expert).unwrap();
        let expected: Vec<&str> = own.iter().chain(&reads).copied().collect();
        assert_eq!(agent.tools, expected, "{expert}");
        assert_eq!((agent.mailbox, agent.concurrency, agent.rounds), (4096, 1024, 3));
    };
    check("structural", &["describe_table", "get_constraints", "suggest_joins", "find_reference_candidates"]);
    check("statistical", &["table_profile", "column_profile", "sample_rows", "sample_distinct"]);
    check("semantic", &["sample_rows"]);
    check("query", &["explain_sql", "run_sql_readonly"]);
    assert_eq!(agents.planner().tools, reads);
}

#[test]
fn a_file_adds_an_expert_or_replaces_one() {
    let agents = load(&[("quality.toml", GOOD)]).unwrap();
    let added = agents.expert("quality").unwrap();
    assert_eq!(added.kind, Kind::Expert { act: "semantic.md".to_owned(), reflect: "semantic.md".to_owned() });
    assert_eq!((added.tool_calls_per_round, added.time_limit), (8, Duration::from_secs(300)));
    let query = "name = \"query\"\nkind = \"expert\"\nrole = \"asks\"\nrounds = 1\ntemperature = 1\nmodel = \"small\"\n[prompts]\nact = \"query.md\"\nreflect = \"query.md\"\n";
    let agents = load(&[("query.toml", query)]).unwrap();
    assert_eq!(agents.experts().len(), 4);
    let replaced = agents.expert("query").unwrap();
    assert_eq!((replaced.rounds, replaced.temperature, replaced.model.as_deref()), (1, Some(1.0), Some("small")));
    assert!(replaced.tools.is_empty());
}

#[test]
fn each_mistake_names_file_key_and_what_is_valid() {
    let check = |change: (&str, &str), expect: &str| {
        let text = GOOD.replace(change.0, change.1);
        assert_ne!(text, GOOD);
        let problems = load(&[("quality.toml", &text)]).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].starts_with("`quality.toml`") && problems[0].contains(expect), "expected `{expect}`: {problems:#?}");
    };
    check(("sample_rows", "sample_row"), "there is no reading tool \"sample_row\"; there are describe_table");
    check(("act = \"semantic.md\"", "act = \"quality.md\""), "`prompts.act`: there is no prompt \"quality.md\"; there are");
    check(("reflect = \"semantic.md\"", ""), "`prompts.reflect`: is missing");
    check(("[prompts]", "[prompts]\nplan = \"planner.md\""), "`prompts.plan`: is not known; valid are act, reflect");
    check(("kind = \"expert\"", "kind = \"export\""), "`export` is not valid; expected `planner` or `expert`");
    check(("kind = \"expert\"", "kind = \"expert\"\nrounds = 0"), "`rounds`: `0` is not valid; expected a whole number from 1 to 10");
    check(("kind = \"expert\"", "kind = \"expert\"\nmailbox = \"many\""), "`mailbox`");
    check(("kind = \"expert\"", "kind = \"expert\"\ntemperature = 3.5"), "expected a number from 0 to 2");
    check(("kind = \"expert\"", "kind = \"expert\"\nmail_box = 3"), "`mail_box`: is not known; valid are name, kind");
    check(("name = \"quality\"", "name = \"Quality!\""), "lower-case letters");
    check(("name = \"quality\"", "name = \"person\""), "reserved");
    check(("name = \"quality\"", "name = \"query\""), "name of the agent in `query.toml` too");
    check(("name = \"quality\"", "name = "), "line 2 is not TOML");
}

#[test]
fn all_problems_come_at_once() {
    let bad = GOOD.replace("sample_rows", "fly").replace("role = \"Finds what is wrong with the data\"", "rounds = 99");
    let other = "name = \"b\"\nkind = \"expert\"\nrole = \"r\"\n";
    let problems = load(&[("quality.toml", &bad), ("other.toml", other)]).unwrap_err();
    assert_eq!(problems.len(), 5, "{problems:#?}");
}

#[test]
fn there_is_exactly_one_planner() {
    let second = "name = \"p2\"\nkind = \"planner\"\nrole = \"plans\"\n[prompts]\nplan = \"planner.md\"\n";
    assert!(load(&[("p2.toml", second)]).unwrap_err()[0].contains("second planner"));
    let expert = GOOD.replace("quality", "planner");
    assert!(load(&[("planner.toml", &expert)]).unwrap_err().concat().contains("planner"));
}
