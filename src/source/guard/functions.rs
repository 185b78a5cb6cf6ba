//! Which functions a read may call and which tables it may not open, a list a dialect: default deny, because a function can reach files,
//! the network, locks and settings.
//!
//! Invariant: the lists are sorted, in lower case, and hold nothing that writes, waits, or reads outside the data.

mod mysql;
pub mod postgresql;
pub mod pragmas;
mod sqlite;

use super::Dialect;
use super::lex::{Kind, Token};
use super::reader::Path;

/// Whether a function of that name may be called; the names are the engine's own.
pub fn is_allowed(dialect: Dialect, name: &str) -> bool {
    let list = match dialect {
        Dialect::Sqlite => sqlite::CALLED,
        Dialect::Postgresql => postgresql::CALLED,
        Dialect::Mysql => mysql::CALLED,
    };
    listed(list, name)
}

/// Whether what is written there calls one of these, and not a function that a user has made.
pub fn is_allowed_call(dialect: Dialect, path: Path<'_>) -> bool {
    is_own(dialect, path) && is_allowed(dialect, path.last.text)
}

/// Whether the function may stand where a table stands.
pub fn is_allowed_as_table(dialect: Dialect, path: Path<'_>) -> bool {
    let name = path.last.text;
    match dialect {
        Dialect::Sqlite => {
            path.schema.is_none() && (listed(sqlite::TABLES, name) || pragma(name).is_some_and(|name| pragmas::is_allowed(name, true)))
        }
        Dialect::Postgresql => is_allowed_call(dialect, path),
        Dialect::Mysql => false,
    }
}

/// Whether a name without arguments reaches something else than a table: state of the connection, raw pages, credentials.
pub fn is_closed_relation(dialect: Dialect, schema: Option<&str>, name: &str) -> bool {
    let schema_is = |known: &str| schema.is_some_and(|schema| schema.eq_ignore_ascii_case(known));
    match dialect {
        Dialect::Sqlite => {
            listed(sqlite::CLOSED, name)
                || pragma(name).is_some_and(|name| !pragmas::is_allowed(name, false) && !pragmas::is_allowed(name, true))
        }
        Dialect::Postgresql => {
            (schema.is_none() || schema_is("pg_catalog") || schema_is("information_schema")) && listed(postgresql::CLOSED, name)
        }
        Dialect::Mysql => {
            schema.is_some_and(|schema| listed(mysql::CLOSED_SCHEMAS, schema))
                || schema_is("information_schema") && listed(mysql::CLOSED, name)
        }
    }
}

/// Whether a function says which objects there are, or what they are made of, without reading their rows.
pub fn tells_of_objects(dialect: Dialect, name: &str) -> bool {
    match dialect {
        Dialect::Sqlite => pragma(name).is_some(),
        Dialect::Postgresql => {
            let name = name.to_ascii_lowercase();
            let is_of_catalog = ["pg_", "to_reg", "has_"].iter().any(|start| name.starts_with(start));
            is_of_catalog && !listed(postgresql::OF_VALUES, &name) || is_type_of_objects(&name) || listed(postgresql::OF_OBJECTS, &name)
        }
        Dialect::Mysql => false,
    }
}

/// PostgreSQL's types that show a number as an object's name, and arrays of these.
pub fn is_type_of_objects(name: &str) -> bool {
    listed(postgresql::TYPES_OF_OBJECTS, name.trim_start_matches('_'))
}

fn is_own(dialect: Dialect, path: Path<'_>) -> bool {
    let Path { schema, last } = path;
    let is_lower = !last.text.bytes().any(|byte| byte.is_ascii_uppercase());
    match dialect {
        Dialect::Sqlite => schema.is_none(),
        // In quotes, capitals make another name.
        Dialect::Postgresql => {
            let is_catalog = |schema: Token<'_>| schema.is_word("pg_catalog") || schema.kind == Kind::Name && schema.text == "pg_catalog";
            schema.is_none_or(is_catalog) && (last.kind == Kind::Word || last.kind == Kind::Name && is_lower)
        }
        // In quotes, even the name of a keyword is a user's function.
        Dialect::Mysql => schema.is_none() && last.kind == Kind::Word,
    }
}

fn pragma(table: &str) -> Option<&str> {
    let (start, name) = table.split_at_checked("pragma_".len())?;
    start.eq_ignore_ascii_case("pragma_").then_some(name)
}

fn listed(list: &[&str], name: &str) -> bool {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let lower = name.to_ascii_lowercase();
        return list.binary_search(&lower.as_str()).is_ok();
    }
    list.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_so_that_the_search_finds() {
        let lists = [
            sqlite::CALLED,
            sqlite::TABLES,
            sqlite::CLOSED,
            postgresql::CALLED,
            postgresql::CLOSED,
            postgresql::OF_VALUES,
            postgresql::OF_OBJECTS,
            postgresql::TYPES_OF_OBJECTS,
            mysql::CALLED,
            mysql::CLOSED,
        ];
        for list in lists.into_iter().chain([mysql::CLOSED_SCHEMAS]).chain(pragmas::ALL) {
            assert!(list.is_sorted_by(|left, right| left < right));
            assert!(list.iter().all(|name| *name == name.to_lowercase()));
        }
    }
}
