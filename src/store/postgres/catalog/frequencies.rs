//! How common words are. A search looks at its rarest words first, since reading all entries that have a common word takes long.
//!
//! The server's own statistics say so, for the words that many entries have; they cost no count and no lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::store::Error;
use crate::store::columns::Columns;
use crate::store::postgres::reader::Reader;

/// Statistics may be this old: wrong ones cost time, never a hit.
const LAST: Duration = Duration::from_secs(60);

/// In how many entries a word stands, about, where many have it.
pub type Common = BTreeMap<String, i64>;

#[derive(Debug, Default)]
pub struct Frequencies {
    known: Mutex<Option<(Arc<Common>, Instant)>>,
}

impl Frequencies {
    pub async fn common(&self, reader: &Reader) -> Result<Arc<Common>, Error> {
        {
            let known = self.known.lock().expect("nobody panics while it is held");
            if let Some((common, at)) = &*known
                && at.elapsed() < LAST
            {
                return Ok(Arc::clone(common));
            }
        }
        let rows = reader.fetch_all(sqlx::query(include_str!("../sql/frequencies.sql"))).await?;
        let read = rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.number(1)?)));
        let common = Arc::new(read.collect::<Result<Common, _>>().map_err(|error| reader.failed(&error))?);
        *self.known.lock().expect("nobody panics while it is held") = Some((Arc::clone(&common), Instant::now()));
        Ok(common)
    }
}

/// In how many entries words with this prefix stand, about.
pub fn count(common: &Common, prefix: &str) -> i64 {
    common.range(prefix.to_owned()..).take_while(|(word, _)| word.starts_with(prefix)).map(|(_, count)| count).sum()
}
