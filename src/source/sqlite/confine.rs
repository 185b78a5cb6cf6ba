//! Makes SQLite itself refuse everything but reading, below and apart from the guard. With `statement`, the only unsafe code of the room.
//!
//! Invariant: a confined connection attaches nothing, loads nothing, writes nothing, and stops when its clock has run out.

#![expect(unsafe_code, reason = "SQLite offers its authorizer and its limits through C alone")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use libsqlite3_sys as ffi;
use sqlx::SqliteConnection;

use crate::source::guard::{Dialect, is_function_allowed, is_pragma_allowed};

/// Steps of SQLite's machine between two looks at the clock; well below a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;

/// No single value may be larger: what a query builds up in memory is bounded by it.
const MAX_VALUE_BYTES: c_int = 128 * 1024 * 1024;

/// Matching time is exponential in it.
const MAX_LIKE_PATTERN_BYTES: c_int = 256;

/// When the statement that runs on a connection must have ended.
pub struct Clock {
    origin: Instant,
    deadline_us: AtomicU64,
}

/// Ends what runs on one connection, from any thread, also in the middle of a step that never looks at the clock, such as counting a
/// whole table.
///
/// Invariant: the session that owns the connection makes it [forget](Stop::forget) the connection before that is closed.
#[derive(Clone)]
pub struct Stop(Arc<Mutex<Option<Open>>>);

/// A connection that is not closed yet.
struct Open(NonNull<ffi::sqlite3>);

// SAFETY: the only thing done with the pointer is `sqlite3_interrupt`, which any thread may call while the connection is open.
unsafe impl Send for Open {}

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Select, and nothing else.
    Read,
    /// Also begin and end a transaction, so that a harvest sees one state.
    Harvest,
}

impl Stop {
    pub fn now(&self) {
        if let Some(Open(database)) = self.known().as_ref() {
            // SAFETY: the connection is open, because closing it waits for the lock under which it is forgotten.
            unsafe { ffi::sqlite3_interrupt(database.as_ptr()) };
        }
    }

    pub fn forget(&self) {
        self.known().take();
    }

    fn known(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock {
    pub fn new() -> Self {
        Self { origin: Instant::now(), deadline_us: AtomicU64::new(u64::MAX) }
    }

    pub fn allow(&self, time: Duration) {
        let deadline = self.origin.elapsed().saturating_add(time).as_micros();
        self.deadline_us.store(u64::try_from(deadline).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Whatever runs now ends at the next look.
    pub fn expire(&self) {
        self.deadline_us.store(0, Ordering::Release);
    }

    fn has_time(&self) -> bool {
        self.origin.elapsed().as_micros() < u128::from(self.deadline_us.load(Ordering::Acquire))
    }
}

/// Takes away from a fresh connection all that reading does not need, for good. The answer must be kept beside the connection.
pub async fn confine(connection: &mut SqliteConnection, clock: Arc<Clock>) -> Result<Stop, sqlx::Error> {
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || clock.has_time());
    let database = handle.as_raw_handle().as_ptr();
    // SAFETY: `database` is open and, while `handle` lives, used by nobody else. The variadic options take an int and a
    // pointer to an int that may be null, as documented for both.
    unsafe {
        ffi::sqlite3_limit(database, ffi::SQLITE_LIMIT_ATTACHED, 0);
        ffi::sqlite3_limit(database, ffi::SQLITE_LIMIT_WORKER_THREADS, 0);
        ffi::sqlite3_limit(database, ffi::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);
        ffi::sqlite3_limit(database, ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_LIKE_PATTERN_BYTES);
        ffi::sqlite3_db_config(database, ffi::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 as c_int, ptr::null_mut::<c_int>());
        ffi::sqlite3_db_config(database, ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 as c_int, ptr::null_mut::<c_int>());
    }
    install(database, Permission::Read);
    Ok(Stop(Arc::new(Mutex::new(Some(Open(handle.as_raw_handle()))))))
}

/// Changes what the connection may do from its next statement on.
pub async fn permit(connection: &mut SqliteConnection, permission: Permission) -> Result<(), sqlx::Error> {
    let mut handle = connection.lock_handle().await?;
    install(handle.as_raw_handle().as_ptr(), permission);
    Ok(())
}

fn install(database: *mut ffi::sqlite3, permission: Permission) {
    let authorizer = match permission {
        Permission::Read => authorize_read,
        Permission::Harvest => authorize_harvest,
    };
    // SAFETY: the callers hold the lock of the open connection; the callback is a plain function and takes no user data,
    // so nothing must outlive anything.
    unsafe { ffi::sqlite3_set_authorizer(database, Some(authorizer), ptr::null_mut()) };
}

unsafe extern "C" fn authorize_read(
    _: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    // SAFETY: SQLite passes null or a NUL-terminated text that lives for the length of the call.
    let (first, second) = unsafe { (borrowed(first), borrowed(second)) };
    answer(may_read(action, first, second))
}

unsafe extern "C" fn authorize_harvest(
    _: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    // SAFETY: as above.
    let (first, second) = unsafe { (borrowed(first), borrowed(second)) };
    answer(action == ffi::SQLITE_TRANSACTION || may_read(action, first, second))
}

/// # Safety
/// `text` is null or points to a NUL-terminated text that lives for `'a`.
unsafe fn borrowed<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}

fn answer(allowed: bool) -> c_int {
    if allowed { ffi::SQLITE_OK } else { ffi::SQLITE_DENY }
}

fn may_read(action: c_int, first: Option<&str>, second: Option<&str>) -> bool {
    match action {
        ffi::SQLITE_SELECT | ffi::SQLITE_READ | ffi::SQLITE_RECURSIVE => true,
        ffi::SQLITE_FUNCTION => second.is_some_and(|name| is_function_allowed(Dialect::Sqlite, name)),
        // Statements ask these, and table-valued functions and full-text tables by themselves.
        ffi::SQLITE_PRAGMA => first.is_some_and(|name| is_pragma_allowed(name, second.is_some())),
        _ => false,
    }
}
