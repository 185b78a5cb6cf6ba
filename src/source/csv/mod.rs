//! CSV files as a source: loaded into a SQLite file of our own, which is then read like any other, with all its confinement.
//!
//! The loaded file is named by where the files are and by their state, so a change makes another one, and a torn one is never seen.

mod bytes;
mod load;
mod look;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::dsn::{CsvFiles, DatabaseFile, Dsn};
use super::guard::{Dialect, ReadQuery};
use super::port::{Error, ReadLimits, Source};
use super::progress::Progress;
use super::settings::Settings;
use super::sqlite::SqliteSource;
use super::stream::{Consumer, Streamed};
use crate::domain::{Snapshot, SourceKey};

pub struct CsvSource {
    key: SourceKey,
    inner: SqliteSource,
    /// What was not read as it stands there, a sentence each.
    remarks: Vec<String>,
}

impl CsvSource {
    pub async fn open(files: &CsvFiles, settings: &Settings) -> Result<Arc<Self>, Error> {
        let key = Dsn::Csv(files.clone()).key();
        let failed = |reason: String| Error::CannotOpen { source_text: key.0.clone(), reason };
        let (files, folder) = (files.clone(), settings.csv_dir.clone());
        let loading = tokio::task::spawn_blocking(move || loaded(&files, &folder));
        let loaded = loading.await.map_err(|error| failed(format!("loading ended early: {error}")))?;
        let (file, remarks) = loaded.map_err(|error| failed(format!("it could not be loaded: {error}")))?;
        let file = DatabaseFile::find(&file).map_err(failed)?;
        let inner = SqliteSource::open(&file, settings).await?;
        Ok(Arc::new(Self { key, inner, remarks }))
    }
}

#[async_trait]
impl Source for CsvSource {
    fn key(&self) -> &SourceKey {
        &self.key
    }

    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    async fn harvest_telling(&self, progress: &Progress) -> Result<Snapshot, Error> {
        let found = self.inner.harvest_telling(progress).await?;
        Ok(Snapshot { source: self.key.clone(), unread: self.remarks.clone(), ..found }.named())
    }

    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        self.inner.stream(query, limits, consumer).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        self.inner.explain(query).await
    }
}

/// The file of the present state, loaded if it is not there yet, and what there is to say about it.
fn loaded(files: &CsvFiles, folder: &Path) -> io::Result<(PathBuf, Vec<String>)> {
    if folder.as_os_str().is_empty() {
        return Err(io::Error::other("no folder is named to load it into"));
    }
    private_folder(folder)?;
    let place = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(files.path().as_os_str().as_encoded_bytes()));
    let state = Dsn::Csv(files.clone()).fingerprint().map_or(0, |fingerprint| fingerprint.identity);
    let name = format!("{place}-{state:016x}");
    let (database, remarks) = (folder.join(format!("{name}.db")), folder.join(format!("{name}.json")));
    if let (true, Ok(text)) = (database.is_file(), fs::read_to_string(&remarks))
        && let Ok(said) = serde_json::from_str(&text)
    {
        return Ok((database, said));
    }
    let fresh = tempfile::Builder::new().prefix(&place).suffix(".part").tempfile_in(folder)?;
    let said = load::load(files, fresh.path())?;
    fresh.as_file().sync_all()?;
    let note = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(note.as_file(), &said)?;
    note.persist(&remarks).map_err(|error| error.error)?;
    fresh.persist(&database).map_err(|error| error.error)?;
    remove_old(folder, &place, &database)?;
    Ok((database, said))
}

/// The state before this one stays: a run may be reading it, and open it again.
fn remove_old(folder: &Path, place: &str, database: &Path) -> io::Result<()> {
    let of_place = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(&format!("{place}-")) && name.ends_with(".db") && path != database
    };
    let others = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).filter(of_place);
    let mut others: Vec<PathBuf> = others.collect();
    others.sort_by_key(|path| fs::metadata(path).and_then(|facts| facts.modified()).ok());
    others.pop();
    for old in others {
        // Another process may have been faster.
        drop(fs::remove_file(&old));
        drop(fs::remove_file(old.with_extension("json")));
    }
    Ok(())
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
