//! Tools by what they are for, so that a client can take the ones that it needs.

/// All groups; those of one name are listed together.
pub const GROUPS: [&str; 8] = ["sources", "data", "queries", "joins", "catalog", "discovery", "agent", "findings"];

/// The group of a tool, by its own name; none where it stands in no group, which a test forbids.
pub fn of(tool: &str) -> Option<&'static str> {
    Some(match tool {
        "list_targets" | "list_schemas" | "list_tables" | "describe_table" | "get_constraints" => "sources",
        "table_profile" | "column_profile" | "sample_rows" | "sample_distinct" => "data",
        "run_sql_readonly" | "explain_sql" => "queries",
        "suggest_joins" | "find_reference_candidates" | "find_join_path" => "joins",
        "catalog_upsert" | "catalog_get" | "catalog_search" | "catalog_sql" | "catalog_list" | "catalog_merge" | "catalog_delete"
        | "catalog_verify" => "catalog",
        "discovery.run_static" | "catalog_init" | "catalog_get_object" | "catalog_list_objects" | "catalog_get_relationships" => {
            "discovery"
        }
        _ if tool.starts_with("agent.") => "agent",
        _ if tool.starts_with("llm.") => "findings",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::{Registry, Settings};

    #[test]
    fn every_tool_stands_in_a_group() {
        let registry = Registry::standard(Settings::default());
        for spec in registry.specs() {
            assert!(of(spec.name).is_some_and(|group| GROUPS.contains(&group)), "`{}` is in no group", spec.name);
        }
        for group in GROUPS {
            assert!(registry.specs().any(|spec| of(spec.name) == Some(group)), "there is nothing in `{group}`");
        }
    }
}
