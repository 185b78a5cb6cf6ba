//! How SQL that we compose is spelled where the dialects differ. What is composed passes the guard like any other text.

use super::Dialect;
use crate::domain::{Table, TableKind};

/// How some of a table's rows can be read without reading all.
#[derive(Clone, Debug, PartialEq)]
pub enum Sampling {
    /// What stands after `from`; the database chooses the rows, the same ones each time.
    From { from: String, method: &'static str, how: String },
    /// Ranges of this key, a whole number, in which the rows are ordered.
    Ranges { key: String },
}

/// A table of at most so many bytes is read whole and sampled by rows, which is fairer than by pages.
const READ_WHOLE: u64 = 64 * 1024 * 1024;

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

    /// About `wanted` of a table's rows, the same ones each time; none where the database has no cheap way.
    pub fn sampling(self, table: &Table, wanted: u64) -> Option<Sampling> {
        let quoted = format!("{}.{}", self.quoted(&table.schema), self.quoted(&table.name));
        let has_samples = match table.kind {
            TableKind::Table | TableKind::PartitionedTable => true,
            TableKind::MaterializedView => self == Self::Postgresql,
            TableKind::ForeignTable | TableKind::View => false,
        };
        let rows = table.row_count.filter(|rows| *rows > 0);
        match self {
            _ if !has_samples => None,
            // A name that a column has taken means the column.
            Self::Sqlite => {
                let key = ["rowid", "_rowid_", "oid"].into_iter().find(|name| table.column(name).is_none())?;
                Some(Sampling::Ranges { key: key.to_owned() })
            }
            Self::Postgresql => {
                let percent = (100.0 * wanted as f64 / rows? as f64).min(100.0);
                let (way, method, unit) = match table.bytes {
                    Some(0..=READ_WHOLE) => ("bernoulli", "row_sample", "rows"),
                    _ => ("system", "page_sample", "pages"),
                };
                let from = format!("{quoted} tablesample {way} ({percent:.6}) repeatable (1)");
                Some(Sampling::From {
                    from,
                    method,
                    how: format!("about {percent:.3} % of the table's {unit}, by the database's own sampling"),
                })
            }
            Self::Mysql => match table.primary_key.as_slice() {
                [] => None,
                [key] if table.column(key).is_some_and(|column| column.r#type == "integer") => {
                    Some(Sampling::Ranges { key: self.quoted(key) })
                }
                key => {
                    let step = rows?.div_ceil(wanted.max(1)).max(2);
                    let key: Vec<String> = key.iter().map(|column| self.quoted(column)).collect();
                    let from = format!("{quoted} where crc32(concat_ws(',', {})) % {step} = 0", key.join(", "));
                    Some(Sampling::From { from, method: "key_digest", how: format!("about 1 row in {step}, by a digest of the key") })
                }
            },
        }
    }
}

/// Rows of a key's ranges, which lie evenly between its ends; of each range no more than `of_each`.
pub fn ranges(columns: &str, quoted_table: &str, key: &str, ends: (i64, i64), count: u64, of_each: u64) -> String {
    let (low, high) = (i128::from(ends.0), i128::from(ends.1));
    let edge = |at: u64| low + (high - low + 1) * i128::from(at) / i128::from(count);
    let range = |at: u64| {
        let (from, to) = (edge(at), edge(at + 1) - 1);
        format!(
            "select * from (select {columns} from {quoted_table} where {key} between {from} and {to} order by {key} limit {of_each}) as s{at}"
        )
    };
    (0..count).map(range).collect::<Vec<_>>().join(" union all ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Column;

    #[test]
    fn a_quote_in_a_name_does_not_end_it() {
        assert_eq!(Dialect::Sqlite.quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(Dialect::Mysql.quoted("a`b"), "`a``b`");
    }

    #[test]
    fn what_is_composed_passes_the_guard() {
        let column = |name: &str, kind: &str| Column { name: name.to_owned(), r#type: kind.to_owned(), ..Column::default() };
        let named = |key: &[&str], bytes: u64| Table {
            schema: "s".to_owned(),
            name: "t`\"".to_owned(),
            columns: vec![column("a", "integer"), column("b", "text")],
            primary_key: key.iter().map(|name| (*name).to_owned()).collect(),
            row_count: Some(1_000_000),
            bytes: Some(bytes),
            ..Table::default()
        };
        for dialect in [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mysql] {
            let quoted = dialect.quoted("t`\"");
            for table in [named(&["a"], 1), named(&["a", "b"], u64::MAX)] {
                let sql = match dialect.sampling(&table, 10_000) {
                    Some(Sampling::From { from, .. }) => format!("select {} from {from}", dialect.quoted("b")),
                    Some(Sampling::Ranges { key }) => ranges("*", &quoted, &key, (i64::MIN, i64::MAX), 32, 313),
                    None => panic!("{dialect:?} has no way"),
                };
                crate::source::guard::check(dialect, &sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
            }
            let sql = format!("select count(distinct {}) from {quoted}", dialect.groupable(&dialect.quoted("v"), "json"));
            crate::source::guard::check(dialect, &sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
            let view = Table { kind: TableKind::View, ..named(&["a"], 1) };
            assert_eq!(dialect.sampling(&view, 10), None);
        }
        assert_eq!(Dialect::Mysql.sampling(&named(&[], 1), 10), None);
    }

    #[test]
    fn ranges_touch_and_do_not_overlap() {
        let sql = ranges("*", "t", "k", (1, 10), 3, 2);
        let parts: Vec<&str> = sql.split("between ").skip(1).map(|part| part.split(" order").next().unwrap()).collect();
        assert_eq!(parts, ["1 and 3", "4 and 6", "7 and 10"]);
    }

    #[test]
    fn types_of_one_family_are_compared_as_they_are() {
        let pg = Dialect::Postgresql;
        assert!(pg.compares("integer", "decimal") && pg.compares("date", "timestamp") && pg.compares("uuid", "uuid"));
        assert!(!pg.compares("integer", "text") && !pg.compares("enum", "enum") && !pg.compares("uuid", "text"));
        assert!(Dialect::Sqlite.compares("integer", "other") && !Dialect::Sqlite.compares("integer", "text"));
    }
}
