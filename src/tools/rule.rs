//! A rule as it is written down: which calls it is about, and what it does to them.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::caller::canonical;

const MOST_RULES: usize = 1_000;
const NAME_CHARS: usize = 60;
const PATTERN_CHARS: usize = 1_000;
/// Of a pattern as it is compiled; together with its length it bounds what a match may cost.
const PATTERN_BYTES: usize = 1 << 20;

/// What stands in `[[rules]]`. A rule is about the calls for which all of its words hold; it needs none of them, and at least one action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    pub name: String,

    /// Who calls: an agent, a token, `outside`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// A registered name, or a DSN in its plain form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Calls that name the schema, or a table that stands in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Calls that name the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// A regular expression, found in the SQL or in the arguments as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,

    /// Refuses the call with this message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// Answers in place of the tool: an object, or a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// Replaces what the pattern finds in the SQL; `$1` or `${name}` stand for its groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<String>,
    /// Milliseconds that the call may take, where that is less than otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit_ms: Option<u64>,
    /// Writes a line to the log.
    pub log: bool,
    /// Goes on with the rules behind it.
    pub r#continue: bool,
}

/// What is wrong with the rules: where (`0.pattern`), and what; all of it. `tools` are the names that there are, aliases among them.
pub fn problems(rules: &[Rule], tools: &[&str]) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if rules.len() > MOST_RULES {
        wrong.push((String::new(), format!("{} rules are too many; {MOST_RULES} is the most", rules.len())));
    }
    for (place, rule) in rules.iter().enumerate() {
        let named = if rule.name.is_empty() { format!("number {}", place + 1) } else { format!("`{}`", rule.name) };
        let mut say = |key: &str, why: String| wrong.push((format!("{place}.{key}"), format!("the rule {named} {why}")));
        if rules[..place].iter().any(|before| before.name == rule.name && !rule.name.is_empty()) {
            say("name", "has the name of one before it; give it another".to_owned());
        }
        if let Some(tool) = rule.tool.as_deref().filter(|tool| !tools.iter().any(|known| canonical(known) == canonical(tool))) {
            say("tool", format!("is about the tool `{tool}`, which there is not; valid are: {}", tools.join(", ")));
        }
        rule.problems().into_iter().for_each(|(key, why)| say(key, why));
    }
    wrong
}

impl Rule {
    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        let plain = |sign: char| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_');
        if self.name.is_empty() || self.name.chars().count() > NAME_CHARS || !self.name.chars().all(plain) || self.name.trim() != self.name
        {
            wrong.push(("name", format!("needs a `name` of 1 to {NAME_CHARS} letters, digits, blanks, `-` and `_`")));
        }
        let ends = [self.block.is_some(), self.answer.is_some(), self.rewrite.is_some()].iter().filter(|given| **given).count();
        if ends == 0 && self.time_limit_ms.is_none() && !self.log {
            wrong.push(("name", "does nothing; give it one of `block`, `answer`, `rewrite`, `time_limit_ms`, `log`".to_owned()));
        }
        if ends > 1 {
            wrong.push(("name", "does too much; of `block`, `answer` and `rewrite` only one is valid".to_owned()));
        }
        if self.r#continue && (self.block.is_some() || self.answer.is_some()) {
            wrong.push(("continue", "ends the call, so nothing can go on; leave `continue` out".to_owned()));
        }
        if self.time_limit_ms == Some(0) {
            wrong.push(("time_limit_ms", "allows no time at all; valid is 1 or more".to_owned()));
        }
        if self.rewrite.is_some() && self.pattern.is_none() {
            wrong.push(("rewrite", "needs a `pattern` that finds what it replaces".to_owned()));
        }
        match self.regex() {
            Err(why) => wrong.push(("pattern", why)),
            Ok(None) => {}
            Ok(Some(regex)) => {
                let unknown = self.rewrite.iter().flat_map(|text| groups_of(text)).find(|group| !has_group(&regex, group));
                wrong.extend(unknown.map(|group| ("rewrite", unknown_group(&regex, &group))));
            }
        }
        if self.rewrite.as_ref().is_some_and(|text| text.chars().count() > PATTERN_CHARS) {
            wrong.push(("rewrite", format!("has a replacement of more than {PATTERN_CHARS} characters, which is the most")));
        }
        wrong
    }

    /// The pattern, ready to be used, or what is wrong with it.
    pub(super) fn regex(&self) -> Result<Option<Regex>, String> {
        let Some(pattern) = &self.pattern else { return Ok(None) };
        if pattern.chars().count() > PATTERN_CHARS {
            return Err(format!("has a pattern of more than {PATTERN_CHARS} characters, which is the most"));
        }
        let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build();
        built.map(Some).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "has a pattern that becomes too large; write it with fewer repetitions".to_owned(),
            error => {
                let told = error.to_string();
                let last = told.lines().last().unwrap_or_default().trim();
                format!("has a pattern that is no regular expression: {}", last.trim_start_matches("error: "))
            }
        })
    }
}

/// The groups that a replacement names.
fn groups_of(replacement: &str) -> Vec<String> {
    let mut groups = Vec::new();
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('$') {
            rest = behind;
        } else if let Some((group, behind)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            groups.push(group.to_owned());
            rest = behind;
        } else {
            let length = rest.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').unwrap_or(rest.len());
            groups.extend((length > 0).then(|| rest[..length].to_owned()));
        }
    }
    groups
}

fn has_group(regex: &Regex, group: &str) -> bool {
    match group.parse::<usize>() {
        Ok(number) => number < regex.captures_len(),
        Err(_) => regex.capture_names().flatten().any(|name| name == group),
    }
}

fn unknown_group(regex: &Regex, group: &str) -> String {
    let names = regex.capture_names().enumerate().map(|(number, name)| name.map_or_else(|| number.to_string(), str::to_owned));
    let valid = names.map(|name| format!("`${{{name}}}`")).collect::<Vec<_>>().join(", ");
    format!("names the group `{group}`, which its pattern does not have; valid are: {valid}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(value: Value) -> Rule {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_rule_that_is_sound_has_no_problem() {
        let rules = [
            json!({"name": "no pay", "schema": "hr", "block": "ask the office"}),
            json!({"name": "live", "tool": "sql.run", "pattern": "(?i)from (?P<t>orders)", "rewrite": "from live_${t} $$1", "continue": true}),
            json!({"name": "quick", "caller": "outside", "time_limit_ms": 5, "log": true}),
            json!({"name": "canned", "answer": {"rows": []}}),
        ];
        assert_eq!(problems(&rules.map(rule), &["run_sql_readonly", "sql.run"]), []);
    }

    #[test]
    fn all_problems_of_all_rules_are_told_each_with_its_rule() {
        let rules = [
            json!({"name": "", "log": true}),
            json!({"name": "idle"}),
            json!({"name": "idle", "block": "a", "answer": "b", "continue": true, "time_limit_ms": 0}),
            json!({"name": "open", "pattern": "a(b", "tool": "nope", "log": true}),
            json!({"name": "large", "pattern": "(\\w{50}){50}", "log": true}),
            json!({"name": "group", "pattern": "(a)(?P<b>c)", "rewrite": "$2x ${1}"}),
            json!({"name": "blind", "rewrite": "x"}),
        ];
        let found = problems(&rules.map(rule), &["list_tables"]);
        let said = |key: &str, words: &str| {
            let hits = found.iter().filter(|(found, why)| found == key && why.contains(words)).count();
            assert_eq!(hits, 1, "{key} {words} in {found:#?}");
        };
        said("0.name", "the rule number 1 needs a `name`");
        said("1.name", "the rule `idle` does nothing");
        said("2.name", "has the name of one before it");
        said("2.name", "only one is valid");
        said("2.continue", "leave `continue` out");
        said("2.time_limit_ms", "1 or more");
        said("3.pattern", "no regular expression: unclosed group");
        said("3.tool", "valid are: list_tables");
        said("4.pattern", "too large");
        said("5.rewrite", "names the group `2x`, which its pattern does not have; valid are: `${0}`, `${1}`, `${b}`");
        said("6.rewrite", "needs a `pattern`");
        assert_eq!(found.len(), 11, "{found:#?}");
    }
}
