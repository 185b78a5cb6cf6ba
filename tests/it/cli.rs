//! The command line as a person meets it: the real program, its output and its exit codes.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::client::assert_whole;
use crate::support::model_server::ModelServer;
use crate::support::process::{AMBIENT, Launch};
use crate::support::shop;

pub fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fathom"));
    for name in AMBIENT {
        command.env_remove(name);
    }
    command.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder).env("RUST_BACKTRACE", "0");
    command.args(words).current_dir(folder).stdin(Stdio::null());
    command
}

pub fn fathom(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let output: Output = command(folder, words).output().expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is text");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

pub async fn folder_with_shop() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    shop::make(folder.path(), "shop.db").await;
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_and_can_be_looked_at_afterwards() {
    let folder = folder_with_shop().await;
    let here = folder.path();
    let (exit, out, err) = fathom(here, &["run", "shop.db", "--max-iterations", "1", "--intent", "what sells"]);
    assert_eq!(exit, 0, "{out}{err}");
    for part in ["API at http://127.0.0.1:", "planned", "done:", "is finished", "fathom runs report run_"] {
        assert!(out.contains(part), "`{part}` is missing:\n{out}");
    }
    assert!(!out.contains('\u{1b}'), "colours belong on terminals only");

    let (exit, out, err) = fathom(here, &["runs", "list"]);
    assert_eq!((exit, out.lines().count()), (0, 1), "{out}{err}");
    let (exit, out, err) = fathom(here, &["runs", "show", "last"]);
    assert!(exit == 0 && out.contains("finished") && out.contains("what sells"), "{out}{err}");
    let (exit, out, err) = fathom(here, &["runs", "report", "last"]);
    assert!(exit == 0 && out.starts_with('#') && out.contains("orders"), "{out}{err}");
    let (exit, out, err) = fathom(here, &["runs", "report", "last", "--format", "json"]);
    assert!(exit == 0 && serde_json::from_str::<Value>(&out).is_ok_and(|report| report.is_object()), "{out}{err}");
    let (exit, out, err) = fathom(here, &["runs", "watch", "last"]);
    assert!(exit == 0 && out.contains("is finished"), "{out}{err}");
    let (exit, _, err) = fathom(here, &["runs", "cancel", "last"]);
    assert!(exit == 1 && err.contains("has ended"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_the_events_and_nothing_else() {
    let folder = folder_with_shop().await;
    let (exit, out, err) = fathom(folder.path(), &["run", "shop.db", "--max-iterations", "1", "--json"]);
    assert_eq!(exit, 0, "{err}");
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("each line is an event")).collect();
    assert_whole(&events);
    let (exit, again, _) = fathom(folder.path(), &["runs", "watch", "last", "--json"]);
    assert_eq!((exit, again), (0, out));
}

#[test]
fn what_cannot_be_done_is_said_with_an_exit_code() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("fathom.toml"), "").expect("written");
    for (words, exit, says) in [
        (&["frobnicate"][..], 2, "frobnicate"),
        (&["run", "no-such.db"], 2, "no-such.db"),
        (&["run"], 2, "source"),
        (&["run", "x.db", "--max-iterations", "many"], 2, "many"),
        (&["runs", "show", "last"], 2, "no runs yet"),
        (&["runs", "show", "nonsense"], 2, "run id"),
        (&["runs", "show", "run_00000000000000000000000000000000"], 2, "no run"),
        (&["runs", "list", "--status", "dancing"], 2, "finished"),
        (&["runs", "answer", "last", "q1"], 2, "answer"),
        (&["runs", "list", "--server", "http://127.0.0.1:1"], 4, "no server answers"),
        (&["--config", "no-such.toml", "runs", "list"], 2, "no-such.toml"),
        (&["serve", "--listen", "nonsense"], 2, "nonsense"),
    ] {
        let (got, out, err) = fathom(here, words);
        assert_eq!(got, exit, "{words:?}: {out}{err}");
        assert!(err.contains(says) && !err.contains("panicked"), "{words:?}: {err}");
    }
}

#[test]
fn help_teaches_and_shells_can_complete() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    for words in
        [&["--help"][..], &["run", "--help"], &["serve", "--help"], &["runs", "--help"], &["token", "--help"], &["completions", "--help"]]
    {
        let (exit, out, _) = fathom(here, words);
        assert!(exit == 0 && out.contains("Examples:"), "{words:?}: {out}");
    }
    let (_, out, _) = fathom(here, &["run", "--help"]);
    assert!(out.contains("Exit codes:") && out.contains("130"), "{out}");
    for shell in ["bash", "zsh", "fish"] {
        let (exit, out, _) = fathom(here, &["completions", shell]);
        assert!(exit == 0 && out.contains("fathom"), "{shell}");
    }
}

#[test]
fn settings_are_checked_and_shown_without_secrets() {
    let folder = TempDir::new().expect("a folder");
    let output = command(folder.path(), &["check"]).env("FATHOM_TOKEN", "fathom_secret-of-mine").output().expect("the binary starts");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("api.listen") && out.contains("everything can be used"), "{out}");
    assert!(!out.contains("secret-of-mine"), "{out}");
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    let (exit, out, err) = fathom(here, &["token", "new", "laptop"]);
    assert!(exit == 0 && out.starts_with("fathom_") && out.trim().len() == "fathom_".len() + 43, "{out}{err}");
    let (exit, listed, _) = fathom(here, &["token", "list"]);
    assert!(exit == 0 && listed.contains("laptop") && !listed.contains(out.trim()), "{listed}");
    let (exit, _, err) = fathom(here, &["token", "new", "laptop"]);
    assert!(exit == 1 && err.contains("laptop"), "{err}");
    assert_eq!(fathom(here, &["token", "revoke", "laptop"]).0, 0);
    assert_eq!(fathom(here, &["token", "revoke", "laptop"]).0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_find_the_server_that_holds_the_data_folder() {
    let folder = folder_with_shop().await;
    let server = Launch::on(folder.path()).start().await;
    let data = folder.path().to_string_lossy().into_owned();
    let (exit, out, err) = fathom(folder.path(), &["run", "shop.db", "--max-iterations", "1", "--data", &data]);
    assert_eq!(exit, 0, "{out}{err}");
    assert!(out.contains(&server.client.url), "the run is the server's: {out}");
    assert_eq!(server.client.all("/runs").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_interrupts_a_run_detaches_and_can_go_on() {
    let folder = folder_with_shop().await;
    let model = ModelServer::start(Duration::from_millis(300), 2).await;
    let set = |command: &mut Command| {
        command.env("LLM_BASE_URL", format!("{}/v1", model.url)).env("LLM_API_KEY", "k").env("LLM_MODEL", "mock");
    };
    let mut run = command(folder.path(), &["run", "shop.db", "--max-iterations", "2", "--json"]);
    set(&mut run);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("piped")));
    let first = lines.next().expect("an event").expect("text");
    assert!(first.contains("\"seq\":1"), "{first}");
    // The child is alive, and it is ours.
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal is sent");
    assert!(sent.success());
    let ended = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(130), "{err}");
    assert!(err.contains("fathom runs watch run_") && err.contains("fathom runs cancel run_"), "{err}");

    let mut watch = command(folder.path(), &["runs", "watch", "last", "--json"]);
    set(&mut watch);
    let output = watch.output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let events: Vec<Value> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_whole(&events);
}
