//! How SQL that we compose is spelled where the dialects differ. What is composed passes the guard like any other text.

use super::Dialect;
use crate::domain::Table;

/// Some of a table's rows, as what stands after `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub from: String,
    /// In words, for who reads the figures.
    pub how: String,
}

impl Dialect {
    /// What stands in place of a masked value of a normalised type; a masked text says so, and what is no text is missing.
    pub fn masked(self, r#type: &str) -> &'static str {
        match (self, r#type) {
            (Self::Postgresql, "text") => "cast('***' as text)",
            (_, "text") => "'***'",
            (Self::Postgresql, "integer") => "cast(null as bigint)",
            (Self::Postgresql, "decimal") => "cast(null as numeric)",
            (Self::Postgresql, "float") => "cast(null as double precision)",
            (Self::Postgresql, "boolean") => "cast(null as boolean)",
            (Self::Postgresql, "date") => "cast(null as date)",
            (Self::Postgresql, "time") => "cast(null as time)",
            (Self::Postgresql, "timestamp") => "cast(null as timestamp)",
            (Self::Postgresql, "interval") => "cast(null as interval)",
            (Self::Postgresql, "blob") => "cast(null as bytea)",
            (Self::Postgresql, "json") => "cast(null as jsonb)",
            (Self::Postgresql, "uuid") => "cast(null as uuid)",
            (Self::Postgresql, _) => "cast(null as text)",
            _ => "null",
        }
    }

    /// A name as the database reads it, whatever is in it.
    pub fn quoted(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgresql => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
        }
    }

    pub fn as_text(self, value: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgresql => format!("cast({value} as text)"),
            Self::Mysql => format!("cast({value} as char)"),
        }
    }

    /// A value of a normalised type in a form that can be grouped and counted by distinct values.
    pub fn groupable(self, value: &str, r#type: &str) -> String {
        match (self, r#type) {
            // The elements of an array may be of any type.
            (Self::Postgresql, "json" | "other" | "array") => self.as_text(value),
            _ => value.to_owned(),
        }
    }

    /// In a form that has a smallest and a largest; none where only its length says something.
    pub fn orderable(self, value: &str, r#type: &str) -> Option<String> {
        match (self, r#type) {
            (_, "blob") => None,
            (Self::Postgresql, "json" | "other" | "boolean" | "uuid" | "array") => Some(self.as_text(value)),
            _ => Some(value.to_owned()),
        }
    }

    /// Of a text in characters, of a blob in bytes.
    pub fn length(self, value: &str, r#type: &str) -> String {
        match (self, r#type) {
            (Self::Postgresql, "text" | "blob") => format!("length({value})"),
            (Self::Postgresql, _) => format!("length({})", self.as_text(value)),
            (Self::Mysql, "blob") | (Self::Sqlite, _) => format!("length({value})"),
            (Self::Mysql, _) => format!("char_length({value})"),
        }
    }

    /// Whether a value is the empty text.
    pub fn is_empty(self, value: &str, r#type: &str) -> String {
        match (self, r#type) {
            (Self::Postgresql, "text") => format!("{value} = ''"),
            (Self::Postgresql, "json" | "other") => format!("{} = ''", self.as_text(value)),
            (Self::Mysql, "text" | "enum" | "other") | (Self::Sqlite, _) => format!("{value} = ''"),
            // An empty text equals a zero, or is an error, where the other side is no text.
            (Self::Postgresql | Self::Mysql, _) => "false".to_owned(),
        }
    }

    /// Of numbers, in a form that fits a number of ours.
    pub fn mean(self, value: &str, r#type: &str) -> String {
        match (self, r#type) {
            (Self::Postgresql, "integer" | "decimal") => format!("round(avg(cast({value} as numeric)), 6)"),
            _ => format!("avg({value})"),
        }
    }

    /// Whether values of these normalised types can be compared as they are; else as texts.
    pub fn compares(self, left: &str, right: &str) -> bool {
        let family = |r#type: &str| match r#type {
            "integer" | "decimal" | "float" => "number",
            "date" | "timestamp" => "time",
            "json" | "other" | "enum" | "array" => "",
            _ => "own",
        };
        match self {
            Self::Postgresql => !family(left).is_empty() && (left == right || (family(left) == family(right) && family(left) != "own")),
            Self::Sqlite | Self::Mysql => left == right || (left != "text" && right != "text"),
        }
    }

    /// About one row in `step` of a table of `quoted` name, the same ones each time; none where the database has no cheap way.
    pub fn sample(self, quoted: &str, table: &Table, step: u64) -> Option<Sample> {
        match self {
            Self::Sqlite => Some(Sample { from: format!("{quoted} where rowid % {step} = 0"), how: format!("every {step}th row") }),
            Self::Postgresql => Some(Sample {
                from: format!("{quoted} tablesample system ({:.6}) repeatable (1)", 100.0 / step as f64),
                how: format!("about 1 in {step} of the table's pages, by the database's own sampling"),
            }),
            Self::Mysql if table.primary_key.is_empty() => None,
            Self::Mysql => {
                let key: Vec<String> = table.primary_key.iter().map(|column| self.quoted(column)).collect();
                Some(Sample {
                    from: format!("{quoted} where crc32(concat_ws(',', {})) % {step} = 0", key.join(", ")),
                    how: format!("about 1 row in {step}, by a digest of the key"),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_does_not_end_it() {
        assert_eq!(Dialect::Sqlite.quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(Dialect::Mysql.quoted("a`b"), "`a``b`");
    }

    #[test]
    fn what_is_composed_passes_the_guard() {
        for dialect in [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mysql] {
            let table = Table { primary_key: vec!["a".to_owned(), "b".to_owned()], ..Table::default() };
            let sample = dialect.sample(&dialect.quoted("t"), &table, 30).map_or_else(|| dialect.quoted("t"), |sample| sample.from);
            for kind in ["integer", "text", "blob", "json", "boolean", "uuid", "other"] {
                let v = dialect.quoted("v");
                let figures = [
                    format!("count(distinct {})", dialect.groupable(&v, kind)),
                    format!("min({})", dialect.orderable(&v, kind).unwrap_or_else(|| "1".to_owned())),
                    format!("max({})", dialect.length(&v, kind)),
                    format!("sum(case when {} then 1 else 0 end)", dialect.is_empty(&v, kind)),
                    dialect.mean(&v, kind),
                ];
                let sql = format!("select {} from {sample}", figures.join(", "));
                crate::source::guard::check(dialect, &sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
            }
        }
    }

    #[test]
    fn types_of_one_family_are_compared_as_they_are() {
        let pg = Dialect::Postgresql;
        assert!(pg.compares("integer", "decimal") && pg.compares("date", "timestamp") && pg.compares("uuid", "uuid"));
        assert!(!pg.compares("integer", "text") && !pg.compares("enum", "enum") && !pg.compares("uuid", "text"));
        assert!(Dialect::Sqlite.compares("integer", "other") && !Dialect::Sqlite.compares("integer", "text"));
    }
}
