//! Which tools a client is offered. Whatever is offered, every tool can be called: a selection saves context, it forbids nothing.

use std::collections::BTreeSet;

use super::own;
use crate::tools::Registry;
use crate::tools::groups::{self, GROUPS};

const FEW: &str = "default";
const ALL: &str = "all";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// The handful that an assistant finds its way with.
    #[default]
    Few,
    All,
    /// Tools by their names.
    Named(BTreeSet<String>),
}

impl Selection {
    /// `default`, `all`, or names of groups and tools between commas.
    pub fn parse(text: &str, tools: &Registry) -> Result<Self, String> {
        let words: Vec<&str> = text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] | [FEW] => return Ok(Self::Few),
            [ALL] => return Ok(Self::All),
            _ => {}
        }
        let mut named = BTreeSet::new();
        for word in words {
            let of_group = tools.specs().filter(|spec| groups::of(spec.name) == Some(word)).map(|spec| spec.name);
            let before = named.len();
            named.extend(of_group.chain(tools.resolve(word)).chain(own::named(word)).map(str::to_owned));
            if named.len() == before && !named.contains(word) {
                return Err(format!(
                    "`{word}` is no group of tools; there are {FEW}, {ALL}, {}, and the names of tools",
                    GROUPS.join(", ")
                ));
            }
        }
        Ok(Self::Named(named))
    }

    pub fn holds(&self, tool: &str) -> bool {
        match self {
            Self::Few | Self::All => true,
            Self::Named(names) => names.contains(tool),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Settings;

    #[test]
    fn a_selection_is_words_between_commas() {
        let registry = Registry::standard(Settings::default());
        let parsed = |text: &str| Selection::parse(text, &registry);
        assert_eq!((parsed(""), parsed("default"), parsed(" all ")), (Ok(Selection::Few), Ok(Selection::Few), Ok(Selection::All)));
        let named = parsed("queries, list_tables, discovery_start").unwrap();
        for (tool, held) in
            [("run_sql_readonly", true), ("explain_sql", true), ("list_tables", true), ("discovery_start", true), ("sample_rows", false)]
        {
            assert_eq!(named.holds(tool), held, "{tool}");
        }
        let refused = parsed("queries,nothing").unwrap_err();
        assert!(refused.contains("`nothing`") && refused.contains("joins"), "{refused}");
    }
}
