//! One transaction for a group of appends, in a constant number of round trips whatever their number.

use std::collections::HashMap;

use sqlx::{Connection, PgConnection, Row};

use super::{catalog, plain, runs};
use crate::domain::crash::CrashPoint;
use crate::domain::{EntryWrite, RunId};
use crate::store::appends::{self, Fences};
use crate::store::settle::Manner;
use crate::store::{Append, Error, read};

/// Why a whole group was not stored.
#[derive(Debug)]
pub enum Broken {
    /// Before the commit: nothing is stored.
    Database(sqlx::Error),
    /// At the commit: whether it is stored only the database knows.
    Commit(sqlx::Error),
    Ours(Error),
}

/// A run that let its appends in.
#[derive(Debug)]
struct Head {
    no: i64,
    owner: String,
    source: Option<String>,
}

/// One answer an append, in order; a fenced append fails alone.
pub async fn store(connection: &mut PgConnection, group: &[&Append]) -> Result<Vec<Result<(), Error>>, Broken> {
    let mut transaction = connection.begin().await?;
    let mut heads = fence(&mut transaction, group).await?;
    let mut answers = Vec::with_capacity(group.len());
    let mut passed = Vec::new();
    let mut entries: Vec<(String, &EntryWrite, i64)> = Vec::new();
    for append in group {
        let Some(head) = heads.get_mut(&append.run) else {
            let known = runs::exists(&mut transaction, append.run).await?;
            answers.push(Err(if known { Error::Fenced(append.run) } else { Error::NoSuchRun(append.run) }));
            continue;
        };
        if let Some(source) = &append.source {
            head.source = Some(plain(&source.0));
        }
        match &head.source {
            Some(source) => entries.extend(append.entries.iter().map(|entry| (source.clone(), entry, append.at))),
            None if append.entries.is_empty() => {}
            None => return Err(Broken::Ours(appends::sourceless(append.run))),
        }
        passed.push(*append);
        answers.push(Ok(()));
    }
    if !passed.is_empty() {
        write(&mut transaction, &passed, &heads).await?;
        catalog::write(&mut transaction, &entries, Manner::Claimed).await?;
    }
    CrashPoint::BeforeCommit.passed();
    transaction.commit().await.map_err(Broken::Commit)?;
    CrashPoint::AfterCommit.passed();
    Ok(answers)
}

/// The heads of the runs that let their appends in.
async fn fence(connection: &mut PgConnection, group: &[&Append]) -> Result<HashMap<RunId, Head>, Broken> {
    let mut fences = Fences::default();
    let (mut sources, mut with_entries) = (HashMap::new(), HashMap::new());
    for append in group {
        fences.add(append);
        if let Some(source) = &append.source {
            sources.insert(append.run, plain(&source.0));
        }
        *with_entries.entry(append.run).or_insert(false) |= !append.entries.is_empty();
    }
    let of = |column: fn(&appends::Fence<'_>) -> i64| fences.iter().map(column).collect::<Vec<_>>();
    let rows = sqlx::query(include_str!("sql/fence.sql"))
        .bind(fences.iter().map(|fence| fence.first.run.to_string()).collect::<Vec<_>>())
        .bind(of(|fence| fence.first.epoch))
        .bind(of(|fence| fence.first.first_seq.cast_signed()))
        .bind(of(|fence| fence.next_seq().cast_signed()))
        .bind(of(|fence| fence.last.at))
        .bind(fences.iter().map(|fence| fence.last.status.name()).collect::<Vec<_>>())
        .bind(fences.iter().map(|fence| sources.get(&fence.first.run).cloned()).collect::<Vec<_>>())
        .bind(fences.iter().map(|fence| read::json_text(&fence.last.summary)).collect::<Vec<_>>())
        .bind(fences.iter().map(|fence| with_entries[&fence.first.run]).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let heads = rows.iter().map(|row| {
        let head = Head { no: row.try_get(1)?, owner: row.try_get(2)?, source: row.try_get(3)? };
        Ok((read::run_id(row)?, head))
    });
    heads.collect()
}

async fn write(connection: &mut PgConnection, passed: &[&Append], heads: &HashMap<RunId, Head>) -> Result<(), sqlx::Error> {
    let records = || passed.iter().flat_map(|append| append.records.iter().map(|record| (&heads[&append.run], record)));
    let steps = || passed.iter().flat_map(|append| append.steps.iter().map(|step| (&heads[&append.run], step)));
    let consumed = || passed.iter().flat_map(|append| append.consumed.iter().map(|command| (heads[&append.run].no, command)));
    sqlx::query(include_str!("sql/journal.sql"))
        .bind(records().map(|(head, _)| head.no).collect::<Vec<_>>())
        .bind(records().map(|(head, _)| head.owner.clone()).collect::<Vec<_>>())
        .bind(records().map(|(_, record)| record.seq.cast_signed()).collect::<Vec<_>>())
        .bind(records().map(|(_, record)| record.at).collect::<Vec<_>>())
        .bind(records().map(|(_, record)| record.kind.name()).collect::<Vec<_>>())
        .bind(records().map(|(_, record)| plain(&record.message)).collect::<Vec<_>>())
        .bind(records().map(|(_, record)| plain(&record.data)).collect::<Vec<_>>())
        .bind(steps().map(|(head, _)| head.no).collect::<Vec<_>>())
        .bind(steps().map(|(head, _)| head.owner.clone()).collect::<Vec<_>>())
        .bind(steps().map(|(_, step)| i64::from(step.task.0)).collect::<Vec<_>>())
        .bind(steps().map(|(_, step)| plain(&step.step)).collect::<Vec<_>>())
        .bind(steps().map(|(_, step)| plain(&step.result)).collect::<Vec<_>>())
        .bind(consumed().map(|(no, _)| no).collect::<Vec<_>>())
        .bind(consumed().map(|(_, command)| plain(&command.command_id)).collect::<Vec<_>>())
        .bind(consumed().map(|(_, command)| plain(&command.outcome)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

impl From<sqlx::Error> for Broken {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}
