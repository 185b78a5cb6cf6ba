//! Rules of what is beside the code: error pages, golden files, settings, agents, prompts, the README, the machine.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Findings;

/// Names that one side has and the other has not.
pub fn same(what: &str, left: &[String], right: &[String]) -> Findings {
    let (left, right): (BTreeSet<_>, BTreeSet<_>) = (left.iter().collect(), right.iter().collect());
    left.symmetric_difference(&right).map(|name| format!("{what}: `{name}`")).collect()
}

/// `a/b/name.md` gives `name`.
pub fn stems(paths: &[String]) -> Vec<String> {
    let stem = |path: &String| path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(stem, _)| stem.to_owned());
    paths.iter().filter_map(stem).collect()
}

/// Codes of the API's table: a text beside a status.
pub fn codes(api: &str) -> Vec<String> {
    let mut codes = BTreeSet::new();
    for (at, _) in api.match_indices('"') {
        let Some((text, rest)) = api[at + 1..].split_once('"') else { continue };
        let is_code = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let rest = rest.trim_start().strip_prefix(',').map(str::trim_start).unwrap_or_default();
        if is_code && (rest.starts_with("S::") || rest.starts_with("StatusCode::")) {
            codes.insert(text.to_owned());
        }
    }
    codes.into_iter().collect()
}

pub fn errors(codes: &[String], pages: &[(String, String)]) -> Findings {
    let paths: Vec<String> = pages.iter().map(|(path, _)| path.clone()).collect();
    let mut findings = same("an error code without a page, or a page without a code", codes, &stems(&paths));
    for (path, text) in pages {
        let stem = &stems(std::slice::from_ref(path))[0];
        if !text.starts_with(&format!("# {stem}\n")) || text.len() < 80 {
            findings.push(format!("{path}: must open with `# {stem}` and say what happened and what to do"));
        }
    }
    findings
}

/// The messages of all events, as `EventBody::message` gives them.
pub fn messages(event_rs: &str) -> Vec<String> {
    let body = event_rs.split_once("pub fn message(").map_or("", |(_, rest)| rest.split_once("\n    }\n").map_or(rest, |(body, _)| body));
    body.lines().filter_map(|line| Some(line.split_once("=> \"")?.1.split_once('"')?.0.to_owned())).collect()
}

/// Settings of the code that the file lacks, or has with another value.
pub fn settings(at: &str, code: &Value, file: &Value) -> Findings {
    match (code, file) {
        (Value::Object(members), _) if !members.is_empty() => {
            let below = |name: &String| if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let wanted = members.iter().filter(|(_, value)| !value.is_null());
            let mut findings: Findings = wanted.flat_map(|(name, value)| settings(&below(name), value, &file[name])).collect();
            let extra = file.as_object().into_iter().flatten().filter(|(name, _)| !members.contains_key(*name));
            findings.extend(extra.map(|(name, _)| format!("`{}` of config/default.toml is no setting", below(name))));
            findings
        }
        (_, Value::Null) => vec![format!("`{at}` is not in config/default.toml")],
        (code, file) => {
            let close = code.as_f64().zip(file.as_f64()).is_some_and(|(code, file)| (code - file).abs() < 1e-6);
            if code == file || close { Vec::new() } else { vec![format!("`{at}` is {file} in config/default.toml and {code} in the code")] }
        }
    }
}

pub fn prompts(prompts: &[(String, String)]) -> Findings {
    let mut environment = minijinja::Environment::new();
    let parsed = prompts.iter().map(|(path, text)| (path, environment.add_template_owned(path.clone(), text.clone())));
    parsed.filter_map(|(path, result)| Some(format!("{path}: {}", result.err()?))).collect()
}

pub fn agents(agents: &[(String, String)], prompts: &[(String, String)]) -> Findings {
    let mut findings = Findings::new();
    for (path, text) in agents {
        let agent: toml::Table = match text.parse() {
            Ok(agent) => agent,
            Err(error) => {
                findings.push(format!("{path}: {error}"));
                continue;
            }
        };
        let stem = &stems(std::slice::from_ref(path))[0];
        if agent.get("name").and_then(toml::Value::as_str) != Some(stem) {
            findings.push(format!("{path}: `name` must be `{stem}`"));
        }
        let named = agent.get("prompts").and_then(toml::Value::as_table).into_iter().flatten().filter_map(|(_, file)| file.as_str());
        let missing = named.filter(|file| !prompts.iter().any(|(path, _)| *path == format!("prompts/{file}")));
        findings.extend(missing.map(|file| format!("{path}: there is no prompt `{file}`")));
    }
    findings
}

/// The calls of `fathom` in a page's code blocks: the words behind it.
pub fn commands(page: &str) -> Vec<Vec<String>> {
    let mut inside = false;
    let mut lines: Vec<String> = Vec::new();
    let mut open_line = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            let text = line.trim_end_matches('\\').trim();
            match lines.last_mut() {
                Some(last) if open_line => *last += &format!(" {text}"),
                _ => lines.push(text.to_owned()),
            }
            open_line = line.ends_with('\\');
        }
    }
    let call = |line: &String| {
        let code = line.split(" # ").next().unwrap_or_default();
        let arguments = ["cargo run --release -- ", "fathom "].into_iter().find_map(|start| {
            let at = code.find(start)?;
            let begins = at == 0 || code[..at].ends_with([' ', '/', '(']);
            begins.then(|| &code[at + start.len()..])
        })?;
        Some(arguments.split(['|', '>', ';', '&', ')']).next()?.split_whitespace().map(str::to_owned).collect())
    };
    lines.iter().filter(|line| !line.starts_with('#')).filter_map(call).collect()
}

/// Calls whose command or flags the program's own help does not know.
pub fn unknown_commands(commands: &[Vec<String>], help: impl Fn(&[String]) -> Option<String>) -> Findings {
    let mut findings = Findings::new();
    for command in commands {
        let is_word = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
        let words: Vec<String> = command.iter().take_while(is_word).take(2).cloned().collect();
        let two_levels = words.first().is_some_and(|word| ["runs", "token"].contains(&word.as_str()));
        let path = &words[..words.len().min(if two_levels { 2 } else { 1 })];
        let Some(text) = help(path) else {
            findings.push(format!("`fathom {}` is no command", path.join(" ")));
            continue;
        };
        let flags = command.iter().filter(|word| word.starts_with("--")).map(|word| word.split('=').next().unwrap_or(word));
        let unknown = flags.filter(|flag| !text.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| word == *flag));
        findings.extend(unknown.map(|flag| format!("`fathom {}` has no `{flag}`", path.join(" "))));
    }
    findings
}

/// Relative links of a page that lead nowhere.
pub fn dead_links(page: &str, text: &str, exists: impl Fn(&str) -> bool) -> Findings {
    let links = text.match_indices("](").filter_map(|(at, _)| text[at + 2..].split(')').next());
    let relative = links.map(|link| link.split('#').next().unwrap_or(link)).filter(|link| !link.is_empty() && !link.contains("://"));
    relative.filter(|link| !link.starts_with('/') && !exists(link)).map(|link| format!("{page}: `{link}` is not there")).collect()
}

/// Paths of the machine that this was written on, and hosts of package registries.
pub fn machine(path: &str, text: &str) -> Findings {
    let paths = [["/wo", "rk/"], ["/ro", "ot/"], ["/home", "/user"]].map(|halves| halves.concat());
    let hosts = [
        ["index.cra", "tes.io"],
        ["static.cra", "tes.io"],
        ["registry.np", "mjs.org"],
        ["files.python", "hosted.org"],
        ["proxy.gol", "ang.org"],
    ];
    let hosts = hosts.map(|halves| halves.concat());
    let named = paths.iter().chain(&hosts).filter(|word| text.contains(word.as_str())).map(|word| format!("{path}: `{word}`"));
    // The lock file names where each package comes from; there is one public place.
    let public = ["registry", "+https://github.com/rust-lang/", "crates.io-index"].concat();
    let registries = ["registry+", "sparse+"].into_iter().flat_map(|start| text.match_indices(start).map(|(at, _)| &text[at..]));
    let strange =
        registries.filter(|from| from.contains("http") && from[..from.len().min(20)].contains("+http") && !from.starts_with(&public));
    named.chain(strange.map(|from| format!("{path}: `{}`", from.split(['"', '\n']).next().unwrap_or_default()))).collect()
}
