//! Declared types of SQLite, which may be any words, as every engine would say them.

/// One of `integer`, `decimal`, `float`, `text`, `boolean`, `date`, `timestamp`, `blob`, `json`, `other`.
pub fn normalised(declared: &str) -> &'static str {
    let upper = declared.to_ascii_uppercase();
    let base = upper.split('(').next().unwrap_or_default().trim();
    let holds = |part: &str| base.contains(part);
    match base {
        "" | "ANY" => "other",
        "TIME" => "other",
        "INTERVAL" => "other",
        _ if holds("BOOL") || base == "BIT" => "boolean",
        _ if holds("JSON") => "json",
        _ if holds("TIMESTAMP") || holds("DATETIME") => "timestamp",
        _ if holds("DATE") => "date",
        _ if holds("POINT") => "other",
        _ if holds("INT") || holds("SERIAL") => "integer",
        _ if holds("CHAR") || holds("CLOB") || holds("TEXT") || holds("STRING") || holds("ENUM") || holds("UUID") => "text",
        _ if holds("BLOB") || holds("BINARY") || holds("BYTEA") || holds("IMAGE") => "blob",
        _ if holds("REAL") || holds("FLOA") || holds("DOUB") => "float",
        _ if holds("DEC") || holds("NUM") || holds("MONEY") => "decimal",
        "YEAR" => "integer",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn declared_types_are_read_as_people_mean_them() {
        for (declared, expect) in [
            ("INTEGER", "integer"),
            ("int unsigned", "integer"),
            ("NVARCHAR(160)", "text"),
            ("NUMERIC(10,2)", "decimal"),
            ("double precision", "float"),
            ("DATETIME", "timestamp"),
            ("date", "date"),
            ("", "other"),
            ("BLOB SUB_TYPE TEXT", "text"),
            ("tinyint(1)", "integer"),
            ("JSONB", "json"),
            ("bool", "boolean"),
        ] {
            assert_eq!(normalised(declared), expect, "{declared}");
        }
    }
}
