//! The rules in force: applied in order to every call, before it is made, by the registry alone.
//!
//! A rule narrows and never widens: what it rewrites is checked like what a caller gives, and its time is never more than what there was.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use regex::Regex;
use serde_json::{Value, json};

use super::asked::Asked;
use super::caller::canonical;
use super::port::{Call, Spec};
use super::rule::Rule;
use super::workspace::Workspace;
use crate::source::guard;

#[derive(Default)]
pub struct Rules {
    rules: Vec<InForce>,
}

struct InForce {
    rule: Rule,
    pattern: Option<Regex>,
    hits: AtomicU64,
    last_hit_at: AtomicI64,
}

/// A rule with what it has done since the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    pub rule: Rule,
    pub hits: u64,
    /// Milliseconds since 1970.
    pub last_hit_at: Option<i64>,
}

/// What the rules make of a call.
#[derive(Debug, PartialEq)]
pub(super) struct Ruled {
    pub args: Value,
    pub end: Option<End>,
    /// The least time that a rule allows, and that rule.
    pub time_limit: Option<(Duration, String)>,
    /// Rules that wrote the call anew, or its answer.
    pub written_by: Vec<String>,
}

/// Why there is nothing left to call.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    Blocked(String),
    Answered(Value),
}

/// A call as rules look at it.
struct Seen<'a> {
    call: Call<'a>,
    spec: &'a Spec,
    asked: Asked,
    /// The arguments as JSON.
    text: String,
    names: BTreeSet<String>,
}

impl Rules {
    /// Fails with the first thing that is wrong; [`super::rule::problems`] tells all of them.
    pub fn of(rules: Vec<Rule>) -> Result<Self, String> {
        let ready = rules.into_iter().map(|rule| {
            let pattern = rule.regex().map_err(|why| format!("the rule `{}` {why}", rule.name))?;
            Ok(InForce { rule, pattern, hits: AtomicU64::new(0), last_hit_at: AtomicI64::new(0) })
        });
        Ok(Self { rules: ready.collect::<Result<_, String>>()? })
    }

    pub fn counted(&self) -> impl Iterator<Item = Counted> {
        self.rules.iter().map(|in_force| {
            let hits = in_force.hits.load(Ordering::Relaxed);
            let last_hit_at = (hits > 0).then(|| in_force.last_hit_at.load(Ordering::Relaxed));
            Counted { rule: in_force.rule.clone(), hits, last_hit_at }
        })
    }

    /// Arguments that are valid come in; what goes out may have to be checked again.
    pub(super) fn judge(&self, call: Call<'_>, spec: &Spec, args: Value) -> Ruled {
        let mut ruled = Ruled { args, end: None, time_limit: None, written_by: Vec::new() };
        if self.rules.is_empty() {
            return ruled;
        }
        let mut seen = Seen::of(call, spec, &ruled.args);
        for in_force in &self.rules {
            let rule = &in_force.rule;
            if !in_force.is_about(&seen) {
                continue;
            }
            in_force.hit();
            if rule.log {
                let (caller, source) = (&call.caller.provenance.author, &call.workspace.key);
                tracing::info!(rule.name = rule.name, tool.name = spec.name, caller.name = %caller, source.key = %source, "a rule saw a call");
            }
            if let Some(millis) = rule.time_limit_ms {
                let limit = (Duration::from_millis(millis), rule.name.clone());
                ruled.time_limit = ruled.time_limit.into_iter().chain([limit]).min_by_key(|(time, _)| *time);
            }
            if let Some(message) = &rule.block {
                ruled.end = Some(End::Blocked(format!("the rule `{}` refuses this: {message}", rule.name)));
            }
            if let Some(answer) = &rule.answer {
                ruled.end = Some(End::Answered(answered(answer.clone())));
                ruled.written_by.push(rule.name.clone());
            }
            if let (Some(replacement), Some(pattern)) = (&rule.rewrite, &in_force.pattern) {
                rewrite(&mut ruled.args, &seen, pattern, replacement);
                ruled.written_by.push(rule.name.clone());
                seen = Seen::of(call, spec, &ruled.args);
            }
            if ruled.end.is_some() || !rule.r#continue {
                break;
            }
        }
        ruled
    }
}

impl Ruled {
    /// Says in a result which rules had a part in it.
    pub fn name_in(&self, result: &mut Value) {
        let names = self.names();
        if let (Value::Object(members), false) = (result, names.is_empty()) {
            members.insert("rule".to_owned(), Value::from(names.join(", ")));
        }
    }

    /// What is to be said behind a failure that came after so long.
    pub fn told(&self, after: Duration) -> String {
        let rewritten = self.written_by.iter().map(|name| format!(" (the rule `{name}` rewrote the call)"));
        let limiting = self.time_limit.iter().filter(|(time, _)| after >= *time);
        let limited = limiting.map(|(time, name)| format!(" (the rule `{name}` allows {} ms)", time.as_millis()));
        rewritten.chain(limited).collect()
    }

    fn names(&self) -> Vec<&str> {
        let limiting = self.time_limit.iter().map(|(_, name)| name).filter(|name| !self.written_by.contains(name));
        self.written_by.iter().chain(limiting).map(String::as_str).collect()
    }
}

impl<'a> Seen<'a> {
    fn of(call: Call<'a>, spec: &'a Spec, args: &Value) -> Self {
        let asked = Asked::of(spec, args);
        let dialect = call.workspace.source.dialect();
        let mut names: BTreeSet<String> = asked.texts.iter().flat_map(|(_, text)| guard::names(dialect, text)).collect();
        let is_sql = |name: &String| asked.texts.iter().any(|(sql, _)| sql == name);
        let others = args.as_object().into_iter().flatten().filter(|(name, _)| !is_sql(name));
        others.for_each(|(_, value)| collect_words(value, &mut names));
        Self { call, spec, text: args.to_string(), asked, names }
    }

    /// A schema is meant where it is named, or where a table is that stands in it. Rather too often than not often enough: a table of
    /// the same name in another schema counts, too.
    fn means_schema(&self, schema: &str, workspace: &Workspace) -> bool {
        let snapshot = &workspace.snapshot;
        let in_schema = snapshot.tables.iter().filter(|table| table.schema.eq_ignore_ascii_case(schema));
        self.names.contains(&schema.to_lowercase()) || in_schema.into_iter().any(|table| self.names.contains(&table.name.to_lowercase()))
    }
}

impl InForce {
    fn is_about(&self, seen: &Seen<'_>) -> bool {
        let Rule { caller, tool, source, schema, table, rewrite, .. } = &self.rule;
        let Call { workspace, caller: calling, .. } = seen.call;
        let spec = seen.spec;
        caller.as_ref().is_none_or(|caller| *caller == calling.provenance.author)
            && tool.as_ref().is_none_or(|tool| [spec.name].iter().chain(spec.aliases).any(|name| canonical(name) == canonical(tool)))
            && source.as_ref().is_none_or(|source| *source == workspace.key.0)
            && table.as_ref().is_none_or(|table| seen.names.contains(&table.to_lowercase()))
            && schema.as_ref().is_none_or(|schema| seen.means_schema(schema, workspace))
            && self.pattern.as_ref().is_none_or(|pattern| finds(pattern, seen, rewrite.is_some()))
    }

    fn hit(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.last_hit_at.store(now, Ordering::Relaxed);
    }
}

/// A pattern is found in the SQL as it is, or in its even form, so that blanks and comments hide nothing from it.
fn finds(pattern: &Regex, seen: &Seen<'_>, in_sql_alone: bool) -> bool {
    let dialect = seen.call.workspace.source.dialect();
    let in_sql = |text: &str| pattern.is_match(text) || guard::even(dialect, text).is_some_and(|even| pattern.is_match(&even));
    seen.asked.texts.iter().any(|(_, text)| in_sql(text)) || !in_sql_alone && pattern.is_match(&seen.text)
}

fn rewrite(args: &mut Value, seen: &Seen<'_>, pattern: &Regex, replacement: &str) {
    let dialect = seen.call.workspace.source.dialect();
    for (name, text) in &seen.asked.texts {
        let even = if pattern.is_match(text) { Some(text.clone()) } else { guard::even(dialect, text) };
        if let Some(text) = even.filter(|text| pattern.is_match(text)) {
            args[name] = Value::from(pattern.replace_all(&text, replacement).into_owned());
        }
    }
}

fn answered(answer: Value) -> Value {
    if answer.is_object() { answer } else { json!({ "answer": answer }) }
}

/// Every text in the value, whole and in words.
fn collect_words(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.extend(guard::words(text));
            into.insert(text.to_lowercase());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_words(item, into)),
        Value::Object(members) => members.values().for_each(|member| collect_words(member, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
