//! A database server of a test's own, which it may stop at any moment. Programs are those that `scripts/test` installs.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::servers::Server;

pub struct PrivateServer {
    kind: Server,
    folder: TempDir,
    port: u16,
    running: Option<Child>,
}

impl PrivateServer {
    pub fn start_new(kind: Server) -> Self {
        // Below `/var/tmp`, which the servant of the server can reach, whoever runs the tests.
        let folder = tempfile::Builder::new().prefix("fathom-server-").tempdir_in("/var/tmp").expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut server = Self { kind, folder, port, running: None };
        server.prepare();
        server.start();
        server
    }

    /// Of a database that every such server has.
    pub fn url(&self) -> String {
        match self.kind {
            Server::Postgresql => format!("postgres://postgres@127.0.0.1:{}/postgres", self.port),
            Server::Mariadb => format!("mysql://root@127.0.0.1:{}/mysql", self.port),
        }
    }

    /// Starts it again where it was stopped; returns when it answers.
    pub fn start(&mut self) {
        let data = self.folder.path().join("data");
        let log = std::fs::File::options().create(true).append(true).open(self.folder.path().join("log")).expect("a log");
        let port = self.port.to_string();
        let mut command = match self.kind {
            Server::Postgresql => {
                let mut command = self.as_servant(&programs().join("postgres"));
                command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-p", &port]);
                command.arg("-k").arg(self.folder.path()).arg("-D").arg(data);
                command
            }
            Server::Mariadb => {
                let mut command = Command::new("/usr/sbin/mariadbd");
                command.args(["--no-defaults", "--bind-address=127.0.0.1", "--port", &port]).args(servant());
                command.arg(option("--datadir", &data)).arg(option("--socket", &self.folder.path().join("socket")));
                command
            }
        };
        let errors = log.try_clone().expect("a second end");
        self.running = Some(command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("the server starts"));
        let started = Instant::now();
        while !self.answers() {
            assert!(started.elapsed() < Duration::from_secs(30), "{:?} does not answer: {}", self.kind, self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// As when the machine loses power: nobody is told, nothing is finished.
    pub fn kill(&mut self) {
        let Some(mut child) = self.running.take() else { return };
        match self.kind {
            // The server runs below the one that changed the user.
            Server::Postgresql => {
                let stop = self
                    .as_servant(&programs().join("pg_ctl"))
                    .args(["stop", "-m", "immediate", "-D"])
                    .arg(self.folder.path().join("data"))
                    .output();
                assert!(stop.is_ok_and(|stop| stop.status.success()), "{}", self.log());
            }
            Server::Mariadb => child.kill().expect("it runs"),
        }
        child.wait().expect("it ends");
    }

    fn prepare(&self) {
        let data = self.folder.path().join("data");
        let mut command = match self.kind {
            Server::Postgresql => {
                if is_root() {
                    run(Command::new("chown").arg("postgres").arg(self.folder.path()));
                }
                let mut command = self.as_servant(&programs().join("initdb"));
                command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"]).arg(data);
                command
            }
            Server::Mariadb => {
                let mut command = Command::new("mariadb-install-db");
                command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]).args(servant());
                command.arg(option("--datadir", &data));
                command
            }
        };
        run(&mut command);
    }

    /// PostgreSQL refuses to be run by root.
    fn as_servant(&self, program: &Path) -> Command {
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program).current_dir(self.folder.path());
        command
    }

    fn answers(&self) -> bool {
        let port = self.port.to_string();
        let mut command = match self.kind {
            Server::Postgresql => {
                let mut command = Command::new(programs().join("pg_isready"));
                command.args(["-q", "-h", "127.0.0.1", "-p", &port]);
                command
            }
            Server::Mariadb => {
                let mut command = Command::new("mariadb-admin");
                command.args(["--no-defaults", "-h", "127.0.0.1", "-u", "root", "-P", &port, "ping"]);
                command
            }
        };
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
}

fn option(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

/// MariaDB wants to be told that root is meant.
fn servant() -> &'static [&'static str] {
    if is_root() { &["--user=root"] } else { &[] }
}

fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").output().expect("`id` is everywhere");
    asked.stdout.trim_ascii() == b"0"
}

/// The newest that is installed.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed by `scripts/test`").flatten();
    let newest = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max().expect("a version");
    PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"))
}
