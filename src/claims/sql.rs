//! Names in SQL, quoted for whose SQL it is. The statements themselves stand where they are used; all of them pass the guard.

use crate::source::Dialect;

/// The dialect of a snapshot's engine name.
pub fn dialect_of(engine: &str) -> Dialect {
    match engine {
        "mysql" | "mariadb" => Dialect::Mysql,
        "postgresql" | "postgres" => Dialect::Postgresql,
        _ => Dialect::Sqlite,
    }
}

/// Always quoted: a list of reserved words would be wrong for some version of some engine.
pub fn name(dialect: Dialect, name: &str) -> String {
    dialect.quoted(name)
}

pub fn table(dialect: Dialect, schema: &str, table: &str) -> String {
    format!("{}.{}", name(dialect, schema), name(dialect, table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_does_not_end_it() {
        assert_eq!(name(Dialect::Sqlite, "a\"b"), "\"a\"\"b\"");
        assert_eq!(name(Dialect::Mysql, "a`b"), "`a``b`");
        assert_eq!(table(Dialect::Postgresql, "shop", "order"), "\"shop\".\"order\"");
    }
}
