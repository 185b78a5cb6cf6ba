//! Which scopes a call of a tool needs; asked by everybody who lets calls in from outside.

use serde_json::Value;

use super::asked;
use super::port::{Effect, Spec};
use crate::domain::{Identity, MissingScope, Scope, Scopes};
use crate::store::SourceBook;

/// Tools that read, and show no value of a row. Whatever else reads needs `sql`, so that a tool that nobody thought of here shows nothing.
const SHOW_NO_ROWS: [&str; 15] = [
    "list_targets",
    "list_schemas",
    "list_tables",
    "describe_table",
    "get_constraints",
    "suggest_joins",
    "find_join_path",
    "catalog_search",
    "catalog_sql",
    "catalog_list",
    "catalog_get",
    "catalog_init",
    "catalog_list_objects",
    "catalog_get_object",
    "catalog_get_relationships",
];
/// What was recorded, by kind: `llm.summary_get`.
const FINDINGS: &str = "llm.";
/// Tools that write, and show values of rows besides.
const SHOW_ROWS: [&str; 1] = ["catalog_verify"];

/// What every call of this tool needs.
pub fn needs(spec: &Spec) -> Scopes {
    match spec.effect {
        Effect::Read if SHOW_NO_ROWS.contains(&spec.name) || spec.name.starts_with(FINDINGS) => Scope::Read.into(),
        Effect::Read => Scope::Sql.into(),
        Effect::Record if SHOW_ROWS.contains(&spec.name) => Scopes::of(&[Scope::Sql, Scope::Write]),
        Effect::Record => Scope::Write.into(),
        // What changes something outside is for a person to allow.
        Effect::Mutate => Scopes::of(&[Scope::Write, Scope::Approve]),
    }
}

/// What this call needs: SQL that the caller gives is run, whatever the tool is for, and what it gives is shown.
pub fn needs_of_call(spec: &Spec, args: &Value) -> Scopes {
    let is_asked = asked::sql_arguments(spec).any(|name| args.get(name).is_some_and(|given| !given.is_null()));
    if is_asked || gives_sql(args) { needs(spec).and(Scope::Sql) } else { needs(spec) }
}

/// A source that is not registered is any file or server that this machine reaches, so opening one is for who administers sources, or sits at
/// the machine.
pub fn may_open(identity: &Identity, source: Option<&str>, default: Option<&str>) -> Result<(), MissingScope> {
    match source {
        Some(words) if identity.token().is_some() && !SourceBook::is_name(words) && default != Some(words) => {
            identity.require(Scope::Admin.into(), "a source that is not registered")
        }
        _ => Ok(()),
    }
}

/// Members that are called SQL, wherever they stand; clients send documents as JSON text, too.
fn gives_sql(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| name.contains("sql") && !value.is_null() || gives_sql(value)),
        Value::Array(items) => items.iter().any(gives_sql),
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => serde_json::from_str(text).is_ok_and(|value| gives_sql(&value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Grant, TokenKind};
    use crate::tools::{Registry, Settings};

    fn needed(name: &str, args: Value) -> String {
        needs_of_call(Registry::standard(Settings::default()).spec(name).expect("there is such a tool"), &args).words()
    }

    #[test]
    fn a_call_needs_what_it_shows_and_does() {
        let check = |name: &str, args: Value, expect: &str| assert_eq!(needed(name, args.clone()), expect, "{name} {args}");
        check("list_tables", json!({}), "read");
        check("llm.summary_get", json!({"key": "main.orders"}), "read");
        check("run_sql_readonly", json!({"sql": "select 1"}), "sql");
        for shows in ["explain_sql", "sample_rows", "sample_distinct", "table_profile", "column_profile", "find_reference_candidates"] {
            check(shows, json!({}), "sql");
        }
        check("catalog_verify", json!({}), "sql write");
        check("agent.run_start", json!({}), "write");
        check("catalog_upsert", json!({"kind": "note", "document": {"text": "what sql is for"}}), "write");
    }

    #[test]
    fn only_who_administers_sources_opens_one_that_has_no_name() {
        let assistant = Identity::of_token("lab", Grant::kept(TokenKind::Assistant, Scopes::ALL));
        let may = |identity: &Identity, source: &str| may_open(identity, Some(source), Some("sqlite:shop.db")).is_ok();
        for (source, expect) in
            [("shop", true), ("sqlite:shop.db", true), ("sqlite:fathom.db", false), ("other.db", false), ("mysql://h/x", false)]
        {
            assert_eq!(may(&assistant, source), expect, "{source}");
            assert!(may(&Identity::at_the_machine(), source), "{source}");
        }
        assert!(may_open(&assistant, None, None).is_ok());
    }

    #[test]
    fn sql_in_a_claim_is_sql() {
        for document in [json!({"sql": "select 1"}), json!({"a": [{"example_sql": "select 1"}]}), json!(" {\"\\u0073ql\": \"select 1\"}")] {
            assert_eq!(needed("catalog_upsert", json!({"kind": "metric", "document": document})), "sql write", "{document}");
        }
        assert_eq!(needed("llm.metric_upsert", json!({"metric_key": "x", "sql_template": "select 1"})), "sql write");
        assert_eq!(needed("llm.note_add", json!({"body": "x", "sql": "select 1"})), "sql write");
        assert_eq!(needed("llm.note_add", json!({"body": "x", "sql": null})), "write");
    }

    /// A new tool that reads is decided on here, and not by chance.
    #[test]
    fn every_tool_that_reads_was_decided_on() {
        let shows_rows = [
            "run_sql_readonly",
            "explain_sql",
            "sample_rows",
            "sample_distinct",
            "table_profile",
            "column_profile",
            "find_reference_candidates",
        ];
        let registry = Registry::standard(Settings::default());
        let reads = registry.specs().filter(|spec| spec.effect == Effect::Read && !spec.name.starts_with(FINDINGS));
        let undecided: Vec<&str> =
            reads.map(|spec| spec.name).filter(|name| !SHOW_NO_ROWS.contains(name) && !shows_rows.contains(name)).collect();
        assert!(undecided.is_empty(), "does a call of these show values of rows? {undecided:?}");
        let unknown: Vec<&&str> = SHOW_NO_ROWS.iter().chain(&SHOW_ROWS).filter(|name| registry.resolve(name) != Some(**name)).collect();
        assert!(unknown.is_empty(), "no tools: {unknown:?}");
    }
}
