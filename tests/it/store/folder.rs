//! The data folder: who may have it, what is in it, and what is said when it cannot be used.

#![expect(unsafe_code, reason = "root may write anywhere; only the kernel can lend a thread the rights of nobody")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use fathom::domain::{Grant, TokenKind};
use fathom::store::{Error, SqliteStore, Store, TokenRow, peek_lock};
use tempfile::TempDir;

use super::open;

async fn refused(folder: &std::path::Path) -> Error {
    SqliteStore::open(folder).await.expect_err("the folder is refused")
}

#[tokio::test]
async fn a_folder_has_one_process() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("data");
    assert_eq!(peek_lock(&folder), None);
    let first = open(&folder).await;
    first.folder().announce("process 17 at http://127.0.0.1:7700").unwrap();
    let error = refused(&folder).await;
    let named = folder.display().to_string();
    assert_eq!(error, Error::Locked { folder: named.clone(), holder: "process 17 at http://127.0.0.1:7700".to_owned() });
    assert!(error.to_string().contains(&named) && error.to_string().contains("http://127.0.0.1:7700"));
    assert_eq!(peek_lock(&folder).as_deref(), Some("process 17 at http://127.0.0.1:7700"));
    first.folder().announce("17").unwrap();
    assert_eq!(peek_lock(&folder).as_deref(), Some("17"));
    first.close().await;
    assert_eq!(peek_lock(&folder), None);
    open(&folder).await;
}

#[tokio::test]
async fn what_is_made_is_for_its_owner_only() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("a/b");
    let store = open(&folder).await;
    super::created(&store).await;
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 4, "lock, database, journal, shared memory: {files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_file_in_the_place_of_the_folder_is_told() {
    let root = TempDir::new().unwrap();
    let file = root.path().join("data");
    fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let error = refused(&folder).await;
        assert!(matches!(&error, Error::ReadOnly(text) if text.contains(&folder.display().to_string())), "{error:?}");
    }
}

/// The rights of this thread, and of those it starts, are those of nobody.
#[test]
fn a_folder_without_rights_is_told() {
    let root = TempDir::new().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (no_rights, no_rights_below) = (root.path().join("made"), root.path().join("new"));
    fs::create_dir(&no_rights).unwrap();
    fs::set_permissions(&no_rights, fs::Permissions::from_mode(0o555)).unwrap();
    if !is_root() {
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o555)).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // SAFETY: it changes nothing but which rights the kernel lends this thread.
    unsafe { libc::setfsuid(65_534) };
    let errors = runtime.block_on(async { [refused(&no_rights).await, refused(&no_rights_below).await] });
    // SAFETY: as above.
    unsafe { libc::setfsuid(libc::geteuid()) };
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (error, folder) in errors.iter().zip([no_rights, no_rights_below]) {
        assert!(matches!(error, Error::ReadOnly(text) if text.contains(&folder.display().to_string())), "{error:?}");
    }
}

fn is_root() -> bool {
    // SAFETY: it only asks.
    unsafe { libc::geteuid() == 0 }
}

#[tokio::test]
async fn a_newer_version_and_foreign_files_are_refused_untouched() {
    let root = TempDir::new().unwrap();
    let folder = root.path().to_owned();
    let file = folder.join("fathom.db");
    open(&folder).await.close().await;
    run_sql(&file, "pragma user_version = 99").await;
    let error = refused(&folder).await;
    assert!(matches!(&error, Error::Newer { found: 99, place: named, .. } if *named == file.display().to_string()), "{error:?}");

    fs::write(&file, "this is a letter, and it is long enough to be read as a header of a database file\n".repeat(20)).unwrap();
    assert_eq!(refused(&folder).await, Error::NotADatabase(file.display().to_string()));
    assert!(fs::read_to_string(&file).unwrap().starts_with("this is a letter"));

    fs::write(&file, "").unwrap();
    run_sql(&file, "create table of_somebody_else (x)").await;
    assert_eq!(refused(&folder).await, Error::NotADatabase(file.display().to_string()));

    // an empty file is a database that nobody has begun
    fs::write(&file, "").unwrap();
    open(&folder).await;
}

/// What tokens of version 4 could do, they can; and what a row says beyond its kind is not believed.
#[tokio::test]
async fn tokens_that_were_there_keep_what_they_could_do() {
    let root = TempDir::new().unwrap();
    let folder = root.path().to_owned();
    let file = folder.join("fathom.db");
    open(&folder).await.close().await;
    for back in [
        "drop table remote_logins",
        "drop table remote_calls",
        "drop table remote_tools",
        "drop table audit",
        "alter table tokens drop column kind",
        "alter table tokens drop column scopes",
        "alter table tokens drop column expires_at",
        "alter table tokens drop column revoked_at",
        "insert into tokens (name, hash, created_at) values ('old', 'abc', 7)",
        "pragma user_version = 4",
    ] {
        run_sql(&file, back).await;
    }
    let store = open(&folder).await;
    let row =
        TokenRow { name: "old".into(), hash: "abc".into(), created_at: 7, grant: Grant::EVERYTHING, expires_at: None, revoked_at: None };
    assert_eq!(store.tokens().await, Ok(vec![row.clone()]));
    store.close().await;

    run_sql(&file, "update tokens set kind = 'assistant'").await;
    let store = open(&folder).await;
    let masked = Grant::kept(TokenKind::Assistant, TokenKind::Assistant.most());
    assert_eq!(store.tokens().await, Ok(vec![TokenRow { grant: masked, ..row }]));
}

async fn run_sql(file: &std::path::Path, sql: &'static str) {
    use sqlx::{Connection, SqliteConnection};
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
