//! Other people's databases: reading their metadata and, through the guard, their rows. Never writing.

mod bounded;
pub mod csv;
pub mod dsn;
pub mod fingerprint;
pub mod guard;
mod marked;
pub mod mysql;
pub mod port;
pub mod postgres;
pub mod progress;
pub mod remote;
pub mod rules;
pub mod settings;
pub mod spelling;
pub mod sqlite;
pub mod stream;

use std::sync::Arc;

pub use bounded::Bounded;
pub use dsn::Dsn;
pub use fingerprint::Fingerprint;
pub use guard::{Dialect, ReadQuery};
pub use port::{Error, ReadLimits, Source};
pub use progress::Progress;
pub use settings::{Limits, Settings};
pub use stream::{Consumer, Streamed};

/// Opens a source that is no remote server's.
pub async fn open(dsn: &Dsn, settings: &Settings) -> Result<Arc<dyn Source>, Error> {
    open_among(&remote::NoPeers, dsn, settings).await
}

/// Opens a source; one line an engine. Remote servers are found among `peers`.
pub async fn open_among(peers: &dyn remote::Peers, dsn: &Dsn, settings: &Settings) -> Result<Arc<dyn Source>, Error> {
    match dsn {
        Dsn::Remote(place) => Ok(Arc::new(remote::RemoteSource::open(place, settings, peers).await?)),
        Dsn::Sqlite(file) => Ok(Arc::new(sqlite::SqliteSource::open(file, settings).await?)),
        Dsn::Csv(files) => Ok(csv::CsvSource::open(files, settings).await?),
        Dsn::Mysql(server) => Ok(Arc::new(mysql::MysqlSource::open(server, settings).await?)),
        Dsn::Postgresql(server) => Ok(Arc::new(postgres::PostgresqlSource::open(server, settings).await?)),
    }
}
