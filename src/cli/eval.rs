//! `fathom eval`: how well keys and references are found, on databases of which the truth is known.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use console::style;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::exit::{Exit, UsageError};
use super::global::Global;
use super::target::Target;
use super::{grid, out};
use crate::evidence::score::{Found, Rates, Score, Tally, Truth, mean, score};

/// Measure how well keys and references are found, where the truth is known
///
/// DIR holds `db/NAME.sqlite` and `truth/NAME.json`. Each database is looked at without its truth; then what was found is compared with it.
/// Strict: all that is true counts, and all else is a false alarm. Lenient: what the data cannot show is not asked for, and what follows
/// from the truth is no false alarm.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fathom eval databases
  fathom eval databases --errors
  fathom eval databases --markdown > table.md
  fathom eval databases --found answers          score what another program found: answers/NAME.json")]
pub struct Eval {
    pub dir: PathBuf,
    /// Score the answers in this folder, and look for nothing
    #[arg(long, value_name = "DIR")]
    pub found: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print the table as Markdown
    #[arg(long)]
    pub markdown: bool,
    /// List what was missed and what was wrong
    #[arg(long)]
    pub errors: bool,
}

/// A database with its truth beside it.
struct Known {
    name: String,
    file: PathBuf,
    truth: PathBuf,
}

#[derive(Serialize)]
struct Measured {
    database: String,
    score: Score,
    rates: ByView,
    seconds: f64,
    /// Where the system tells it: the most memory of this process while it looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_bytes: Option<u64>,
}

#[derive(Clone, Copy, Serialize)]
struct ByView {
    keys_strict: Rates,
    keys_lenient: Rates,
    references_strict: Rates,
    references_lenient: Rates,
}

#[derive(Serialize)]
struct Board {
    databases: Vec<Measured>,
    mean: ByView,
    mean_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_peak_bytes: Option<u64>,
}

impl Eval {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let known = databases(&self.dir)?;
        let board = match &self.found {
            Some(folder) => measure(&known, async |known: &Known| answer(folder, known)).await?,
            None => {
                let folder = tempfile::tempdir().context("there is no room for a temporary folder")?;
                let target = Target::apart(global, folder.path()).await?;
                let measured = measure(&known, async |known: &Known| infer(&target, &known.file).await).await;
                target.close_after(measured).await?
            }
        };
        if self.json {
            out::json(&board)?;
            return Ok(Exit::Done);
        }
        let rows = board.rows();
        if self.markdown {
            markdown(&rows).iter().try_for_each(out::line)?;
        } else {
            let heading = HEADING.map(str::to_owned);
            grid::print(&heading, &rows, &[false, true, true, true, true, true, true, true, true, true, true, true])?;
        }
        if self.errors {
            board.databases.iter().flat_map(errors).try_for_each(out::line)?;
        }
        Ok(Exit::Done)
    }
}

/// What is found in a database that nothing is known of.
async fn infer(target: &Target, file: &Path) -> anyhow::Result<Found> {
    let source = target.words_of(&file.to_string_lossy());
    Ok(target.client.get(&["sources", &source, "inference"], &[("blind", "true".to_owned())]).await?)
}

/// What another program found; nothing where it gave no answer.
fn answer(folder: &Path, known: &Known) -> anyhow::Result<Found> {
    let path = folder.join(format!("{}.json", known.name));
    if path.is_file() { read(&path) } else { Ok(Found::default()) }
}

fn databases(dir: &Path) -> anyhow::Result<Vec<Known>> {
    let folder = dir.join("db");
    let entries = fs::read_dir(&folder)
        .map_err(|error| UsageError(format!("`{}` cannot be read: {error}; it must hold NAME.sqlite files", folder.display())))?;
    let mut found = Vec::new();
    for entry in entries {
        let file = entry?.path();
        let is_database = file.extension().is_some_and(|extension| extension == "sqlite");
        if let (true, Some(name)) = (is_database, file.file_stem()) {
            let name = name.to_string_lossy().into_owned();
            let truth = dir.join("truth").join(format!("{name}.json"));
            found.push(Known { name, file, truth });
        }
    }
    if found.is_empty() {
        return Err(UsageError(format!("`{}` holds no NAME.sqlite files", folder.display())).into());
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let named = || format!("`{}` cannot be read", path.display());
    let text = fs::read(path).with_context(named)?;
    serde_json::from_slice(&text).with_context(named)
}

/// One after the other, so that time and memory are those of one. The truth is read when the answer is there.
async fn measure(known: &[Known], infer: impl AsyncFn(&Known) -> anyhow::Result<Found>) -> anyhow::Result<Board> {
    let mut databases = Vec::with_capacity(known.len());
    for one in known {
        forget_peak();
        let started = Instant::now();
        let found = infer(one).await.with_context(|| format!("`{}`", one.name))?;
        let (seconds, peak_bytes) = (started.elapsed().as_secs_f64(), peak_bytes());
        let truth: Truth = read(&one.truth)?;
        let score = score(&found, &truth);
        databases.push(Measured { database: one.name.clone(), rates: ByView::of(&score), score, seconds, peak_bytes });
    }
    let mean = ByView::mean(&databases);
    let count = databases.len().max(1);
    let mean_seconds = databases.iter().map(|one| one.seconds).sum::<f64>() / count as f64;
    let peaks: Option<Vec<u64>> = databases.iter().map(|one| one.peak_bytes).collect();
    let mean_peak_bytes = peaks.map(|peaks| peaks.iter().sum::<u64>() / count as u64);
    Ok(Board { databases, mean, mean_seconds, mean_peak_bytes })
}

/// Linux counts a process's peak anew when it is told so; elsewhere nothing is said.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

const HEADING: [&str; 12] = ["database", "keys", "P", "R", "F1", "references", "P", "R", "F1", "lenient F1", "time", "memory"];

impl Board {
    fn rows(&self) -> Vec<Vec<String>> {
        let counts = |tally: &Tally| format!("{} of {}", tally.hits, tally.hits + tally.misses);
        let rows = self.databases.iter().map(|one| {
            let counts = [counts(&one.score.primary_keys.strict), counts(&one.score.foreign_keys.strict)];
            row(&one.database, counts, &one.rates, (one.seconds, one.peak_bytes))
        });
        let counts = [String::new(), String::new()];
        rows.chain([row("mean", counts, &self.mean, (self.mean_seconds, self.mean_peak_bytes))]).collect()
    }
}

fn row(name: &str, [keys, references]: [String; 2], rates: &ByView, (seconds, bytes): (f64, Option<u64>)) -> Vec<String> {
    let figure = |rate: f64| format!("{rate:.3}");
    let three = |rates: &Rates| [figure(rates.precision), figure(rates.recall), figure(rates.f1)];
    let name = vec![name.to_owned(), keys];
    let middle = [three(&rates.keys_strict).to_vec(), vec![references], three(&rates.references_strict).to_vec()].concat();
    let memory = bytes.map_or("-".to_owned(), |bytes| format!("{} MB", bytes >> 20));
    let end = vec![figure(rates.references_lenient.f1), format!("{seconds:.2} s"), memory];
    [name, middle, end].concat()
}

fn markdown(rows: &[Vec<String>]) -> Vec<String> {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let rule = HEADING.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" }.to_owned()).collect();
    let head = [line(HEADING.map(str::to_owned).to_vec()), line(rule)];
    head.into_iter().chain(rows.iter().cloned().map(line)).collect()
}

fn errors(of: &Measured) -> Vec<String> {
    let errors = &of.score.errors;
    let group = |what: &str, lines: &[String]| lines.iter().map(|line| format!("  {what}  {line}")).collect::<Vec<_>>();
    let lines =
        [group("key  ", &errors.keys), group("missed", &errors.missed_references), group("wrong ", &errors.false_references)].concat();
    if lines.is_empty() { lines } else { [vec![String::new(), style(&of.database).bold().to_string()], lines].concat() }
}

impl ByView {
    fn of(score: &Score) -> Self {
        Self {
            keys_strict: score.primary_keys.strict.rates(),
            keys_lenient: score.primary_keys.lenient.rates(),
            references_strict: score.foreign_keys.strict.rates(),
            references_lenient: score.foreign_keys.lenient.rates(),
        }
    }

    fn mean(of: &[Measured]) -> Self {
        let mean = |part: fn(&Self) -> Rates| mean(&of.iter().map(|one| part(&one.rates)).collect::<Vec<_>>());
        Self {
            keys_strict: mean(|rates| rates.keys_strict),
            keys_lenient: mean(|rates| rates.keys_lenient),
            references_strict: mean(|rates| rates.references_strict),
            references_lenient: mean(|rates| rates.references_lenient),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("db")).unwrap();
        fs::create_dir_all(folder.path().join("truth")).unwrap();
        let truth = r#"{"primary_keys": {"a": ["id"]}, "foreign_keys": [
            {"child_table": "b", "child_columns": ["a_id"], "parent_table": "a", "parent_columns": ["id"]}]}"#;
        for name in names {
            fs::write(folder.path().join("db").join(format!("{name}.sqlite")), "").unwrap();
            fs::write(folder.path().join("truth").join(format!("{name}.json")), truth).unwrap();
        }
        folder
    }

    #[tokio::test]
    async fn each_database_is_measured_and_counts_the_same_in_the_mean() {
        let folder = folder(&["two", "one"]);
        let known = databases(folder.path()).unwrap();
        let right = r#"{"database": "one", "primary_keys": {"A": ["ID"]}, "foreign_keys": [
            {"child_table": "B", "child_columns": ["A_ID"], "parent_table": "A", "parent_columns": ["ID"],
             "confidence": 0.9, "signals": [], "violations": 0}]}"#;
        let infer = async |known: &Known| match known.name.as_str() {
            "one" => Ok(serde_json::from_str(right)?),
            _ => Ok(Found::default()),
        };
        let board = measure(&known, infer).await.unwrap();
        let f1: Vec<(&str, f64)> = board.databases.iter().map(|one| (one.database.as_str(), one.rates.references_strict.f1)).collect();
        assert_eq!(f1, [("one", 1.0), ("two", 0.0)]);
        assert_eq!((board.mean.references_strict.f1, board.mean.keys_strict.f1), (0.5, 0.5));
        let table = markdown(&board.rows());
        assert_eq!(table.len(), 5);
        assert!(table.iter().all(|line| line.matches('|').count() == HEADING.len() + 1), "{table:#?}");
        assert!(errors(&board.databases[1]).iter().any(|line| line.contains("b(a_id) → a(id)")));
        assert!(errors(&board.databases[0]).is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_measured_names_the_database_or_the_folder() {
        let folder = folder(&["one"]);
        let known = databases(folder.path()).unwrap();
        let failed = measure(&known, async |_: &Known| anyhow::bail!("it is torn")).await.err().unwrap();
        assert_eq!(format!("{failed:#}"), "`one`: it is torn");
        fs::remove_file(folder.path().join("truth/one.json")).unwrap();
        let failed = measure(&known, async |_: &Known| Ok(Found::default())).await.err().unwrap();
        assert!(failed.to_string().contains("one.json"), "{failed}");
        fs::remove_file(folder.path().join("db/one.sqlite")).unwrap();
        assert!(databases(folder.path()).err().unwrap().to_string().contains("holds no NAME.sqlite"));
        assert!(databases(&folder.path().join("nowhere")).is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_is_told_where_the_system_tells_it() {
        forget_peak();
        let before = peak_bytes().unwrap();
        let held = vec![1u8; 64 << 20];
        assert!(peak_bytes().unwrap() > before + (48 << 20), "{} bytes are held", held.len());
        drop(held);
        forget_peak();
        assert!(peak_bytes().unwrap() < before + (32 << 20), "the peak was not forgotten");
    }
}
