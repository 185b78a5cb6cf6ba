//! Prompts: three ways to begin, for a person who picks one.

use std::collections::BTreeMap;

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};

struct Written {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Name, description, and whether it is needed.
    argument: (&'static str, &'static str, bool),
    /// With and without the argument, which stands in the place of `{}`.
    with: &'static str,
    without: &'static str,
}

const PROMPTS: [Written; 3] = [
    Written {
        name: "explore",
        title: "Explore this database",
        description: "What is in here, how it hangs together, and what is odd.",
        argument: ("topic", "What to look at first", false),
        with: "Explore this database with Fathom, beginning with: {}. Search the catalog, look at the tables that matter and how they join, and tell me in plain words what is there, what is surprising or wrong, and what I could ask. Name the evidence and say what is only a guess.",
        without: "Explore this database with Fathom. Search the catalog, look at the tables that matter and how they join, and tell me in plain words what is there, what is surprising or wrong, and what I could ask. Name the evidence and say what is only a guess.",
    },
    Written {
        name: "answer",
        title: "Answer a question from the data",
        description: "Finds the right tables and joins, runs the SQL, and shows it.",
        argument: ("question", "What you want to know", true),
        with: "Answer from the data: {}\n\nFind the tables and metrics for it in Fathom's catalog, take the joins from find_join_path and heed its warnings about rows that multiply, run the SQL, and check the number in a second way. Show the answer, the SQL, and what you assumed.",
        without: "",
    },
    Written {
        name: "review_findings",
        title: "Review what was found",
        description: "Goes through uncertain findings with you.",
        argument: ("kind", "Only findings of this kind: relationship, metric, domain, note", false),
        with: "Go with me through the findings of kind {} in Fathom's catalog that are drafts or uncertain, the most useful first. For each, show the evidence, check it with a query where you can, and say what you would do. I decide; you may not approve anything.",
        without: "Go with me through the findings in Fathom's catalog that are drafts or uncertain, the most useful first, and the open questions of the experts. For each, show the evidence, check it with a query where you can, and say what you would do. I decide; you may not approve anything.",
    },
];

pub fn all() -> Vec<Prompt> {
    let of = |written: &Written| {
        let (name, words, needed) = written.argument;
        let argument = PromptArgument::new(name).with_description(words).with_required(needed);
        Prompt::new(written.name, Some(written.description), Some(vec![argument])).with_title(written.title)
    };
    PROMPTS.iter().map(of).collect()
}

pub fn get(name: &str, given: &BTreeMap<String, String>) -> Result<GetPromptResult, ErrorData> {
    let Some(written) = PROMPTS.iter().find(|written| written.name == name) else {
        let names: Vec<&str> = PROMPTS.iter().map(|written| written.name).collect();
        return Err(ErrorData::invalid_params(format!("there is no prompt `{name}`; there are: {}", names.join(", ")), None));
    };
    let (argument, _, needed) = written.argument;
    if let Some(odd) = given.keys().find(|name| *name != argument) {
        return Err(ErrorData::invalid_params(format!("`{name}` takes no `{odd}`; it takes `{argument}`"), None));
    }
    let text = match given.get(argument).map(|text| text.trim()).filter(|text| !text.is_empty()) {
        Some(text) => written.with.replacen("{}", text, 1),
        None if needed => return Err(ErrorData::invalid_params(format!("`{name}` needs `{argument}`"), None)),
        None => written.without.to_owned(),
    };
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).with_description(written.description))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_say_what_they_need() {
        let given = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(all().len(), PROMPTS.len());
        assert!(get("nothing", &given(&[])).unwrap_err().message.contains("explore"));
        assert!(get("answer", &given(&[])).unwrap_err().message.contains("`question`"));
        assert!(get("answer", &given(&[("questoin", "x")])).unwrap_err().message.contains("`questoin`"));
        let text = |result: GetPromptResult| result.messages[0].content.as_text().unwrap().text.clone();
        assert!(text(get("answer", &given(&[("question", "who {} buys?")])).unwrap()).contains("who {} buys?"));
        assert!(!text(get("explore", &given(&[])).unwrap()).contains("{}"));
        assert!(text(get("explore", &given(&[("topic", "orders")])).unwrap()).contains("with: orders."));
    }
}
