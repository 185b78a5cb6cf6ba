//! A folder of CSV files as a source: what comes out is what stands in the files, whatever wrote them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fathom::domain::Snapshot;
use fathom::source::{self, Dsn, ReadLimits, Settings, guard};
use serde_json::{Value, json};

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let files_of = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(files_of.path()).unwrap();
        files.iter().for_each(|(name, bytes)| files_of.write(name, bytes));
        files_of
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data.d")
    }

    fn loaded(&self) -> PathBuf {
        self.folder.path().join("loaded")
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    async fn open(&self) -> std::sync::Arc<dyn source::Source> {
        let settings = Settings { csv_dir: self.loaded(), ..Settings::default() };
        source::open(&Dsn::parse(&self.path().display().to_string()).unwrap(), &settings).await.unwrap()
    }

    async fn harvest(&self) -> Snapshot {
        self.open().await.harvest().await.unwrap()
    }

    async fn rows(&self, sql: &str) -> Value {
        let source = self.open().await;
        let limits = ReadLimits { max_rows: 100, max_bytes: 100_000, time: Duration::from_secs(5) };
        let query = guard::check(source.dialect(), sql).unwrap();
        json!(source.read(&query, &limits).await.unwrap().rows)
    }

    async fn types(&self, table: &str) -> Vec<(String, String)> {
        let snapshot = self.harvest().await;
        let table = snapshot.table("main", table).unwrap_or_else(|| panic!("no {table} in {snapshot:?}"));
        table.columns.iter().map(|column| (column.name.clone(), column.r#type.clone())).collect()
    }
}

fn typed(columns: &[(&str, &str)]) -> Vec<(String, String)> {
    columns.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
}

#[tokio::test]
async fn types_are_found_and_values_stay_what_they_are() {
    let text = "id,zip,price,day,note,empty\n1,01234,1.5,2024-01-02,\"a \"\"b\"\"\nc\",\n2,99999,20,2024-02-03,,\n";
    let files = Files::new(&[("orders.csv", text.as_bytes())]);
    let expect = typed(&[("id", "integer"), ("zip", "text"), ("price", "float"), ("day", "text"), ("note", "text"), ("empty", "text")]);
    assert_eq!(files.types("orders").await, expect);
    let expect = json!([[1, "01234", 1.5, "2024-01-02", "a \"b\"\nc", null], [2, "99999", 20.0, "2024-02-03", null, null]]);
    assert_eq!(files.rows("select * from orders order by id").await, expect);
    let snapshot = files.harvest().await;
    assert_eq!((snapshot.source.0, snapshot.unread), (format!("csv:{}", fs::canonicalize(files.path()).unwrap().display()), vec![]));
}

#[tokio::test]
async fn delimiters_and_headers_are_found() {
    let files = Files::new(&[
        ("semicolons.csv", b"name;amount\na;1,5\nb;2,5\n"),
        ("tabs.tsv", b"a\tb\nx, y\t2\n"),
        ("bars.csv", b"a|b|c\n1|2|3\n"),
        ("bare.csv", b"1,2.5,x\n2,3.5,y\n"),
        ("one.csv", b"word\nalpha\nbeta\n"),
    ]);
    assert_eq!(files.types("semicolons").await, typed(&[("name", "text"), ("amount", "text")]));
    assert_eq!(files.rows("select * from tabs").await, json!([["x, y", 2]]));
    assert_eq!(files.rows("select c from bars").await, json!([[3]]));
    assert_eq!(files.types("bare").await, typed(&[("column_1", "integer"), ("column_2", "float"), ("column_3", "text")]));
    assert_eq!(files.rows("select count(*) from bare").await, json!([[2]]));
    assert_eq!(files.rows("select word from one").await, json!([["alpha"], ["beta"]]));
    assert_eq!(files.harvest().await.unread, ["`bare`: no header was found, so its columns have numbers"]);
}

#[tokio::test]
async fn every_usual_encoding_is_read() {
    let text = "id,Größe\n1,müde\n";
    let wide = |bytes: fn(u16) -> [u8; 2], mark: &[u8]| [mark, &text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()].concat();
    let latin: Vec<u8> = text.chars().map(|sign| u8::try_from(u32::from(sign)).unwrap()).collect();
    let files = Files::new(&[
        ("plain.csv", text.as_bytes()),
        ("marked.csv", format!("\u{feff}{text}").as_bytes()),
        ("little.csv", &wide(u16::to_le_bytes, &[0xff, 0xfe])),
        ("big.csv", &wide(u16::to_be_bytes, &[0xfe, 0xff])),
        ("unmarked.csv", &wide(u16::to_le_bytes, &[])),
        ("latin.csv", &latin),
    ]);
    for table in ["plain", "marked", "little", "big", "unmarked", "latin"] {
        assert_eq!(files.types(table).await, typed(&[("id", "integer"), ("Größe", "text")]), "{table}");
        assert_eq!(files.rows(&format!("select \"Größe\" from {table}")).await, json!([["müde"]]), "{table}");
    }
}

#[tokio::test]
async fn odd_rows_and_names_lose_nothing_and_are_told() {
    let files = Files::new(&[
        ("ragged.csv", b"a,A,,b\n1,2,3,4\n5\n6,7,8,9,10\n"),
        ("empty.csv", b""),
        ("sqlite_x.csv", b"a,b\n1,x\n"),
        ("same.csv", b"a,b\n1,x\n"),
        ("same.tsv", b"a\tb\n2\ty\n"),
        ("other.txt", b"no table"),
    ]);
    assert_eq!(files.rows("select * from ragged").await, json!([[1, 2, 3, 4, null], [5, null, null, null, null], [6, 7, 8, 9, 10]]));
    let names: Vec<String> = files.types("ragged").await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "A_2", "column_3", "b", "column_5"]);
    let snapshot = files.harvest().await;
    let tables: Vec<&str> = snapshot.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(tables, ["ragged", "same", "same_2", "t_sqlite_x"]);
    assert_eq!(snapshot.unread.len(), 2, "{:?}", snapshot.unread);
    assert_eq!(snapshot.unread[0], "`empty`: the file is empty");
    assert!(snapshot.unread[1].starts_with("`ragged`: 1 rows have fewer values than the header, 1 have more, the first at line 3"));
}

#[tokio::test]
async fn a_changed_file_is_loaded_anew_and_an_unchanged_one_is_not() {
    let files = Files::new(&[("t.csv", b"a,b\n1,x\n")]);
    let loaded = |path: &Path| {
        fs::read_dir(path)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "db"))
            .collect::<Vec<_>>()
    };
    let reader = files.open().await;
    let first = loaded(&files.loaded());
    let made = fs::metadata(&first[0]).unwrap().modified().unwrap();
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&first[0]).unwrap().permissions()) & 0o777, 0o600);
    assert_eq!(files.rows("select a from t").await, json!([[1]]));
    assert_eq!(fs::metadata(&first[0]).unwrap().modified().unwrap(), made);
    files.write("t.csv", b"a,b\n1,x\n2,y\n");
    files.write("u.csv", b"a,b\n1,x\n");
    assert_eq!(files.rows("select count(*) from t, u").await, json!([[2]]));
    let second = loaded(&files.loaded());
    assert!(second.len() == 2 && second.contains(&first[0]), "the state before stays for who reads it: {second:?}");
    files.write("u.csv", b"a,b\n1,x\n2,y\n");
    assert_eq!(files.rows("select count(*) from u").await, json!([[2]]));
    let third = loaded(&files.loaded());
    assert!(third.len() == 2 && !third.contains(&first[0]), "{third:?}");
    // Who had it open reads on.
    assert_eq!(reader.harvest().await.unwrap().tables.len(), 1);
}

#[tokio::test]
async fn a_quote_that_is_not_closed_is_told_and_hides_no_other_file() {
    let mut endless = b"a,b\n1,\"".to_vec();
    endless.resize(17 * 1024 * 1024, b'x');
    let files = Files::new(&[("endless.csv", &endless), ("good.csv", b"a,b\n1,x\n")]);
    let snapshot = files.harvest().await;
    assert_eq!(snapshot.tables.len(), 1);
    assert!(snapshot.unread[0].contains("`endless`") && snapshot.unread[0].contains("a quote may not be closed"), "{:?}", snapshot.unread);
}
