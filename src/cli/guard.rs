//! `fathom guard`: what the SQL guard says about a text, for whoever wants to try it. Opens no database.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::exit::{Exit, UsageError};
use super::out;
use crate::source::Dialect;
use crate::source::guard::{self, MAX_SQL_BYTES};

/// Longer lines are skipped: as much SQL as the guard reads, with every character of it escaped.
const MAX_LINE_BYTES: usize = 6 * MAX_SQL_BYTES + 4096;

/// Say whether the SQL on standard input would be let through, and why not
///
/// Every query, of an expert or of a person, passes this guard before it reaches a database: one statement that only reads.
/// Nothing is executed and no database is opened.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echo 'select * from orders' | fathom guard --dialect postgresql
  fathom guard --dialect mysql --json < query.sql
  fathom guard --json-lines < corpus.jsonl > verdicts.jsonl

With --json-lines, each line of the input is {\"id\": …, \"dialect\": \"sqlite\", \"sql\": \"…\"} and is answered, in its order, by
{\"id\": …, \"verdict\": \"allow\" or \"deny\", \"why\": \"…\"}. A line that cannot be read is denied, and `why` says which it was.

Exit codes:
  0    the text is let through; with --json-lines, every line was read
  2    wrong usage; with --json-lines, some lines could not be read
  5    the text is refused")]
pub struct Guard {
    /// Whose SQL it is: sqlite, postgresql or mysql (which is MariaDB's, too)
    #[arg(long, value_parser = dialect, required_unless_present = "json_lines")]
    pub dialect: Option<Dialect>,
    /// Answer with one JSON object
    #[arg(long)]
    pub json: bool,
    /// Answer many texts, one JSON object a line
    #[arg(long, conflicts_with_all = ["dialect", "json"])]
    pub json_lines: bool,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    id: Value,
    dialect: String,
    sql: String,
}

#[derive(Serialize)]
struct Answer {
    id: Value,
    verdict: &'static str,
    why: String,
}

impl Guard {
    pub fn carry_out(&self) -> anyhow::Result<Exit> {
        match self.dialect {
            Some(dialect) => self.one(dialect),
            None => many(BufReader::with_capacity(1 << 16, io::stdin().lock()), BufWriter::with_capacity(1 << 16, io::stdout().lock())),
        }
    }

    fn one(&self, dialect: Dialect) -> anyhow::Result<Exit> {
        let mut bytes = Vec::new();
        // One byte more than the guard reads is enough to be refused for its length.
        io::stdin().lock().take(MAX_SQL_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        let sql = match String::from_utf8(bytes) {
            Ok(sql) => sql,
            Err(error) if error.as_bytes().len() > MAX_SQL_BYTES => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            Err(_) => return Err(UsageError("the text on standard input is not UTF-8".to_owned()).into()),
        };
        let verdict = guard::check(dialect, &sql);
        match &verdict {
            Ok(query) if self.json => out::line(json!({"verdict": "allow", "why": query.form().why()}).to_string())?,
            Ok(query) => out::line(format!("allowed: {}", query.form().why()))?,
            Err(refusal) if self.json => out::line(
                json!({"verdict": "deny", "why": refusal.to_string(), "construct": refusal.construct, "position": refusal.position})
                    .to_string(),
            )?,
            Err(refusal) => out::line(refusal.to_string())?,
        }
        Ok(if verdict.is_ok() { Exit::Done } else { Exit::Denied })
    }
}

fn dialect(name: &str) -> Result<Dialect, String> {
    Dialect::from_name(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> String {
    format!("unknown dialect `{}`; there are: sqlite, postgresql, mysql", out::harmless(name, 40))
}

fn many(mut asked: BufReader<impl Read>, mut answers: impl Write) -> anyhow::Result<Exit> {
    let mut line = Vec::new();
    let mut unread = 0;
    for number in 1_u64.. {
        line.clear();
        let Some(whole) = next_line(&mut asked, &mut line)? else { break };
        if line.iter().all(u8::is_ascii_whitespace) && whole {
            continue;
        }
        let answer = match if whole { answered(&line) } else { Err((Value::Null, format!("it is longer than {MAX_LINE_BYTES} bytes"))) } {
            Ok(answer) => answer,
            Err((id, why)) => {
                unread += 1;
                Answer { id, verdict: "deny", why: format!("line {number} cannot be read: {why}") }
            }
        };
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        // Whoever waits for each answer before the next question gets it.
        if asked.buffer().is_empty() {
            answers.flush()?;
        }
    }
    answers.flush()?;
    if unread > 0 {
        out::note(format!("{} could not be read", out::count(unread, "line")));
    }
    Ok(if unread == 0 { Exit::Done } else { Exit::Usage })
}

/// Whether the line was kept whole; None at the end.
fn next_line(asked: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let read = asked.by_ref().take(MAX_LINE_BYTES as u64).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(None);
    }
    if read < MAX_LINE_BYTES || line.ends_with(b"\n") {
        return Ok(Some(true));
    }
    asked.skip_until(b'\n')?;
    Ok(Some(false))
}

fn answered(line: &[u8]) -> Result<Answer, (Value, String)> {
    let asked: Asked = serde_json::from_slice(line).map_err(|error| {
        let id = serde_json::from_slice::<Value>(line).ok().and_then(|line| line.get("id").cloned());
        (id.unwrap_or_default(), error.to_string())
    })?;
    let Some(dialect) = Dialect::from_name(&asked.dialect) else { return Err((asked.id, unknown(&asked.dialect))) };
    Ok(match guard::check(dialect, &asked.sql) {
        Ok(query) => Answer { id: asked.id, verdict: "allow", why: query.form().why().to_owned() },
        Err(refusal) => Answer { id: asked.id, verdict: "deny", why: refusal.to_string() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(input: &str) -> (Exit, Vec<Value>) {
        let mut output = Vec::new();
        let exit = many(BufReader::new(input.as_bytes()), &mut output).unwrap();
        (exit, String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn each_line_is_answered_in_its_order() {
        let (exit, answers) = asked(
            "{\"id\": 1, \"dialect\": \"sqlite\", \"sql\": \"select 1\"}\n\n{\"id\": \"b\", \"dialect\": \"mariadb\", \"sql\": \"delete from t\", \"more\": 1}",
        );
        assert_eq!(exit, Exit::Done);
        let short: Vec<_> = answers.iter().map(|answer| (&answer["id"], &answer["verdict"])).collect();
        assert_eq!(short, [(&json!(1), &json!("allow")), (&json!("b"), &json!("deny"))]);
        assert!(answers[1]["why"].as_str().unwrap().contains("`delete`"), "{answers:?}");
    }

    #[test]
    fn a_line_that_cannot_be_read_is_denied_and_stops_nothing() {
        let long = format!("{{\"id\": 4, \"dialect\": \"sqlite\", \"sql\": \"{}\"}}", "x".repeat(MAX_LINE_BYTES));
        let input = format!(
            "nonsense\n{{\"id\": 2}}\n{{\"id\": 3, \"dialect\": \"oracle\", \"sql\": \"select 1\"}}\n{long}\n{{\"id\": 5, \"dialect\": \"sqlite\", \"sql\": \"select 1\"}}\n"
        );
        let (exit, answers) = asked(&input);
        assert_eq!(exit, Exit::Usage);
        let ids: Vec<_> = answers.iter().map(|answer| answer["id"].clone()).collect();
        assert_eq!(ids, [Value::Null, json!(2), json!(3), Value::Null, json!(5)]);
        let verdicts: Vec<_> = answers.iter().map(|answer| answer["verdict"].as_str().unwrap()).collect();
        assert_eq!(verdicts, ["deny", "deny", "deny", "deny", "allow"]);
        for (number, answer) in (1..).zip(&answers[..4]) {
            assert!(answer["why"].as_str().unwrap().starts_with(&format!("line {number} cannot be read: ")), "{answer}");
        }
    }
}
