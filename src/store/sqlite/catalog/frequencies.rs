//! How common words are. Ranking a row costs FTS5 about a microsecond a word, and a word that most entries have ranks nothing:
//! so a search looks at its rarest words first, and of the words with one beginning at no more than the first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::Row;

use crate::store::Error;
use crate::store::sqlite::reader::Reader;
use crate::store::words::{self, Term};

/// A count may be this old: a wrong one costs time, never a hit.
const LASTS: Duration = Duration::from_secs(10);
/// That of a common word changes little and takes long.
const COMMON_LASTS: Duration = Duration::from_secs(600);
const COMMON: i64 = 20_000;
/// Words that are remembered.
const MOST_WORDS: usize = 4_096;
/// Words with one beginning that are looked at.
const MOST_SPELLINGS: usize = 64;

/// The words that begin as one of a query does, the word itself first, and in how many entries each stands.
#[derive(Debug, Default)]
pub struct Spellings {
    pub words: Vec<(String, i64)>,
    /// Whether these are all there are.
    pub are_all: bool,
}

/// What was counted lately.
#[derive(Debug, Default)]
pub struct Frequencies {
    counted: Mutex<HashMap<String, (Arc<Spellings>, Instant)>>,
}

impl Spellings {
    /// In how many entries one of them stands, about.
    pub fn count(&self) -> i64 {
        self.words.iter().map(|(_, count)| count).sum()
    }

    fn lasts(&self) -> Duration {
        if self.count() > COMMON { COMMON_LASTS } else { LASTS }
    }
}

impl Frequencies {
    /// The spellings of each name and part.
    pub async fn spellings(&self, reader: &Reader, terms: &[Term]) -> Result<HashMap<String, Arc<Spellings>>, Error> {
        let now = Instant::now();
        let mut known = HashMap::new();
        for word in terms.iter().flat_map(Term::words) {
            if let Some(counted) = self.remembered(word, now) {
                known.insert(word.clone(), counted);
                continue;
            }
            let counted = Arc::new(spellings(reader, word).await?);
            let mut remembered = self.counted.lock().expect("nobody panics while counting");
            if remembered.len() > MOST_WORDS {
                remembered.clear();
            }
            remembered.insert(word.clone(), (counted.clone(), now));
            known.insert(word.clone(), counted);
        }
        Ok(known)
    }

    fn remembered(&self, word: &str, now: Instant) -> Option<Arc<Spellings>> {
        let remembered = self.counted.lock().expect("nobody panics while counting");
        let (counted, at) = remembered.get(word)?;
        (now.duration_since(*at) < counted.lasts()).then(|| counted.clone())
    }
}

async fn spellings(reader: &Reader, word: &str) -> Result<Spellings, Error> {
    // Past every word that begins so; or past the word alone.
    let end = if words::is_prefix(word) { format!("{word}{}", char::MAX) } else { format!("{word}\u{0}") };
    let query = sqlx::query("select term, doc from search_words where term >= $1 and term < $2 order by term limit $3")
        .bind(word.to_owned())
        .bind(end)
        .bind(MOST_SPELLINGS as i64);
    let rows = reader.fetch_all(query).await?;
    let read = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let words: Vec<(String, i64)> = read.collect::<Result<_, sqlx::Error>>().map_err(|error| reader.failed(&error))?;
    Ok(Spellings { are_all: words.len() < MOST_SPELLINGS, words })
}
