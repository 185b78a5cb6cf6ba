//! A whole Fathom on PostgreSQL: discoveries end, also of a process that was killed in the middle.

use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::database;
use crate::support::client::assert_whole;
use crate::support::process::Launch;
use crate::support::shop;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_goes_on_where_it_was() {
    let (database, folder) = (database().await, TempDir::new().unwrap());
    let source = shop::make(folder.path(), "shop.db").await;
    let mut launch = Launch::on(folder.path());
    launch.args = vec!["--store".to_owned(), database.url.clone()];
    let server = launch.start().await;
    let body = json!({"source": source, "max_iterations": 4, "tasks_per_iter": 3});
    let whole = server.client.start_run(body.clone()).await;
    assert_eq!(server.client.wait_for_end(&whole, LONG).await["status"], "finished");
    assert_whole(&server.client.events(&whole).await);
    assert!(!server.client.all(&format!("/runs/{whole}/findings")).await.is_empty());
    server.kill();

    // dies at the tenth commit of appends
    let dying = launch_with(&launch, "FATHOM_CRASH_POINT", "before_commit:10");
    let mut server = dying.start().await;
    let cut = server.client.start_run(body).await;
    let deadline = std::time::Instant::now() + LONG;
    while !server.has_died() {
        assert!(std::time::Instant::now() < deadline, "it did not die; log: {}", launch.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(server);
    let server = launch.start().await;
    assert_eq!(server.client.wait_for_end(&cut, LONG).await["status"], "finished");
    assert_whole(&server.client.events(&cut).await);
    assert!(!folder.path().join("fathom.db").exists(), "nothing is kept in the folder beside the lock");
    server.kill();
}

fn launch_with(launch: &Launch, name: &str, value: &str) -> Launch {
    let mut other = Launch::on(&launch.data).env(name, value);
    other.args.clone_from(&launch.args);
    other
}

#[tokio::test]
async fn a_password_is_never_shown() {
    let folder = TempDir::new().unwrap();
    let check = |url: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fathom"));
        command.args(["check", "--data"]).arg(folder.path()).env("FATHOM_STORE", url).current_dir(folder.path());
        let output = command.output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success() && !said.contains("hush"), "{said}");
        said
    };
    let said = check("postgres://ann:hush@127.0.0.1:1/x");
    assert!(said.contains("postgres://ann:***@127.0.0.1:1/x") && said.contains("variable `FATHOM_STORE`"), "{said}");
    assert!(said.contains("the store `postgres://ann@127.0.0.1:1/x` cannot be used") && said.contains("check host and port"), "{said}");
    for wrong in ["mysql://ann:hush@db/x", "hush"] {
        let said = check(wrong);
        assert!(said.contains("`store`") && said.contains("postgres://user:password@host:port/database"), "{said}");
    }
}
