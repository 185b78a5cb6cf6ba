//! Programs of others: where `scripts/peers` has put them, and one of them run to its end.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

const VARIABLE: &str = "FATHOM_TEST_MCP_PEERS";
/// A peer that waits for ever is a failure, not a test that hangs.
const TIME_LIMIT: Duration = Duration::from_secs(150);

pub struct Ended {
    pub code: i32,
    pub out: String,
    pub errors: String,
}

/// The folder of all peers.
#[expect(clippy::disallowed_methods, reason = "where the peers are is no setting of the program")]
pub fn folder() -> PathBuf {
    let folder = env::var_os(VARIABLE).map(PathBuf::from).unwrap_or_else(|| {
        panic!("`{VARIABLE}` does not say where the programs are that speak MCP; `scripts/test` installs them, and sets it")
    });
    assert!(
        folder.join("node_modules").is_dir(),
        "`{VARIABLE}` is {}, which has no `node_modules`; `scripts/test` makes them",
        folder.display()
    );
    folder
}

/// A file beside these tests.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mcp/peers").join(name)
}

/// A program of JavaScript, by the node that came with it.
pub fn node(program: &Path) -> Command {
    let folder = folder();
    let mut command = Command::new(folder.join("node_modules/.bin/node"));
    command.arg(program).env(VARIABLE, folder);
    command
}

/// A program inside a package.
pub fn package(program: &str) -> PathBuf {
    let path = folder().join("node_modules").join(program);
    assert!(path.is_file(), "there is no {}; `scripts/test` installs it", path.display());
    path
}

pub fn python(program: &Path) -> Command {
    let mut command = Command::new(folder().join("py/bin/python"));
    command.arg(program);
    command
}

pub async fn run(mut command: Command) -> Ended {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(TIME_LIMIT, command.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("{command:?} did not end within {TIME_LIMIT:?}")).expect("the peer starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { code: output.status.code().unwrap_or(-1), out: text(output.stdout), errors: text(output.stderr) }
}
