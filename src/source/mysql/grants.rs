//! What the reading user may do, as `show grants` says it: for the table's privileges, and for a warning where it is more than reading.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Row};

use super::engine::Kind;
use super::session::Session;
use super::value;

/// Rights that change no data, no structure and no user.
const READING: [&str; 10] = [
    "usage",
    "select",
    "show view",
    "show databases",
    "show create routine",
    "process",
    "references",
    "replication client",
    "binlog monitor",
    "execute",
];

/// Those that are told of each table.
const CHANGING: [&str; 5] = ["alter", "delete", "drop", "insert", "update"];

const RIGHTS_TOLD: usize = 12;

pub struct Grants {
    user: String,
    schema: String,
    grants: Vec<Grant>,
}

#[derive(Debug, PartialEq)]
struct Grant {
    rights: Vec<String>,
    /// A pattern as for `like`; none for all.
    schema: Option<String>,
    table: Option<String>,
}

pub async fn read(session: &mut Session) -> Result<Grants, sqlx::Error> {
    let row = sqlx::query("select current_user(), database()").fetch_one(&mut session.connection).await?;
    let (user, schema) = (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
    let sql = match session.engine.kind {
        // A role's rights are told only where it is named.
        Kind::Mysql => {
            let row = sqlx::query("select current_role()").fetch_one(&mut session.connection).await?;
            match row.try_get_unchecked::<String, _>(0)? {
                none if none.eq_ignore_ascii_case("none") => "show grants".to_owned(),
                roles => format!("show grants for current_user() using {roles}"),
            }
        }
        Kind::Mariadb | Kind::OldMysql => "show grants".to_owned(),
    };
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut session.connection).await?;
    let lines = rows.iter().filter_map(|row| value::bytes(row, 0).ok().flatten());
    let grants = lines.filter_map(|line| Grant::parse(&String::from_utf8_lossy(line))).collect();
    Ok(Grants { user, schema, grants })
}

impl Grants {
    /// What may be done to a table beyond reading it.
    pub fn on(&self, table: &str) -> Vec<String> {
        let reaching = self.here().filter(|grant| grant.table.as_deref().is_none_or(|name| name == table));
        let rights: BTreeSet<&str> = reaching.flat_map(|grant| grant.rights.iter().map(String::as_str)).collect();
        let is_held = |right: &&str| rights.contains(right) || rights.contains("all privileges");
        CHANGING.into_iter().filter(is_held).map(str::to_owned).collect()
    }

    pub fn warnings(&self) -> Vec<String> {
        let rights: BTreeSet<&str> = self.here().flat_map(|grant| grant.rights.iter().map(String::as_str)).collect();
        let beyond: Vec<&str> = rights.into_iter().filter(|right| !READING.contains(right)).collect();
        let mut warnings = Vec::new();
        if !beyond.is_empty() {
            let mut told = beyond[..beyond.len().min(RIGHTS_TOLD)].join(", ");
            if beyond.len() > RIGHTS_TOLD {
                told.push_str(&format!(" and {} more", beyond.len() - RIGHTS_TOLD));
            }
            warnings.push(format!(
                "the user `{}` may do more in `{}` than read: {told}; every session here is read-only, a user with `select` and `show view` alone is safer",
                self.user, self.schema
            ));
        }
        let reaches_files = self
            .grants
            .iter()
            .any(|grant| grant.schema.is_none() && grant.rights.iter().any(|right| right == "file" || right == "all privileges"));
        if reaches_files {
            warnings.push(format!(
                "the user `{}` may read and write files of the server (`file`), which a read-only session does not stop; take the right away",
                self.user
            ));
        }
        warnings
    }

    fn here(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(|grant| grant.schema.as_deref().is_none_or(|pattern| is_like(&self.schema, pattern)))
    }
}

impl Grant {
    /// Of lines such as ``GRANT SELECT, INSERT (`a`) ON `shop`.* TO `me`@`%` WITH GRANT OPTION``; roles and routines say nothing of tables.
    fn parse(line: &str) -> Option<Self> {
        let (rights, rest) = outside_quotes(line.strip_prefix("GRANT ")?, " ON ")?;
        let (scope, whom) = outside_quotes(rest, " TO ")?;
        let (schema, table) = outside_quotes(scope, ".")?;
        let named = |name: &str| name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).map(|name| name.replace("``", "`"));
        if (schema != "*" && named(schema).is_none()) || (table != "*" && named(table).is_none()) {
            return None;
        }
        let mut list: Vec<String> = Vec::new();
        let mut rest = rights;
        // Some servers write a blank after the comma, some do not.
        while let Some((right, others)) = outside_quotes(rest, ",").or_else(|| (!rest.is_empty()).then_some((rest, ""))) {
            list.push(right.split(" (").next().unwrap_or(right).trim().to_ascii_lowercase());
            rest = others;
        }
        if whom.ends_with("WITH GRANT OPTION") {
            list.push("grant option".to_owned());
        }
        let is_pattern = table == "*";
        let schema =
            named(schema).map(|name| if is_pattern { name } else { name.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_") });
        Some(Self { rights: list, schema, table: named(table) })
    }
}

/// Splits at the first sign that stands outside of quotes and brackets.
fn outside_quotes<'a>(text: &'a str, sign: &str) -> Option<(&'a str, &'a str)> {
    let mut is_quoted = false;
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '`' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        if !is_quoted && depth == 0 && text[at..].starts_with(sign) {
            return Some((&text[..at], &text[at + sign.len()..]));
        }
    }
    None
}

/// The server's own rule for databases in grants: `%` and `_`, unless a backslash stands before them.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('%') => (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| is_like(&name[at..], rest.as_str())),
        Some(sign) => {
            let mut letters = name.chars();
            let Some(letter) = letters.next() else { return false };
            let fits = match sign {
                '_' => true,
                '\\' => rest.next() == Some(letter),
                sign => sign == letter,
            };
            fits && is_like(letters.as_str(), rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[&str]) -> Grants {
        let grants = lines.iter().filter_map(|line| Grant::parse(line)).collect();
        Grants { user: "me@%".to_owned(), schema: "my_shop".to_owned(), grants }
    }

    #[test]
    fn a_reader_is_not_warned() {
        let reader = grants(&[
            "GRANT USAGE ON *.* TO `me`@`%` IDENTIFIED BY PASSWORD '*AB'",
            "GRANT SELECT, SHOW VIEW ON `my\\_shop`.* TO `me`@`%`",
        ]);
        assert_eq!((reader.warnings(), reader.on("t")), (vec![], vec![]));
    }

    #[test]
    fn rights_are_those_of_this_database_and_of_each_table() {
        let writer = grants(&[
            "GRANT SELECT, INSERT (`a, b`, `c`), UPDATE ON `my_shop`.`t ON x` TO `me`@`%`",
            "GRANT DELETE ON `my%`.* TO `r`@`%`",
            "GRANT DROP ON `other`.* TO `me`@`%`",
            "GRANT `role` TO `me`@`%`",
            "GRANT EXECUTE ON PROCEDURE `my_shop`.`p` TO `me`@`%`",
            "GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION",
            "GRANT SYSTEM_USER,XA_RECOVER_ADMIN ON *.* TO `me`@`%`",
        ]);
        assert_eq!(
            (writer.on("t ON x"), writer.on("u")),
            (vec!["delete".into(), "insert".into(), "update".into()], vec!["delete".to_owned()])
        );
        let [warning] = writer.warnings().try_into().unwrap();
        assert!(warning.contains("delete, insert, system_user, update, xa_recover_admin;"), "{warning}");
    }

    #[test]
    fn all_is_more_than_reading_and_reaches_files() {
        let root = grants(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"]);
        assert_eq!((root.on("t"), root.warnings().len()), (CHANGING.map(str::to_owned).to_vec(), 2));
    }

    #[test]
    fn a_pattern_fits_as_the_server_reads_it() {
        assert!(is_like("my_shop", "my\\_shop") && is_like("my_shop", "my%") && is_like("myxshop", "my_shop") && is_like("größe", "gr%e"));
        assert!(!is_like("myxshop", "my\\_shop") && !is_like("my", "my_"));
    }
}
