//! Our own database in one SQLite file.

use std::path::Path;

/// What the process that holds the folder's lock says of itself; none where nobody holds it.
pub fn peek_lock(folder: &Path) -> Option<String> {
    let _ = folder;
    None
}
