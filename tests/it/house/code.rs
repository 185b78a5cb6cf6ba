//! Rules of single files: header, length, names, unwraps, leftovers, metrics.

use super::Findings;
use super::text::{Source, line_of, words};

const MOST_LINES: usize = 400;
const EMPTY_NAMES: [&str; 4] = ["Manager", "Helper", "Util", "Handler"];

pub fn header(source: &Source) -> Findings {
    let first = source.whole.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//! ").is_some_and(|words| words.trim().len() >= 3);
    if says { Vec::new() } else { vec![format!("{}: opens with `{first}`, not with `//! ` and what it is", source.path)] }
}

/// Lines of code, comments included and tests not.
pub fn length(source: &Source) -> Findings {
    let inline_tests = source.whole.find("#[cfg(test)]\nmod ").filter(|at| source.whole[*at..].contains('{'));
    let counted = match inline_tests {
        _ if source.shipped.is_empty() => 0,
        Some(at) => line_of(&source.whole, at),
        None => source.whole.lines().count(),
    };
    if counted > MOST_LINES { vec![format!("{}: {counted} lines; at most {MOST_LINES}", source.path)] } else { Vec::new() }
}

pub fn unwraps(source: &Source) -> Findings {
    let found = source.shipped.match_indices(".unwrap()");
    found
        .map(|(at, _)| format!("{}:{}: `.unwrap()`; say with `expect` what must hold", source.path, line_of(&source.shipped, at)))
        .collect()
}

pub fn names(source: &Source) -> Findings {
    let kinds = ["struct ", "enum ", "trait ", "type "];
    let declared = kinds.into_iter().flat_map(|kind| words(&source.bare, kind).map(move |at| (at, at + kind.len())));
    declared
        .filter_map(|(at, from)| {
            let name: String = source.bare[from..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let empty = EMPTY_NAMES.into_iter().find(|word| name.contains(word))?;
            Some(format!("{}:{}: `{name}` holds `{empty}`, which says nothing", source.path, line_of(&source.bare, at)))
        })
        .collect()
}

pub fn leftovers(source: &Source) -> Findings {
    let later = [["TO", "DO"], ["FIX", "ME"]].map(|halves| halves.concat());
    let notes = later.iter().flat_map(|word| words(&source.whole, word).map(move |at| (word.clone(), line_of(&source.whole, at))));
    let macros = ["dbg!", "todo!", "unimplemented!"];
    let calls = macros.into_iter().flat_map(|word| words(&source.bare, word).map(move |at| (word.to_owned(), line_of(&source.bare, at))));
    notes.chain(calls).map(|(word, line)| format!("{}:{line}: `{word}`", source.path)).collect()
}

/// A metric that is named in a macro call must be one that the table describes.
pub fn metrics(source: &Source, known: &[&str]) -> Findings {
    let macros = ["counter!(", "gauge!(", "histogram!("];
    let calls = macros.into_iter().flat_map(|call| words(&source.whole, call).map(move |at| at + call.len()));
    calls
        .filter_map(|from| {
            let name = source.whole[from..].trim_start().strip_prefix('"')?.split('"').next()?;
            (!known.contains(&name))
                .then(|| format!("{}:{}: `{name}` is not in telemetry/names.rs", source.path, line_of(&source.whole, from)))
        })
        .collect()
}
