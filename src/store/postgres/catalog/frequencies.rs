//! How common words are. A search looks at its rarest words first, since reading all entries that have a common word takes long.
//!
//! The server's own statistics say so, for the words that many entries have; they cost no count and no lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::store::columns::Columns;
use crate::store::postgres::reader::Reader;
use crate::store::{Error, Remembered};

/// Statistics may be this old: wrong ones cost time, never a hit.
const LAST: Duration = Duration::from_secs(60);

/// In how many entries a word stands, about, where many have it.
pub type Common = BTreeMap<String, i64>;

#[derive(Debug)]
pub struct Frequencies(Remembered<Common>);

impl Default for Frequencies {
    fn default() -> Self {
        Self(Remembered::for_a(LAST))
    }
}

impl Frequencies {
    pub async fn common(&self, reader: &Reader) -> Result<Arc<Common>, Error> {
        self.0.or_read(read(reader)).await
    }

    /// Has the server look at the entries now, where it would come by within a minute or two.
    pub async fn renew(&self, reader: &Reader) -> Result<(), Error> {
        reader.execute(sqlx::query("analyze fathom.entries")).await?;
        self.0.forget();
        Ok(())
    }
}

async fn read(reader: &Reader) -> Result<Common, Error> {
    let rows = reader.fetch_all(sqlx::query(include_str!("../sql/frequencies.sql"))).await?;
    let counts = rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.number(1)?)));
    counts.collect::<Result<_, _>>().map_err(|error| reader.failed(&error))
}

/// In how many entries words with this prefix stand, about; none where so few have them that the server does not know.
pub fn count(common: &Common, prefix: &str) -> Option<i64> {
    common
        .range(prefix.to_owned()..)
        .take_while(|(word, _)| word.starts_with(prefix))
        .map(|(_, count)| *count)
        .reduce(|sum, count| sum + count)
}
