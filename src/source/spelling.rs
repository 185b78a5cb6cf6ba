//! How the dialects spell what tools compose, in one place.

use super::guard::Dialect;

impl Dialect {
    /// A name as the database reads it, whatever is in it.
    pub fn quoted(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgresql => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
        }
    }
}
