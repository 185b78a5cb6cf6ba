//! Declared types of MySQL, as every engine would say them, and what else a declaration holds.

/// One of the words of [`crate::domain::Column::type`](crate::domain::Column).
pub fn normalised(declared: &str) -> &'static str {
    let end = declared.find(|sign: char| !sign.is_ascii_alphanumeric()).unwrap_or(declared.len());
    let (base, rest) = declared.split_at(end);
    let width = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(width, _)| width);
    match (base.to_ascii_lowercase().as_str(), width) {
        ("tinyint" | "bit", Some("1")) => "boolean",
        ("tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "year" | "bit", _) => "integer",
        ("decimal" | "numeric", _) => "decimal",
        ("float" | "double" | "real", _) => "float",
        ("char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "set", _) => "text",
        ("enum", _) => "enum",
        ("date", _) => "date",
        ("time", _) => "time",
        ("datetime" | "timestamp", _) => "timestamp",
        ("binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob", _) => "blob",
        ("json", _) => "json",
        ("uuid", _) => "uuid",
        _ => "other",
    }
}

/// The values of an enum or set, in their order.
pub fn listed_values(declared: &str) -> Vec<String> {
    let inside = declared.split_once('(').filter(|(base, _)| base.eq_ignore_ascii_case("enum") || base.eq_ignore_ascii_case("set"));
    let Some((_, list)) = inside else { return Vec::new() };
    let mut values = Vec::new();
    let mut signs = list.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign != '\'' {
            continue;
        }
        let mut value = String::new();
        while let Some(sign) = signs.next() {
            // A doubled quote is one of the value.
            if sign == '\'' && signs.next_if_eq(&'\'').is_none() {
                break;
            }
            value.push(sign);
        }
        values.push(value);
    }
    values
}

/// A default of MySQL, which says literals without their quotes, in SQL; MariaDB says SQL already.
pub fn default_in_sql(value: &str, declared: &str, is_expression: bool) -> String {
    let is_plain = is_expression
        || value.parse::<f64>().is_ok() && matches!(normalised(declared), "boolean" | "integer" | "decimal" | "float")
        || value.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP")
        || value.starts_with("b'");
    if is_plain { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_read_as_people_mean_them() {
        for (declared, expect) in [
            ("int(10) unsigned", "integer"),
            ("bigint unsigned", "integer"),
            ("tinyint(1)", "boolean"),
            ("tinyint(4)", "integer"),
            ("decimal(65,30)", "decimal"),
            ("double", "float"),
            ("enum('a','b')", "enum"),
            ("set('x')", "text"),
            ("datetime(6)", "timestamp"),
            ("time", "time"),
            ("year(4)", "integer"),
            ("bit(1)", "boolean"),
            ("bit(8)", "integer"),
            ("varbinary(16)", "blob"),
            ("json", "json"),
            ("uuid", "uuid"),
            ("inet6", "other"),
            ("point", "other"),
        ] {
            assert_eq!(normalised(declared), expect, "{declared}");
        }
    }

    #[test]
    fn values_of_an_enum_keep_their_quotes_and_commas() {
        assert_eq!(listed_values("enum('a','it''s','x,y','')"), ["a", "it's", "x,y", ""]);
        assert_eq!(listed_values("set('one')"), ["one"]);
        assert!(listed_values("varchar(10)").is_empty());
    }

    #[test]
    fn a_default_without_quotes_gets_them() {
        assert_eq!(default_in_sql("it's", "varchar(9)", false), "'it''s'");
        assert_eq!(default_in_sql("5", "varchar(9)", false), "'5'");
        assert_eq!(default_in_sql("5", "int", false), "5");
        assert_eq!(default_in_sql("CURRENT_TIMESTAMP(6)", "datetime(6)", false), "CURRENT_TIMESTAMP(6)");
        assert_eq!(default_in_sql("uuid()", "char(36)", true), "uuid()");
    }
}
