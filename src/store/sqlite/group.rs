//! One transaction for a group of writes, in a constant number of statements for its appends whatever their number.
//!
//! Invariant: a run's appends in a group follow each other (see [`super::requests::Group`]), so one fence a run is enough.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::catalog::{self, Fresh, Written};
use super::journal::{self, Head};
use super::requests::{Answer, Write};
use super::rows::Rows;
use super::{audit, commands, queries, remote, runs, snapshots, sources, tokens};
use crate::domain::crash::CrashPoint;
use crate::domain::{EntryWrite, RunId};
use crate::store::appends::{self, Fences};
use crate::store::desk::Desk;
use crate::store::settle::Manner;
use crate::store::{Append, Created, Error, read};

const BEGIN: &str = "begin immediate";
const FENCE: &str = concat!("begin immediate;\n", include_str!("sql/fence.sql"));
const FENCE_AND_CLAIMS: &str = concat!("begin immediate;\n", include_str!("sql/fence.sql"), include_str!("sql/claims.sql"));
const COMMIT: &str = "commit";
const JOURNAL: &str = concat!(include_str!("sql/journal.sql"), "commit;");
const JOURNAL_AND_CATALOG: &str = concat!(include_str!("sql/journal.sql"), include_str!("sql/catalog.sql"), "commit;");

/// Why a whole group was not stored.
#[derive(Debug)]
pub enum Broken {
    Database(sqlx::Error),
    Ours(Error),
}

/// One answer a write, in order; a fenced append fails alone. After an error nothing of the group is stored,
/// once the caller has rolled back.
pub async fn store(
    connection: &mut SqliteConnection,
    writes: &[&Write],
    next_entry: &mut i64,
) -> Result<Vec<Result<Answer, Error>>, Broken> {
    let mut fences = Fences::default();
    let mut claimed = Vec::new();
    for write in writes {
        if let Write::Append(append) = write {
            fences.add(append);
        }
        if may_be_claimed(connection, write).await? {
            claimed.push(*write);
        }
    }
    let opened = open(connection, &fences, &claimed).await?;
    let mut desk = Desk::new(*next_entry);
    let mut heads = HashMap::new();
    for row in &opened {
        if catalog::is_claim(row) {
            catalog::lay(row, &mut desk)?;
        } else {
            let (run, head) = Head::read(row)?;
            heads.insert(run, head);
        }
    }

    let mut answers = Vec::with_capacity(writes.len());
    let mut passed = Vec::new();
    for write in writes {
        answers.push(match write {
            Write::Append(append) => match heads.get_mut(&append.run) {
                Some(head) => {
                    head.apply(append);
                    write_entries(append, head, &mut desk)?;
                    passed.push(append);
                    Ok(Answer::Done)
                }
                None if runs::exists(connection, append.run).await? => Err(Error::Fenced(append.run)),
                None => Err(Error::NoSuchRun(append.run)),
            },
            Write::PutEntries { source, entries, at, manner } => {
                entries.iter().for_each(|entry| desk.write(&source.0, entry, *at, *manner));
                Ok(Answer::Done)
            }
            Write::MarkStale { source, marks, at } => {
                marks.iter().for_each(|mark| desk.mark(&source.0, mark, *at));
                Ok(Answer::Done)
            }
            Write::CreateRun(run) => runs::create(connection, run).await?.map(Answer::Created),
            Write::ClaimRun { id, node } => runs::claim(connection, *id, node).await?.map(Answer::Claimed),
            Write::PutCommand(command) => commands::put(connection, command).await?.map(Answer::Command),
            Write::PutSnapshot(snapshot) => done(snapshots::put(connection, snapshot).await)?,
            Write::PutSources(rows) => done(sources::put(connection, rows).await)?,
            Write::RemoveSource { name } => Ok(Answer::Changed(sources::remove(connection, name).await?)),
            Write::PutToken(token) => Ok(Answer::Changed(tokens::put(connection, token).await?)),
            Write::RevokeToken { name, at } => Ok(Answer::Changed(tokens::revoke(connection, name, *at).await?)),
            Write::AddQueries { queries, most } => done(queries::add(connection, queries, *most).await)?,
            Write::AddAudit { rows, kept } => done(audit::add(connection, rows, *kept).await)?,
            Write::PutRemoteTools(tools) => done(remote::put_tools(connection, tools).await)?,
            Write::PutRemoteCall(call) => done(remote::put_call(connection, call).await)?,
            Write::RemoveRemoteCall { id } => Ok(Answer::Changed(remote::remove_call(connection, id).await?)),
            Write::PutRemoteLogins(logins) => done(remote::put_logins(connection, logins).await)?,
            Write::RemoveRemoteLogin { server, issuer } => Ok(Answer::Changed(remote::remove_login(connection, server, issuer).await?)),
            Write::Probe { at } => done(probe(connection, *at).await)?,
            Write::BoundPages { pages } => done(bound_pages(connection, *pages).await)?,
        });
    }

    *next_entry = desk.next_id();
    if !fences.is_empty() {
        CrashPoint::BeforeCommit.passed();
    }
    let fresh = Fresh::of(&desk);
    fresh.insert(connection).await?;
    commit(connection, &passed, &heads, catalog::written(&desk, &fresh)).await?;
    pass_crash_points(&answers, !fences.is_empty());
    Ok(answers)
}

/// Whether the write touches entries that others may have claimed before. Asked before the transaction, since nobody else writes.
async fn may_be_claimed(connection: &mut SqliteConnection, write: &Write) -> Result<bool, sqlx::Error> {
    Ok(match write {
        Write::PutEntries { source, entries, .. } => !entries.is_empty() && !catalog::are_absent(connection, source, entries).await?,
        Write::Append(append) => !append.entries.is_empty(),
        Write::MarkStale { .. } => true,
        _ => false,
    })
}

/// Begins the transaction; answers the heads of the runs that let their appends in, and the claims on the entries of these writes.
async fn open(connection: &mut SqliteConnection, fences: &Fences<'_>, claimed: &[&Write]) -> Result<Vec<SqliteRow>, sqlx::Error> {
    if fences.is_empty() && claimed.is_empty() {
        sqlx::query(BEGIN).execute(connection).await?;
        return Ok(Vec::new());
    }
    let (rows, summaries) = journal::fence_rows(fences).finish();
    if claimed.is_empty() {
        return sqlx::query(FENCE).bind(rows).bind(summaries).fetch_all(connection).await;
    }
    let mut wanted = Rows::new();
    for write in claimed {
        let (source, run) = match write {
            Write::PutEntries { source, .. } => (Some(source), None),
            Write::Append(append) => (append.source.as_ref(), Some(append.run)),
            Write::MarkStale { source, marks, .. } => {
                for mark in marks {
                    wanted.row().add(source).number(read::layer_number(mark.layer)).add(&mark.kind).add(&mark.key).add(None::<RunId>);
                }
                continue;
            }
            _ => continue,
        };
        for entry in entries_of(write) {
            wanted.row().add(source).number(read::layer_number(entry.layer)).add(&entry.kind).add(&entry.key).add(run);
        }
    }
    sqlx::query(FENCE_AND_CLAIMS).bind(rows).bind(summaries).bind(wanted.finish().0).fetch_all(connection).await
}

async fn commit(
    connection: &mut SqliteConnection,
    passed: &[&Append],
    heads: &HashMap<RunId, Head>,
    written: Option<Written>,
) -> Result<(), sqlx::Error> {
    if passed.is_empty() && written.is_none() {
        sqlx::query(COMMIT).execute(connection).await?;
        return Ok(());
    }
    let journaled = journal::journaled(passed, heads);
    let query = sqlx::query(if written.is_some() { JOURNAL_AND_CATALOG } else { JOURNAL })
        .bind(journaled.events.0)
        .bind(journaled.events.1)
        .bind(journaled.steps.0)
        .bind(journaled.steps.1)
        .bind(journaled.consumed)
        .bind(journaled.moved);
    let query = match written {
        None => query,
        Some(written) => query
            .bind(written.entries.0)
            .bind(written.entries.1)
            .bind(written.with_rivals)
            .bind(written.rivals.0)
            .bind(written.rivals.1)
            .bind(written.history.0)
            .bind(written.history.1)
            .bind(written.unindexed)
            .bind(written.words.0)
            .bind(written.words.1),
    };
    query.execute(connection).await?;
    Ok(())
}

fn write_entries<'w>(append: &'w Append, head: &Head, desk: &mut Desk<'w>) -> Result<(), Error> {
    if append.entries.is_empty() {
        return Ok(());
    }
    let Some(source) = &head.source else {
        return Err(appends::sourceless(append.run));
    };
    append.entries.iter().for_each(|entry| desk.write(source, entry, append.at, Manner::Claimed));
    Ok(())
}

fn entries_of(write: &Write) -> &[EntryWrite] {
    match write {
        Write::Append(append) => &append.entries,
        Write::PutEntries { entries, .. } => entries,
        _ => &[],
    }
}

async fn probe(connection: &mut SqliteConnection, at: i64) -> Result<(), sqlx::Error> {
    let query = sqlx::query("insert into probes (one, at) values (1, $1) on conflict (one) do update set at = excluded.at");
    query.bind(at).execute(connection).await?;
    Ok(())
}

async fn bound_pages(connection: &mut SqliteConnection, pages: u32) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(format!("pragma max_page_count = {pages}"))).execute(connection).await?;
    Ok(())
}

fn done(result: Result<(), sqlx::Error>) -> Result<Result<Answer, Error>, sqlx::Error> {
    result.map(|()| Ok(Answer::Done))
}

fn pass_crash_points(answers: &[Result<Answer, Error>], had_appends: bool) {
    if had_appends {
        CrashPoint::AfterCommit.passed();
    }
    for answer in answers {
        match answer {
            Ok(Answer::Created(Created::New(_))) => CrashPoint::RunCreated.passed(),
            Ok(Answer::Command(command)) if command.fresh => CrashPoint::CommandStored.passed(),
            _ => {}
        }
    }
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
