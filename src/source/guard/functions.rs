//! Which functions a read may call, a list a dialect: default deny, because a function can reach files, the network, locks and settings.
//!
//! Invariant: the lists are sorted, in lower case, and hold nothing that writes, waits, or reads outside the data.

use super::Dialect;

/// Whether the function may be called in an expression.
pub fn is_allowed(dialect: Dialect, name: &str) -> bool {
    let list = match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgresql => POSTGRESQL,
        Dialect::Mysql => MYSQL,
    };
    listed(list, name)
}

/// Whether the function may stand where a table stands.
pub fn is_allowed_as_table(dialect: Dialect, name: &str) -> bool {
    match dialect {
        Dialect::Sqlite => listed(SQLITE_TABLES, name),
        Dialect::Postgresql => listed(POSTGRESQL_TABLES, name),
        Dialect::Mysql => false,
    }
}

/// Whether a name without arguments reaches something else than a table: state of the connection, raw pages, credentials.
pub fn is_closed_relation(dialect: Dialect, schema: Option<&str>, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let schema = schema.map(str::to_ascii_lowercase);
    match dialect {
        Dialect::Sqlite => SQLITE_CLOSED.contains(&name.as_str()) || (name.starts_with("pragma_") && !listed(SQLITE_TABLES, &name)),
        Dialect::Postgresql => (schema.is_none() || schema.as_deref() == Some("pg_catalog")) && POSTGRESQL_CLOSED.contains(&name.as_str()),
        Dialect::Mysql => match schema.as_deref() {
            Some("mysql" | "performance_schema" | "sys") => true,
            Some("information_schema") => name == "processlist",
            _ => false,
        },
    }
}

fn listed(list: &[&str], name: &str) -> bool {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let lower = name.to_ascii_lowercase();
        return list.binary_search(&lower.as_str()).is_ok();
    }
    list.binary_search(&name).is_ok()
}

const SQLITE_CLOSED: &[&str] = &["bytecode", "dbstat", "sqlite_dbpage", "sqlite_memstat", "sqlite_stmt", "tables_used"];

const POSTGRESQL_CLOSED: &[&str] =
    &["pg_authid", "pg_file_settings", "pg_hba_file_rules", "pg_largeobject", "pg_shadow", "pg_stat_activity", "pg_user_mapping"];

/// SQLite: core, date, maths, JSON, FTS5 and window functions; the two JSON operators are functions to the authorizer.
#[rustfmt::skip]
const SQLITE: &[&str] = &[
    "->", "->>", "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "avg", "bm25", "ceil", "ceiling", "char",
    "coalesce", "concat", "concat_ws", "cos", "cosh", "count", "cume_dist", "current_date", "current_time", "current_timestamp", "date",
    "datetime", "degrees", "dense_rank", "exp", "first_value", "floor", "format", "glob", "group_concat", "hex", "highlight", "if",
    "ifnull", "iif", "instr", "json", "json_array", "json_array_insert", "json_array_length", "json_error_position", "json_extract",
    "json_group_array", "json_group_object", "json_insert", "json_object", "json_patch", "json_pretty", "json_quote", "json_remove",
    "json_replace", "json_set", "json_type", "json_valid", "jsonb", "jsonb_array", "jsonb_extract", "jsonb_group_array",
    "jsonb_group_object", "jsonb_insert", "jsonb_object", "jsonb_patch", "jsonb_remove", "jsonb_replace", "jsonb_set", "julianday",
    "lag", "last_value", "lead", "length", "like", "likelihood", "likely", "ln", "log", "log10", "log2", "lower", "ltrim", "match",
    "matchinfo", "max", "median", "min", "mod", "nth_value", "ntile", "nullif", "octet_length", "offsets", "percent_rank", "percentile",
    "percentile_cont", "percentile_disc", "pi", "pow", "power", "printf", "quote", "radians", "random", "randomblob", "rank", "regexp",
    "replace", "round", "row_number", "rtrim", "sign", "sin", "sinh", "snippet", "soundex", "sqlite_compileoption_get",
    "sqlite_compileoption_used", "sqlite_source_id", "sqlite_version", "sqrt", "strftime", "string_agg", "substr", "substring",
    "subtype", "sum", "tan", "tanh", "time", "timediff", "total", "trim", "trunc", "typeof", "unhex", "unicode", "unistr",
    "unistr_quote", "unixepoch", "unlikely", "upper", "zeroblob",
];

/// SQLite's table-valued functions.
#[rustfmt::skip]
const SQLITE_TABLES: &[&str] = &[
    "json_each", "json_tree", "jsonb_each", "jsonb_tree", "pragma_collation_list", "pragma_compile_options", "pragma_database_list",
    "pragma_foreign_key_list", "pragma_function_list", "pragma_index_info", "pragma_index_list", "pragma_index_xinfo",
    "pragma_module_list", "pragma_pragma_list", "pragma_table_info", "pragma_table_list", "pragma_table_xinfo",
];

/// PostgreSQL.
#[rustfmt::skip]
const POSTGRESQL: &[&str] = &[
    "abs", "acos", "age", "array", "array_agg", "array_append", "array_cat", "array_length", "array_lower", "array_position",
    "array_positions", "array_prepend", "array_remove", "array_replace", "array_to_string", "array_upper", "ascii", "asin", "atan",
    "atan2", "avg", "bit_and", "bit_length", "bit_or", "bool_and", "bool_or", "btrim", "cardinality", "cbrt", "ceil", "ceiling", "char",
    "char_length", "character_length", "chr", "clock_timestamp", "coalesce", "col_description", "concat", "concat_ws", "corr", "cos",
    "count", "covar_pop", "covar_samp", "cume_dist", "current_catalog", "current_database", "current_date", "current_schema",
    "current_schemas", "current_time", "current_timestamp", "current_user", "date_bin", "date_part", "date_trunc", "decode", "degrees",
    "dense_rank", "div", "encode", "every", "exp", "extract", "factorial", "first_value", "floor", "format", "format_type", "gcd",
    "gen_random_uuid", "generate_series", "generate_subscripts", "get_bit", "get_byte", "greatest", "group_concat", "grouping",
    "has_column_privilege", "has_schema_privilege", "has_table_privilege", "ifnull", "initcap", "instr", "isfinite", "json_agg",
    "json_array_elements", "json_array_elements_text", "json_array_length", "json_build_array", "json_build_object", "json_each",
    "json_each_text", "json_extract_path", "json_extract_path_text", "json_object_agg", "json_object_keys", "json_strip_nulls",
    "json_typeof", "jsonb_agg", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length", "jsonb_build_array",
    "jsonb_build_object", "jsonb_each", "jsonb_each_text", "jsonb_exists", "jsonb_extract_path", "jsonb_extract_path_text",
    "jsonb_object_agg", "jsonb_object_keys", "jsonb_path_exists", "jsonb_path_query", "jsonb_path_query_array",
    "jsonb_path_query_first", "jsonb_pretty", "jsonb_set", "jsonb_strip_nulls", "jsonb_typeof", "justify_days", "justify_hours",
    "justify_interval", "lag", "last_value", "lcm", "lead", "least", "left", "length", "ln", "localtime", "localtimestamp", "log",
    "log10", "log2", "lower", "lpad", "ltrim", "make_date", "make_interval", "make_time", "make_timestamp", "make_timestamptz", "max",
    "md5", "min", "min_scale", "mod", "mode", "now", "nth_value", "ntile", "nullif", "num_nonnulls", "num_nulls", "obj_description",
    "octet_length", "overlay", "percent_rank", "percentile_cont", "percentile_disc", "pg_column_size", "pg_get_constraintdef",
    "pg_get_expr", "pg_get_functiondef", "pg_get_indexdef", "pg_get_userbyid", "pg_get_viewdef", "pg_relation_size", "pg_size_pretty",
    "pg_table_is_visible", "pg_table_size", "pg_total_relation_size", "pg_typeof", "phraseto_tsquery", "pi", "plainto_tsquery",
    "position", "pow", "power", "quote_ident", "quote_literal", "quote_nullable", "radians", "random", "range_agg", "rank",
    "regexp_count", "regexp_instr", "regexp_like", "regexp_match", "regexp_matches", "regexp_replace", "regexp_split_to_array",
    "regexp_split_to_table", "regexp_substr", "regr_count", "regr_intercept", "regr_r2", "regr_slope", "repeat", "replace", "reverse",
    "right", "round", "row", "row_number", "row_to_json", "rpad", "rtrim", "scale", "session_user", "sha224", "sha256", "sha384",
    "sha512", "shobj_description", "sign", "similarity", "sin", "split_part", "sqrt", "starts_with", "statement_timestamp", "stddev",
    "stddev_pop", "stddev_samp", "string_agg", "string_to_array", "string_to_table", "strpos", "substr", "substring", "sum", "tan",
    "timezone", "to_char", "to_date", "to_hex", "to_json", "to_jsonb", "to_number", "to_regclass", "to_regtype", "to_timestamp",
    "to_tsquery", "to_tsvector", "transaction_timestamp", "translate", "trim", "trim_scale", "trunc", "ts_headline", "ts_rank",
    "unnest", "upper", "user", "var_pop", "var_samp", "variance", "version", "websearch_to_tsquery", "width_bucket", "xmlagg",
    "xmlattributes", "xmlelement", "xmlforest",
];

/// PostgreSQL's functions that return sets.
#[rustfmt::skip]
const POSTGRESQL_TABLES: &[&str] = &[
    "generate_series", "generate_subscripts", "json_array_elements", "json_array_elements_text", "json_each", "json_each_text",
    "json_object_keys", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_each", "jsonb_each_text", "jsonb_object_keys",
    "jsonb_path_query", "regexp_matches", "regexp_split_to_table", "string_to_table", "unnest",
];

/// MySQL and MariaDB.
#[rustfmt::skip]
const MYSQL: &[&str] = &[
    "abs", "acos", "adddate", "addtime", "any_value", "ascii", "asin", "atan", "atan2", "avg", "bin", "bin_to_uuid", "bit_and",
    "bit_count", "bit_length", "bit_or", "bit_xor", "cast", "ceil", "ceiling", "char", "char_length", "character_length", "charset",
    "coalesce", "coercibility", "collation", "concat", "concat_ws", "connection_id", "conv", "convert", "convert_tz", "cos", "cot",
    "count", "crc32", "cume_dist", "curdate", "current_date", "current_time", "current_timestamp", "current_user", "curtime",
    "database", "date", "date_add", "date_format", "date_sub", "datediff", "day", "dayname", "dayofmonth", "dayofweek", "dayofyear",
    "degrees", "dense_rank", "elt", "exp", "export_set", "extract", "extractvalue", "field", "find_in_set", "first_value", "floor",
    "format", "format_bytes", "from_base64", "from_days", "from_unixtime", "get_format", "greatest", "group_concat", "grouping", "hex",
    "hour", "if", "ifnull", "inet6_aton", "inet6_ntoa", "inet_aton", "inet_ntoa", "insert", "instr", "interval", "is_ipv4", "is_ipv6",
    "is_uuid", "isnull", "json_array", "json_array_append", "json_array_insert", "json_arrayagg", "json_contains", "json_contains_path",
    "json_depth", "json_exists", "json_extract", "json_insert", "json_keys", "json_length", "json_merge_patch", "json_merge_preserve",
    "json_object", "json_objectagg", "json_overlaps", "json_pretty", "json_query", "json_quote", "json_remove", "json_replace",
    "json_search", "json_set", "json_storage_size", "json_type", "json_unquote", "json_valid", "json_value", "lag", "last_day",
    "last_value", "lcase", "lead", "least", "left", "length", "ln", "localtime", "localtimestamp", "locate", "log", "log10", "log2",
    "lower", "lpad", "ltrim", "makedate", "maketime", "max", "md5", "median", "microsecond", "mid", "min", "minute", "mod", "month",
    "monthname", "now", "nth_value", "ntile", "nullif", "oct", "octet_length", "ord", "percent_rank", "percentile_cont",
    "percentile_disc", "period_add", "period_diff", "pi", "position", "pow", "power", "quarter", "quote", "radians", "rand", "random",
    "rank", "regexp_instr", "regexp_like", "regexp_replace", "regexp_substr", "repeat", "replace", "reverse", "right", "round", "row",
    "row_number", "rpad", "rtrim", "schema", "sec_to_time", "second", "session_user", "sha", "sha1", "sha2", "sign", "sin", "soundex",
    "space", "sqrt", "std", "stddev", "stddev_pop", "stddev_samp", "str_to_date", "strcmp", "subdate", "substr", "substring",
    "substring_index", "subtime", "sum", "sysdate", "system_user", "tan", "time", "time_format", "time_to_sec", "timediff", "timestamp",
    "timestampadd", "timestampdiff", "to_base64", "to_days", "to_seconds", "trim", "truncate", "ucase", "unhex", "unix_timestamp",
    "upper", "user", "utc_date", "utc_time", "utc_timestamp", "uuid", "uuid_to_bin", "values", "var_pop", "var_samp", "variance",
    "version", "week", "weekday", "weekofyear", "weight_string", "year", "yearweek",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_so_that_the_search_finds() {
        for list in [SQLITE, SQLITE_TABLES, POSTGRESQL, POSTGRESQL_TABLES, MYSQL] {
            assert!(list.is_sorted());
            assert!(list.iter().all(|name| *name == name.to_lowercase()));
        }
    }
}
