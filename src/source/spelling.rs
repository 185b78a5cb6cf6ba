//! How the dialects spell what tools compose, in one place.

use super::guard::Dialect;
use crate::domain::Table;

impl Dialect {
    /// A name as the database reads it, whatever is in it.
    pub fn quoted(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgresql => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// A value as text, so that `7` equals `'7'`.
    pub fn as_text(self, value: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgresql => format!("cast({value} as text)"),
            Self::Mysql => format!("cast({value} as char)"),
        }
    }

    /// The length of a text in characters.
    pub fn length(self, text: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgresql => format!("length({text})"),
            Self::Mysql => format!("char_length({text})"),
        }
    }

    /// A condition that about one row of `step` meets, the same ones each time; none where the table has nothing that tells its rows apart.
    pub fn is_one_of(self, table: &Table, step: u64) -> Option<String> {
        match self {
            Self::Sqlite | Self::Postgresql => Some(format!("rowid % {step} = 0")),
            Self::Mysql if table.primary_key.is_empty() => None,
            Self::Mysql => {
                let key: Vec<String> = table.primary_key.iter().map(|column| self.quoted(column)).collect();
                Some(format!("crc32(concat_ws(',', {})) % {step} = 0", key.join(", ")))
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
}
