//! The data folder: made when missing, readable by its owner only, and worked in by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::Error;

const LOCK_FILE: &str = "fathom.lock";
const DATABASE_FILE: &str = "fathom.db";
/// A look at the lock (`peek_lock`) holds it for a moment; an owner holds it for good.
const LOCK_ATTEMPTS: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The folder, and its lock for as long as this lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    pub async fn open(path: &Path) -> Result<Self, Error> {
        make_folder(path).map_err(|error| unusable(path, &error))?;
        let lock = open_file(&path.join(LOCK_FILE)).map_err(|error| unusable(path, &error))?;
        let mut attempt = 1;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => attempt += 1,
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Locked { folder: path.display().to_string(), holder: announced(&path.join(LOCK_FILE)) });
                }
                Err(TryLockError::Error(error)) => return Err(unusable(path, &error)),
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        let folder = Self { path: path.to_owned(), lock };
        folder.announce(&format!("process {}", std::process::id()))?;
        Ok(folder)
    }

    /// Writes who works here, for a process that finds the folder locked.
    pub fn announce(&self, text: &str) -> Result<(), Error> {
        let mut file = &self.lock;
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(text.as_bytes()))
            .map_err(|error| unusable(&self.path, &error))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database file, which exists from now on.
    pub fn database(&self) -> Result<PathBuf, Error> {
        let file = self.path.join(DATABASE_FILE);
        open_file(&file).map_err(|error| unusable(&self.path, &error))?;
        Ok(file)
    }
}

/// What the process that works in the folder says of itself; none where nobody does.
pub fn peek_lock(folder: &Path) -> Option<String> {
    let file = folder.join(LOCK_FILE);
    match File::open(&file).ok()?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(announced(&file)),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn announced(file: &Path) -> String {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(1_000).read_to_string(&mut text));
    match read {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "another process".to_owned(),
    }
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn open_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn unusable(folder: &Path, error: &std::io::Error) -> Error {
    let text = format!("`{}`: {error}", folder.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::Full(text),
        _ => Error::ReadOnly(text),
    }
}
