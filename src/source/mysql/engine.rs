//! Which server it is: MySQL and MariaDB differ in how time is limited and in what `information_schema` knows.

use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// As the server says it.
    pub version: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Mariadb,
    /// Before 8.0.16, without checks, expressions in indexes, and the use of tables by views.
    OldMysql,
    Mysql,
}

impl Engine {
    pub fn of(version: &str) -> Self {
        let mut numbers = version.split(|sign: char| !sign.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        let kind = match (next(), next(), next()) {
            _ if version.to_ascii_lowercase().contains("mariadb") => Kind::Mariadb,
            number if number < (8, 0, 16) => Kind::OldMysql,
            _ => Kind::Mysql,
        };
        Self { version: version.to_owned(), kind }
    }

    /// An assignment for `set`; zero would mean no limit.
    pub fn time_limit(&self, time: Duration) -> String {
        match self.kind {
            Kind::Mariadb => format!("max_statement_time = {:.3}", time.as_secs_f64()),
            Kind::OldMysql | Kind::Mysql => format!("max_execution_time = {}", time.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_the_server() {
        for (version, kind) in [
            ("10.11.19-MariaDB-0+deb12u1", Kind::Mariadb),
            ("5.5.5-10.4.1-MariaDB", Kind::Mariadb),
            ("8.0.36", Kind::Mysql),
            ("8.4.0-cluster", Kind::Mysql),
            ("9.1.0", Kind::Mysql),
            ("8.0.11", Kind::OldMysql),
            ("5.7.44-log", Kind::OldMysql),
        ] {
            assert_eq!(Engine::of(version).kind, kind, "{version}");
        }
        assert_eq!(Engine::of("8.0.36").time_limit(Duration::from_millis(1500)), "max_execution_time = 1500");
        assert_eq!(Engine::of("10.11.1-MariaDB").time_limit(Duration::from_millis(1500)), "max_statement_time = 1.500");
    }
}
