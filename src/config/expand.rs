//! `${NAME}` in the texts of a user's file, so that a file can be shared and its secrets not. `$${NAME}` stays as it is, without one `$`.

use figment::value::{Dict, Value};

use super::environment::Surroundings;
use super::problem::Problem;

/// Fills in the variables everywhere; a name that is not set is a problem and stays as it was written.
pub(super) fn expand(values: &mut Dict, origin: &str, around: &Surroundings, problems: &mut Vec<Problem>) {
    for (name, value) in values.iter_mut() {
        expand_value(value, name, origin, around, problems);
    }
}

fn expand_value(value: &mut Value, key: &str, origin: &str, around: &Surroundings, problems: &mut Vec<Problem>) {
    match value {
        Value::String(_, text) if text.contains("${") => match expanded(text, around) {
            Ok(full) => *text = full,
            Err(reason) => problems.push(Problem::new(key, origin, reason)),
        },
        Value::Dict(_, members) => {
            for (name, member) in members.iter_mut() {
                expand_value(member, &format!("{key}.{name}"), origin, around, problems);
            }
        }
        Value::Array(_, items) => {
            for (position, item) in items.iter_mut().enumerate() {
                expand_value(item, &format!("{key}.{position}"), origin, around, problems);
            }
        }
        _ => {}
    }
}

fn expanded(text: &str, around: &Surroundings) -> Result<String, String> {
    let mut full = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        let end = from.find('}').ok_or_else(|| format!("`{from}` has no closing `}}`"))?;
        if let Some(literal) = before.strip_suffix('$') {
            full.push_str(literal);
            full.push_str(&from[..=end]);
        } else {
            let name = &from[2..end];
            full.push_str(before);
            full.push_str(
                around
                    .variable(name)
                    .ok_or_else(|| format!("the variable `{name}` is not set; set it, or write `$${{{name}}}` for the text itself"))?,
            );
        }
        rest = &from[end + 1..];
    }
    full.push_str(rest);
    Ok(full)
}
