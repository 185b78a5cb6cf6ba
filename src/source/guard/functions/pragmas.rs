//! SQLite's pragmas that only read: the one list for the statement, the table function, and the session's own refusal.
//!
//! Invariant: the lists are sorted, in lower case, and hold nothing that changes a setting when it is asked so.

/// Whether the pragma may be asked, with the name of an object in brackets or without any.
pub fn is_allowed(name: &str, has_object: bool) -> bool {
    super::listed(if has_object { OF_AN_OBJECT } else { OF_ITSELF }, name)
}

#[rustfmt::skip]
const OF_ITSELF: &[&str] = &[
    "analysis_limit", "application_id", "auto_vacuum", "automatic_index", "busy_timeout", "cache_size", "cache_spill", "cell_size_check",
    "checkpoint_fullfsync", "collation_list", "compile_options", "data_version", "database_list", "defer_foreign_keys", "encoding",
    "foreign_keys", "freelist_count", "full_column_names", "fullfsync", "function_list", "hard_heap_limit", "ignore_check_constraints",
    "journal_mode", "journal_size_limit", "legacy_alter_table", "locking_mode", "max_page_count", "mmap_size", "module_list", "page_count",
    "page_size", "pragma_list", "query_only", "read_uncommitted", "recursive_triggers", "reverse_unordered_selects", "schema_version",
    "secure_delete", "short_column_names", "soft_heap_limit", "synchronous", "table_list", "temp_store", "threads", "trusted_schema",
    "user_version", "wal_autocheckpoint", "writable_schema",
];

#[rustfmt::skip]
const OF_AN_OBJECT: &[&str] =
    &["foreign_key_list", "index_info", "index_list", "index_xinfo", "table_info", "table_list", "table_xinfo"];

#[cfg(test)]
pub(super) const ALL: [&[&str]; 2] = [OF_ITSELF, OF_AN_OBJECT];
