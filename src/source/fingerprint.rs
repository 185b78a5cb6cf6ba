//! Whether a database file has changed since it was last looked at, without opening it: what every commit changes in its files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Dsn;

/// Equal where nothing was committed in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Which file it is; another one under the same name needs another connection.
    pub identity: u64,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    bytes: u64,
    changed: Option<SystemTime>,
    head: Vec<u8>,
}

/// Heads hold the counters: of commits and of the schema in the database's, of frames in the log's.
const HEAD: u64 = 100;

/// Changes with how CSV files are loaded, so that files of an older way are not used.
const LOADED_AS: u32 = 1;

/// The index of the log: what stands behind its first header is changed by readers.
const INDEX_HEAD: u64 = 48;

impl Dsn {
    /// Blocks on the file system for a moment. None where it cannot be told.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Sqlite(file) => of_sqlite(file.path()).ok(),
            Self::Csv(files) => Some(of_csv(files.files())),
            // Not without asking the server, and then a harvest is as cheap.
            Self::Postgresql(_) | Self::Mysql(_) | Self::Remote(_) => None,
        }
    }
}

fn of_sqlite(path: &Path) -> io::Result<Fingerprint> {
    let facts = fs::metadata(path)?;
    let mut parts = vec![part(path, HEAD)?];
    for (ending, head) in [("-wal", HEAD), ("-shm", INDEX_HEAD)] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match part(&PathBuf::from(name), head) {
            // The index's time changes when it is merely opened.
            Ok(found) => parts.push(if ending == "-shm" { Part { changed: None, ..found } } else { found }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Fingerprint { identity: identity(&facts), parts })
}

/// Each state is another file here: what it was loaded into.
fn of_csv(files: &[PathBuf]) -> Fingerprint {
    let parts: Vec<Part> = files
        .iter()
        .map(|path| part(path, HEAD).unwrap_or_else(|error| Part { bytes: 0, changed: None, head: error.to_string().into_bytes() }))
        .collect();
    let identity = xxhash_rust::xxh3::xxh3_64(format!("{LOADED_AS} {files:?} {parts:?}").as_bytes());
    Fingerprint { identity, parts }
}

fn part(path: &Path, head_bytes: u64) -> io::Result<Part> {
    let file = File::open(path)?;
    let facts = file.metadata()?;
    let mut head = Vec::new();
    file.take(head_bytes).read_to_end(&mut head)?;
    Ok(Part { bytes: facts.len(), changed: facts.modified().ok(), head })
}

#[cfg(unix)]
fn identity(facts: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    facts.ino() ^ facts.dev().rotate_left(32)
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> u64 {
    0
}
