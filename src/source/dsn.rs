//! The words that name a source, understood: which engine, and where. Looks at the file system, opens no database.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::Error;
use super::remote::Place;
use crate::domain::SourceKey;

/// A source that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dsn {
    Sqlite(DatabaseFile),
    Csv(CsvFiles),
    Postgresql(Server),
    Mysql(Server),
    Remote(Place),
}

/// CSV files that were there: those of a folder, or one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvFiles {
    /// Absolute and canonical.
    path: PathBuf,
    /// In order of their names.
    files: Vec<PathBuf>,
}

/// A database on a server: well-formed, not asked yet.
#[derive(Clone)]
pub struct Server {
    /// User, password and parameters included; never shown.
    url: SecretString,
    /// Scheme, host, port and database, as the driver will take them.
    shown: String,
    /// Who connects; empty where the words do not say.
    user: String,
}

/// A file that exists, can be read and has the header of a SQLite database; the path is absolute and canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    path: PathBuf,
}

const ENDINGS: [&str; 4] = ["db", "sqlite", "sqlite3", "db3"];
const CSV_ENDINGS: [&str; 2] = ["csv", "tsv"];
const MAX_CSV_FILES: usize = 1_000;
pub const FORMS: &str = "valid is `sqlite:path/to/file.db` or the path of a .db, .sqlite, .sqlite3 or .db3 file, \
    `csv:path/to/folder` or the path of a folder of .csv or .tsv files, \
    `postgres://user:password@host:5432/database`, `mysql://user:password@host:3306/database`, \
    `mcp+http://host:port/mcp` for a database behind another server, or `mcp:NAME` for a server of the configuration";
const SQLITE_HEADER: &[u8; 16] = b"SQLite format 3\0";

impl Dsn {
    pub fn parse(words: &str) -> Result<Self, Error> {
        let words = words.trim();
        let bad = |reason: String| Error::CannotOpen { source_text: without_secrets(words), reason };
        if words.is_empty() {
            return Err(bad(format!("no source is named; {FORMS}")));
        }
        if let Some(path) = words.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(":memory:") {
                return Err(bad(format!("a database in memory has nothing to discover; {FORMS}")));
            }
            if let Some((_, parameters)) = path.split_once('?') {
                return Err(bad(format!("parameters `?{parameters}` are not understood; {FORMS}")));
            }
            return Ok(Self::Sqlite(DatabaseFile::find(Path::new(path)).map_err(bad)?));
        }
        if let Some(path) = words.strip_prefix("csv:") {
            return Ok(Self::Csv(CsvFiles::find(Path::new(path.strip_prefix("//").unwrap_or(path))).map_err(bad)?));
        }
        if Place::is_meant(words) {
            return Place::parse(words).map(Self::Remote).map_err(bad);
        }
        if let Some((scheme, _)) = words.split_once("://") {
            return match scheme {
                "postgres" | "postgresql" => Server::parse(words, "postgresql", 5432).map(Self::Postgresql).map_err(bad),
                "mysql" | "mariadb" => Server::parse(words, "mysql", 3306).map(Self::Mysql).map_err(bad),
                _ => Err(bad(format!("`{scheme}` is not a kind of source; {FORMS}"))),
            };
        }
        let path = Path::new(words);
        if path.is_dir() || has_ending(path, &CSV_ENDINGS) {
            return Ok(Self::Csv(CsvFiles::find(path).map_err(bad)?));
        }
        if !has_ending(path, &ENDINGS) {
            return Err(bad(format!("not understood; {FORMS}")));
        }
        Ok(Self::Sqlite(DatabaseFile::find(path).map_err(bad)?))
    }

    /// What the catalog calls a source that has no name. The user is in it, because what one user may see another may not; so the
    /// catalogs that were kept of servers under keys without a user belong to nobody now, and are harvested anew.
    pub fn key(&self) -> SourceKey {
        match self {
            Self::Postgresql(server) | Self::Mysql(server) if !server.user.is_empty() => {
                SourceKey(server.shown.replacen("://", &format!("://{}@", server.user), 1))
            }
            Self::Sqlite(_) | Self::Csv(_) | Self::Postgresql(_) | Self::Mysql(_) | Self::Remote(_) => SourceKey(self.place()),
        }
    }

    /// Where it is, whoever connects.
    pub fn place(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite:{}", file.path.display()),
            Self::Csv(files) => format!("csv:{}", files.path.display()),
            Self::Postgresql(server) | Self::Mysql(server) => server.shown.clone(),
            Self::Remote(place) => place.shown(),
        }
    }
}

/// What the drivers understand; what they do not they would pass over in silence.
const POSTGRESQL_PARAMETERS: [&str; 14] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "port",
    "user",
    "password",
    "dbname",
];
const MYSQL_PARAMETERS: [&str; 9] = ["ssl-mode", "sslmode", "ssl-ca", "sslca", "ssl-cert", "sslcert", "ssl-key", "sslkey", "socket"];

impl DatabaseFile {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn find(path: &Path) -> Result<Self, String> {
        let no_such = || format!("there is no file `{}`", path.display());
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => no_such(),
            io::ErrorKind::PermissionDenied => format!("no permission to read `{}`", path.display()),
            _ => format!("`{}`: {error}", path.display()),
        };
        let canonical = fs::canonicalize(path).map_err(refused)?;
        let facts = fs::metadata(&canonical).map_err(refused)?;
        if facts.is_dir() {
            return Err(format!("`{}` is a directory; name the database file in it", path.display()));
        }
        // A pipe or a device would block whoever reads it.
        if !facts.is_file() {
            return Err(format!("`{}` is not a regular file", path.display()));
        }
        let mut header = Vec::with_capacity(SQLITE_HEADER.len());
        let file = fs::File::open(&canonical).map_err(refused)?;
        file.take(SQLITE_HEADER.len() as u64).read_to_end(&mut header).map_err(refused)?;
        match header.as_slice() {
            [] => Err(format!("`{}` is empty, a database without tables", path.display())),
            header if header == SQLITE_HEADER => Ok(Self { path: canonical }),
            _ => Err(format!("`{}` is not a SQLite database, or is encrypted: its first bytes are not SQLite's", path.display())),
        }
    }
}

impl CsvFiles {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn find(path: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => format!("there is no file or folder `{}`", path.display()),
            _ => format!("`{}`: {error}", path.display()),
        };
        let canonical = fs::canonicalize(path).map_err(failed)?;
        if canonical.is_file() {
            return Ok(Self { files: vec![canonical.clone()], path: canonical });
        }
        let entries = fs::read_dir(&canonical).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        // A pipe or a device would block whoever reads it.
        let is_one = |path: &PathBuf| has_ending(path, &CSV_ENDINGS) && path.is_file();
        let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).filter(is_one).collect();
        files.sort();
        match files.len() {
            0 => Err(format!("`{}` is a directory without .csv and .tsv files; {FORMS}", path.display())),
            count if count > MAX_CSV_FILES => Err(format!("`{}` has {count} CSV files; {MAX_CSV_FILES} is the most", path.display())),
            _ => Ok(Self { path: canonical, files }),
        }
    }
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

impl Server {
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// Where it is, without user, password and parameters.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn parse(words: &str, scheme: &str, port: u16) -> Result<Self, String> {
        let url = Url::parse(words).map_err(|error| format!("{error}; {FORMS}"))?;
        let database = url.path().trim_matches('/');
        if database.is_empty() || database.contains('/') {
            return Err(format!("it names no database after the host; {FORMS}"));
        }
        let known: &[&str] = if scheme == "mysql" { &MYSQL_PARAMETERS } else { &POSTGRESQL_PARAMETERS };
        if let Some((odd, _)) = url.query_pairs().find(|(name, _)| !known.contains(&name.as_ref())) {
            return Err(format!("the parameter `{odd}` is not understood; valid are: {}", known.join(", ")));
        }
        // A parameter stands above what the address says, and the last of several above the others.
        let parameter = |name: &str| {
            let last = url.query_pairs().filter(|(given, _)| given == name).last();
            last.map(|(_, value)| form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>())
        };
        let addressed = || url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost").to_owned();
        let host = parameter("socket").or_else(|| parameter("host")).unwrap_or_else(addressed);
        let port = parameter("port").unwrap_or_else(|| url.port().unwrap_or(port).to_string());
        let shown = format!("{scheme}://{host}:{port}/{}", parameter("dbname").unwrap_or_else(|| database.to_owned()));
        let user = parameter("user").unwrap_or_else(|| url.username().to_owned());
        Ok(Self { url: SecretString::from(words), shown, user })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose_secret() == other.url.expose_secret()
    }
}

impl Eq for Server {}

/// The words as they may be shown: what stands between `://` and `@` may be a password.
fn without_secrets(words: &str) -> String {
    let shown = match words.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, place)) => format!("{scheme}://…@{place}"),
            None => words.to_owned(),
        },
        // What is not understood may be a form of its own, with a password anywhere.
        None if Path::new(words).exists() || !words.contains(['=', '@', ';']) && words.matches(':').count() < 2 => words.to_owned(),
        None => format!("{}…", words.split(['=', '@', ';', ':', ' ']).next().unwrap_or_default()),
    };
    let shown = match shown.split_once('?') {
        Some((place, _)) if words.contains("://") => format!("{place}?…"),
        _ => shown,
    };
    shown.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refusal(words: &str) -> String {
        Dsn::parse(words).expect_err("must be refused").to_string()
    }

    #[test]
    fn every_bad_word_says_what_is_wrong_and_what_is_valid() {
        for (words, says) in [
            ("", "no source is named"),
            ("sqlite:", "in memory"),
            ("sqlite::memory:", "in memory"),
            ("sqlite:x.db?mode=rwc", "parameters"),
            ("postgres://u:secret@h", "names no database"),
            ("mysql://h:x/db", "invalid port"),
            ("oracle://h", "not a kind of source"),
            ("nonsense", "not understood"),
            ("csv:no-such-folder", "there is no file or folder"),
            ("src", "a directory without .csv"),
        ] {
            let text = refusal(words);
            assert!(text.contains(says), "{words}: {text}");
            assert!(text.contains("sqlite:path/to/file.db") || words.starts_with("csv:"), "{words}: {text}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let text = refusal("postgres://u:se@cret@h:x/db");
        assert!(!text.contains("cret@") && text.contains("postgres://…@h:x/db"), "{text}");
        let dsn = Dsn::parse("postgres://u:secret@h/db?sslmode=require").unwrap();
        assert_eq!((format!("{dsn:?}").as_str(), dsn.key().0.as_str()), ("Postgresql(postgresql://h:5432/db)", "postgresql://u@h:5432/db"));
    }

    #[test]
    fn every_form_of_a_server_is_understood() {
        for (words, key) in [
            ("postgres://u:p@db.example/shop", "postgresql://u@db.example:5432/shop"),
            ("postgresql://db.example:6000/shop?sslmode=verify-full&sslrootcert=%2Fca.pem", "postgresql://db.example:6000/shop"),
            ("postgres://u:p%40ss%2Fw%3Ard@[::1]/my%20shop", "postgresql://u@[::1]:5432/my%20shop"),
            ("mysql://u@h/shop?ssl-mode=REQUIRED", "mysql://u@h:3306/shop"),
            ("mariadb://u:p%23@h:3307/shop", "mysql://u@h:3307/shop"),
        ] {
            assert_eq!(Dsn::parse(words).unwrap_or_else(|error| panic!("{words}: {error}")).key().0, key);
        }
    }

    #[test]
    fn who_connects_elsewhere_or_as_another_has_another_catalog() {
        let key = |words: &str| Dsn::parse(words).unwrap().key().0;
        let place = |words: &str| Dsn::parse(words).unwrap().place();
        let ann = "postgres://ann:p@h/shop";
        assert_eq!(key(ann), key("postgresql://ann:other@h:5432/shop?sslmode=require"));
        assert_eq!(key(ann), key("postgres://bob@h/shop?user=ann"));
        for other in ["postgres://bob:p@h/shop", "postgres://h/shop", "postgres://ann:p@h/shop?user=bob"] {
            assert_ne!(key(ann), key(other), "{other}");
            assert_eq!(place(ann), place(other), "{other}");
        }
        for other in ["postgres://ann:p@h/shop?host=g", "postgres://ann:p@h/shop?port=6000", "postgres://ann:p@h/shop?dbname=bank"] {
            assert_ne!(place(ann), place(other), "{other}");
        }
        assert_ne!(place("mysql://ann@h/shop"), place("mysql://ann@h/shop?socket=/run/other.sock"));
    }

    #[test]
    fn files_that_are_no_database_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path.display().to_string()
        };
        assert!(refusal(&format!("sqlite:{}", folder.path().display())).contains("is a directory"));
        assert!(refusal(&folder.path().join("none.db").display().to_string()).contains("there is no file"));
        assert!(refusal(&file("text.db", b"hello, this is no database")).contains("not a SQLite database"));
        assert!(refusal(&file("empty.db", b"")).contains("is empty"));
        let real = file("real.db", b"SQLite format 3\0 and more");
        let canonical = fs::canonicalize(&real).unwrap();
        for words in [real.clone(), format!("sqlite:{real}"), format!("sqlite://{real}"), format!(" sqlite:{real} ")] {
            assert_eq!(Dsn::parse(&words).unwrap().key().0, format!("sqlite:{}", canonical.display()));
        }
    }
}
