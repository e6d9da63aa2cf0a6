//! A PostgreSQL for the tests: one cluster for each process of them, in a directory of its own.
//!
//! nextest runs each test in a process of its own, so a cluster must be there in a second or two: the first
//! process makes one, and the others copy its files. A shell holds the server and a pipe to us: when we are gone,
//! killed even, the pipe ends and the shell takes the server down and removes the directory.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A cluster that listens on loopback.
pub(crate) struct Postgres {
    directory: PathBuf,
    port: u16,
    keeper: Option<Child>,
}

/// The superuser's password.
const PASSWORD: &str = "secret";

impl Postgres {
    /// A fresh cluster, up.
    pub(crate) fn start() -> Self {
        let directory =
            tempfile::Builder::new().prefix("sereno-postgres-").tempdir().unwrap().keep();
        // The server drops root, and must reach its own files.
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut cluster = Self { directory, port: free_port(), keeper: None };
        cluster.prepare();
        while !cluster.comes_up() {
            cluster.stop();
            cluster.port = free_port();
        }
        cluster
    }

    /// Its address for the server, with more in its query.
    pub(crate) fn url(&self, query: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/postgres?{query}", self.port)
    }

    /// The same with another password.
    pub(crate) fn url_with_password(&self, password: &str) -> String {
        format!("postgres://postgres:{password}@127.0.0.1:{}/postgres", self.port)
    }

    /// Takes it down at once.
    pub(crate) fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().unwrap();
        }
    }

    /// Brings it up again, on the same port and files.
    pub(crate) fn resume(&mut self) {
        assert!(self.comes_up(), "somebody has taken the port meanwhile");
    }

    /// Starts it; answers whether its port was free still.
    fn comes_up(&mut self) -> bool {
        self.keeper = Some(self.keep());
        let begun = Instant::now();
        loop {
            let answers = self.try_sql("SELECT 1").is_ok_and(|said| said.trim() == "1");
            // Whoever has the port may be another PostgreSQL, which answers too.
            let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            if log.contains("could not create any TCP/IP sockets") {
                return false;
            }
            if answers {
                return true;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL did not come up: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Offers TLS from the next start on.
    pub(crate) fn use_certificate(&self, certificate: &str, key: &str) {
        let script = "\
            cd \"$1\"; chown \"$2\" server.crt server.key; chmod 600 server.key; \
            mv server.crt server.key data/; echo 'ssl = on' >> data/postgresql.conf";
        std::fs::write(self.directory.join("server.crt"), certificate).unwrap();
        std::fs::write(self.directory.join("server.key"), key).unwrap();
        assert!(self.shell(script).status().unwrap().success());
    }

    /// Sends a signal to the server and all of its processes.
    pub(crate) fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().trim().to_owned();
        let children = Command::new("pgrep").args(["-P", &pid]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let mut all: Vec<&str> = children.split_whitespace().collect();
        all.push(&pid);
        assert!(Command::new("kill").arg(name).args(all).status().unwrap().success());
    }

    /// Runs statements; answers the rows, columns separated by `|`.
    pub(crate) fn sql(&self, statements: &str) -> String {
        self.try_sql(statements).unwrap_or_else(|said| panic!("{statements}: {said}"))
    }

    /// One value.
    pub(crate) fn one(&self, query: &str) -> String {
        self.sql(query).trim().to_owned()
    }

    /// Rows as JSON.
    pub(crate) fn rows(&self, query: &str) -> Vec<Value> {
        let all =
            format!("SELECT coalesce(jsonb_agg(to_jsonb(found)), '[]') FROM ({query}) AS found");
        serde_json::from_str(&self.one(&all)).unwrap()
    }

    /// Asks again and again until the answer is as it must become.
    pub(crate) async fn eventually(&self, query: &str, wanted: &str) {
        let begun = Instant::now();
        loop {
            let found = self.try_sql(query).map(|found| found.trim().to_owned());
            if found.as_deref() == Ok(wanted) {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{query} stayed {found:?}, not {wanted}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn try_sql(&self, statements: &str) -> Result<String, String> {
        let port = self.port.to_string();
        let ran = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &port])
            .args(["-U", "postgres", "-d", "postgres", "-c", statements])
            .env("PGPASSWORD", PASSWORD)
            .env("PGCONNECT_TIMEOUT", "5")
            .output()
            .expect("psql is missing: tests/run installs it");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if ran.status.success() { Ok(text(ran.stdout)) } else { Err(text(ran.stderr)) }
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn prepare(&self) {
        let password = self.directory.join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        let script = "\
            set -e; cd \"$1\"; chown -R \"$2\" .; umask 077
            $4 \"$3/initdb\" -D data -U postgres -A scram-sha-256 --pwfile=password -E UTF8 --no-locale -N >/dev/null
            printf '%s\\n' \"listen_addresses = '127.0.0.1'\" \"unix_socket_directories = ''\" \
                'fsync = off' 'shared_buffers = 16MB' 'max_connections = 20' >> data/postgresql.conf";
        let ran = self.shell(script).output().unwrap();
        assert!(ran.status.success(), "initdb: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// Runs the server until the shell's input ends; then takes it down, and removes everything if the whole
    /// process of the tests is gone.
    fn keep(&self) -> Child {
        let script = "\
            cd \"$1\"
            $4 \"$3/postgres\" -D data -p \"$5\" >log 2>&1 &
            server=$!
            cat >/dev/null
            kill -CONT $server 2>/dev/null; kill -QUIT $server 2>/dev/null; wait $server
            kill -0 \"$6\" 2>/dev/null || rm -rf \"$1\"";
        let mut command = self.shell(script);
        command.arg(self.port.to_string()).arg(std::process::id().to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// A shell with our directory, the user and the path of PostgreSQL, and what goes before its commands.
    fn shell(&self, script: &str) -> Command {
        let said = |arguments: &[&str]| {
            let ran = Command::new("id").args(arguments).output().unwrap();
            String::from_utf8(ran.stdout).unwrap().trim().to_owned()
        };
        // initdb and postgres refuse root.
        let is_root = said(&["-u"]) == "0";
        let user = match (is_root, said(&["-u", "postgres"]).is_empty()) {
            (true, false) => "postgres".to_owned(),
            (true, true) => "nobody".to_owned(),
            (false, _) => said(&["-un"]),
        };
        let group = said(&["-g", &user]);
        let before = match is_root {
            true => format!("setpriv --reuid={user} --regid={group} --clear-groups"),
            false => String::new(),
        };
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&self.directory).arg(&user);
        command.arg(binaries()).arg(before);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

/// Where `initdb` and `postgres` are: in the path, or where Debian keeps them.
fn binaries() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path));
    let has = |directory: &PathBuf| {
        ["initdb", "postgres"].iter().all(|name| Path::new(directory).join(name).exists())
    };
    found.into_iter().rev().find(has).expect("PostgreSQL is missing: tests/run installs it")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
