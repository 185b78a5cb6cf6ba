//! What the server or the way to it says no with, in words that say what to do. The URL, which may hold a password, is in none of them.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::mysql::MySqlDatabaseError;

use crate::source::Error;

/// Why there is no connection to the place that is shown.
pub fn of_opening(shown: &str, error: &sqlx::Error) -> Error {
    let never = |reason: String| Error::CannotOpen { source_text: shown.to_owned(), reason };
    let later = |reason: String| Error::Unavailable(format!("`{shown}`: {reason}"));
    let says = words(error);
    match error {
        sqlx::Error::Database(_) => match number(error) {
            Some(1045 | 1698 | 1251 | 1275) => never(format!(
                "the server refuses this user or password: {says}; check both, write `@ : / # %` in a password as `%40 %3A %2F %23 %25`, and add `?ssl-mode=REQUIRED` where the account asks for TLS"
            )),
            Some(1044) => never(format!("the user may not use this database: {says}; `grant select, show view on` it `to` the user")),
            Some(1049) => never(format!("there is no such database: {says}; name one that exists after the host")),
            Some(1130) => never(format!("the server does not let this machine in: {says}; make an account for its address")),
            Some(3159) => never(format!("the server demands TLS: {says}; add `?ssl-mode=REQUIRED` to the URL")),
            Some(1040 | 1203 | 1226) => later(format!("the server has no free connection: {says}; try again later, or lower `pool`")),
            _ => later(says),
        },
        sqlx::Error::Tls(_) => {
            never(format!("no TLS: {says}; set up TLS on the server, or `?ssl-mode=PREFERRED` if the network can be trusted"))
        }
        sqlx::Error::Configuration(_) => never(format!("the URL's parameters are not understood: {says}")),
        sqlx::Error::Io(io) if io.kind() == ErrorKind::InvalidData => never(format!(
            "TLS failed: {io}; name the authority of the server's certificate with `?ssl-ca=/path/to/ca.pem`, or use `?ssl-mode=REQUIRED`, which encrypts and does not check it"
        )),
        sqlx::Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => {
            later("nothing listens there; check host and port, and that the server runs and accepts connections from here".to_owned())
        }
        sqlx::Error::Io(io) if io.to_string().contains("lookup") => {
            never(format!("the host's name cannot be found: {io}; check its spelling and this machine's DNS"))
        }
        sqlx::Error::Io(io) if matches!(io.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            never(format!("a file that the URL names (`ssl-ca`, `ssl-cert`, `ssl-key` or `socket`) cannot be used: {io}"))
        }
        _ => later(says),
    }
}

/// Why a statement gave nothing.
pub fn of_statement(time: Duration, error: &sqlx::Error) -> Error {
    match number(error) {
        Some(TIME_IS_OVER_MARIADB | TIME_IS_OVER_MYSQL) => Error::TimedOut(time),
        // The server is going down, or somebody has ended the connection.
        Some(1053 | 1077 | 1079 | 1152 | 1927 | 3169) | None => Error::Unavailable(words(error)),
        Some(1146) => Error::Statement(format!(
            "{}; what was there before may have been dropped: read the source anew to see what is there",
            words(error)
        )),
        Some(_) => Error::Statement(words(error)),
    }
}

const TIME_IS_OVER_MARIADB: u16 = 1969;
const TIME_IS_OVER_MYSQL: u16 = 3024;

fn number(error: &sqlx::Error) -> Option<u16> {
    Some(error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

/// The database's own words.
fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Tls(error) | sqlx::Error::Configuration(error) => error.to_string(),
        sqlx::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => "the server has closed the connection".to_owned(),
        other => other.to_string(),
    }
}
