//! What the driver and the server report, in the words of a source, with what to do. Nothing here shows a password.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgDatabaseError};

use crate::source::Error;

/// Where a server is and who asks, as far as it may be shown.
#[derive(Clone, Debug)]
pub struct Place {
    shown: String,
    host: String,
    port: u16,
    user: String,
    database: String,
}

impl Place {
    pub fn of(options: &PgConnectOptions, shown: &str) -> Self {
        Self {
            shown: shown.to_owned(),
            host: options.get_host().to_owned(),
            port: options.get_port(),
            user: options.get_username().to_owned(),
            database: options.get_database().unwrap_or_default().to_owned(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.shown)
    }
}

/// Why there is no connection: `CannotOpen` where trying again does not help.
pub fn cannot_connect(error: &sqlx::Error, place: &Place) -> Error {
    let cannot_open = |reason: String| Error::CannotOpen { source_text: place.shown.clone(), reason };
    let unavailable = |reason: String| Error::Unavailable(format!("{place}: {reason}"));
    let Place { host, port, user, database, .. } = place;
    if let Some(refusal) = error.as_database_error() {
        let says = refusal.message();
        return match refusal.code().as_deref().unwrap_or_default() {
            "28P01" => cannot_open(format!("the server refuses the password of user `{user}`; check user and password in the URL")),
            "28000" => {
                cannot_open(format!("the server does not admit user `{user}` ({says}); check user, database and `sslmode` in the URL"))
            }
            "3D000" => cannot_open(format!("the server has no database `{database}`; check the name after the host in the URL")),
            "42501" => cannot_open(format!("user `{user}` may not connect to `{database}` ({says}); it needs `grant connect on database`")),
            "53300" => unavailable(format!("the server has no connection left ({says}); close others or lower `pool`")),
            _ => unavailable(format!("the server says: {says}")),
        };
    }
    match error {
        sqlx::Error::Tls(reason) if reason.to_string().contains("not support TLS") => {
            cannot_open("the server offers no TLS and the URL asks for it; use `sslmode=prefer`, or turn TLS on in the server".to_owned())
        }
        sqlx::Error::Io(reason) => {
            let says = reason.to_string();
            match reason.kind() {
                std::io::ErrorKind::ConnectionRefused => {
                    unavailable(format!("nothing listens at `{host}:{port}`; check that the server runs, and host and port in the URL"))
                }
                _ if says.contains("certificate") => cannot_open(tls(&says)),
                _ if says.contains("lookup") => {
                    let reason = format!("the host `{host}` cannot be found ({says}); check its name in the URL");
                    // Only the resolver knows; a name that it could not ask about may be right.
                    if says.contains("emporary") { unavailable(reason) } else { cannot_open(reason) }
                }
                _ => unavailable(says),
            }
        }
        sqlx::Error::Tls(reason) => cannot_open(tls(&reason.to_string())),
        sqlx::Error::Configuration(reason) => cannot_open(format!("the URL is not understood: {reason}")),
        other => unavailable(one_line(other)),
    }
}

/// Why a statement gave no answer.
pub fn failed(error: &sqlx::Error, time: Duration) -> Error {
    let refusal = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    let Some(refusal) = refusal else { return Error::Unavailable(one_line(error)) };
    let says = match refusal.hint().or(refusal.detail()) {
        Some(more) => format!("{} ({more})", refusal.message()),
        None => refusal.message().to_owned(),
    };
    match refusal.code() {
        "57014" if says.contains("statement timeout") => Error::TimedOut(time),
        "42P01" => {
            Error::Statement(format!("{says}; what was there before may have been dropped: read the source anew to see what is there"))
        }
        "55P03" => Error::Statement(format!("{says}; another session holds a lock, try again later")),
        // The server stops, has no connection or no memory left.
        code if ["08", "53", "57", "58"].contains(&code.get(..2).unwrap_or_default()) && code != "57014" => Error::Unavailable(says),
        _ => Error::Statement(says),
    }
}

pub fn one_line(error: &sqlx::Error) -> String {
    error.to_string().replace('\n', " ")
}

fn tls(says: &str) -> String {
    format!(
        "the server's TLS certificate is not accepted ({says}); name the authority that signed it with `sslrootcert=`, or use `sslmode=require`"
    )
}
