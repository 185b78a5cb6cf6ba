//! One statement, stepped by who holds its connection. With `confine`, the only unsafe code of the room.
//!
//! Invariant: what a row's cells borrow from SQLite is gone with the next step, which the borrow of the statement says.

#![expect(
    unsafe_code,
    reason = "SQLite offers its statements through C alone, and a driver's way around that costs more than reading does"
)]

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use libsqlite3_sys as ffi;
use sqlx::sqlite::LockedSqliteHandle;

use crate::domain::Cell;
use crate::domain::rows::RowColumn;

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The clock has run out, or somebody told it to stop.
    Interrupted,
    /// In SQLite's own words, or about them.
    Said(String),
}

pub struct Statement<'h> {
    raw: NonNull<ffi::sqlite3_stmt>,
    database: NonNull<ffi::sqlite3>,
    width: usize,
    _handle: PhantomData<&'h mut ()>,
}

impl<'h> Statement<'h> {
    /// Of a text with one statement; what stands behind it is refused, and never run.
    pub fn prepare(handle: &'h mut LockedSqliteHandle<'_>, sql: &str) -> Result<Self, Refusal> {
        let database = handle.as_raw_handle();
        let (first, rest) = compile(database, sql)?;
        let statement = first.ok_or_else(|| Refusal::Said("there is no statement in it".to_owned()))?;
        if !rest.trim().is_empty() && compile(database, rest)?.0.is_some() {
            return Err(Refusal::Said("only one statement is read at a time".to_owned()));
        }
        Ok(statement)
    }

    /// To the next row; false where there is none.
    pub fn step(&mut self) -> Result<bool, Refusal> {
        // SAFETY: the statement is compiled and not finalized, and its connection is used by nobody else.
        match unsafe { ffi::sqlite3_step(self.raw.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            code => Err(refusal(self.database, code)),
        }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// Of the row that the last step went to; `at` is below the width. None where SQLite has no memory for it.
    pub fn cell(&self, at: usize) -> Option<Cell<'_>> {
        debug_assert!(at < self.width);
        let (raw, at) = (self.raw.as_ptr(), at as c_int);
        // SAFETY: SQLite answers for a column or a row that does not exist with NULL. The length is asked for after the value, as
        // documented, and both hold until the next step, which needs the statement for itself.
        unsafe {
            Some(match ffi::sqlite3_column_type(raw, at) {
                ffi::SQLITE_NULL => Cell::Null,
                ffi::SQLITE_INTEGER => Cell::Integer(ffi::sqlite3_column_int64(raw, at)),
                ffi::SQLITE_FLOAT => Cell::Float(ffi::sqlite3_column_double(raw, at)),
                ffi::SQLITE_BLOB => {
                    let bytes: *const u8 = ffi::sqlite3_column_blob(raw, at).cast();
                    // A blob without a byte has no address.
                    Cell::Blob(Cow::Borrowed(borrowed(bytes, ffi::sqlite3_column_bytes(raw, at)).unwrap_or_default()))
                }
                // As bytes, because they need not be UTF-8; UTF-16 is converted by this.
                _ => {
                    let bytes = ffi::sqlite3_column_text(raw, at);
                    Cell::Text(Cow::Borrowed(borrowed(bytes, ffi::sqlite3_column_bytes(raw, at))?))
                }
            })
        }
    }

    /// With their declared types, which those that are computed do not have.
    pub fn columns(&self) -> Vec<RowColumn> {
        let column = |at: usize| {
            let (raw, at) = (self.raw.as_ptr(), at as c_int);
            // SAFETY: both answers are null or NUL-terminated, and are copied before anything else is asked of the statement.
            let (name, declared) = unsafe { (copied(ffi::sqlite3_column_name(raw, at)), copied(ffi::sqlite3_column_decltype(raw, at))) };
            let r#type = declared.map_or_else(|| "null".to_owned(), |declared| declared.to_ascii_lowercase());
            RowColumn { name: name.unwrap_or_default(), r#type }
        };
        (0..self.width).map(column).collect()
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        // SAFETY: this is the only place that finalizes, and the connection is open, because its handle is borrowed.
        unsafe { ffi::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

/// The first statement, if there is one, and the text behind it.
fn compile<'h>(database: NonNull<ffi::sqlite3>, sql: &str) -> Result<(Option<Statement<'h>>, &str), Refusal> {
    let length = c_int::try_from(sql.len()).map_err(|_| Refusal::Said("the statement is too long".to_owned()))?;
    let (mut raw, mut rest) = (ptr::null_mut(), ptr::null());
    // SAFETY: the callers hold the lock of the open connection. The text is as long as is said, and SQLite writes to both places: null
    // or a statement, and an address in the text.
    let (code, used) = unsafe {
        let code = ffi::sqlite3_prepare_v3(database.as_ptr(), sql.as_ptr().cast(), length, 0, &raw mut raw, &raw mut rest);
        let used =
            if rest.is_null() { sql.len() } else { usize::try_from(rest.cast::<u8>().offset_from(sql.as_ptr())).unwrap_or(sql.len()) };
        (code, used)
    };
    if code != ffi::SQLITE_OK {
        return Err(refusal(database, code));
    }
    let statement = NonNull::new(raw).map(|raw| {
        // SAFETY: the statement was compiled just now.
        let width = usize::try_from(unsafe { ffi::sqlite3_column_count(raw.as_ptr()) }).unwrap_or(0);
        Statement { raw, database, width, _handle: PhantomData }
    });
    Ok((statement, sql.get(used..).unwrap_or_default()))
}

fn refusal(database: NonNull<ffi::sqlite3>, code: c_int) -> Refusal {
    // Extended codes have the plain one in their low byte.
    if code & 0xff == ffi::SQLITE_INTERRUPT {
        return Refusal::Interrupted;
    }
    // SAFETY: the callers hold the lock of the open connection, and the words are copied before it is used again.
    let words = unsafe { copied(ffi::sqlite3_errmsg(database.as_ptr())) };
    Refusal::Said(words.unwrap_or_else(|| format!("error {code}")))
}

/// # Safety
/// `bytes` is null or points to so many bytes that live and do not change for `'a`.
unsafe fn borrowed<'a>(bytes: *const u8, count: c_int) -> Option<&'a [u8]> {
    if bytes.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    Some(unsafe { std::slice::from_raw_parts(bytes, usize::try_from(count).unwrap_or(0)) })
}

/// # Safety
/// `text` is null or points to a NUL-terminated text.
unsafe fn copied(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
