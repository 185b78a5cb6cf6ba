//! The guard's cases as data: a file a dialect, a class a kind of text, and what is to become of it.

use fathom::source::Dialect;
use fathom::source::guard::check;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub name: String,
    pub verdict: Verdict,
    /// Whether the engine that the tests have knows it.
    #[serde(default = "yes")]
    pub runs: bool,
    /// Whether an engine without a guard would do it.
    #[serde(default)]
    pub acts: bool,
    pub sql: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Allow,
    Deny,
}

#[derive(Deserialize)]
struct File {
    class: Vec<Class>,
}

pub fn classes(dialect: Dialect) -> Vec<Class> {
    let text = match dialect {
        Dialect::Sqlite => include_str!("sqlite.toml"),
        Dialect::Postgresql => include_str!("postgresql.toml"),
        Dialect::Mysql => include_str!("mysql.toml"),
    };
    toml::from_str::<File>(text).unwrap_or_else(|error| panic!("{dialect:?}: {error}")).class
}

/// What is let through and can be executed here.
pub fn reads(dialect: Dialect) -> Vec<String> {
    classes(dialect).into_iter().filter(|class| class.verdict == Verdict::Allow && class.runs).flat_map(|class| class.sql).collect()
}

/// What an engine would do if it were let through.
pub fn writes(dialect: Dialect) -> Vec<String> {
    classes(dialect).into_iter().filter(|class| class.acts).flat_map(|class| class.sql).collect()
}

fn yes() -> bool {
    true
}

#[test]
fn every_text_of_the_corpus_is_judged_as_written() {
    let mut wrong = Vec::new();
    for dialect in [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mysql] {
        for class in classes(dialect) {
            for sql in &class.sql {
                match (check(dialect, sql), class.verdict) {
                    (Ok(_), Verdict::Allow) | (Err(_), Verdict::Deny) => {}
                    (Ok(_), Verdict::Deny) => wrong.push(format!("{dialect:?}, {}: let through: {sql}", class.name)),
                    (Err(refusal), Verdict::Allow) => wrong.push(format!("{dialect:?}, {}: {refusal}: {sql}", class.name)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_refusal_says_where() {
    for dialect in [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mysql] {
        for class in classes(dialect).into_iter().filter(|class| class.verdict == Verdict::Deny) {
            for sql in class.sql {
                let refusal = check(dialect, &sql).unwrap_err();
                assert!(refusal.position.is_some(), "{sql}: {refusal}");
            }
        }
    }
}
