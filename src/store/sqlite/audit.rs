//! Rows of what was done from outside.

use sqlx::SqliteConnection;

use super::Reader;
use crate::store::pages::LARGEST_PAGE;
use crate::store::{AuditFilter, AuditKept, AuditRow, Error, Page, Paged, audit, read};

pub async fn add(connection: &mut SqliteConnection, rows: &[AuditRow], kept: AuditKept) -> Result<(), sqlx::Error> {
    for row in rows {
        sqlx::query(
            "insert into audit (at, author, call, source, args, outcome, reason, duration_us) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(row.at)
        .bind(row.author.clone())
        .bind(row.call.clone())
        .bind(row.source.clone())
        .bind(row.args.clone())
        .bind(row.outcome.name())
        .bind(row.reason.clone())
        .bind(row.duration_us.cast_signed())
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("delete from audit where at < $1").bind(kept.since).execute(&mut *connection).await?;
    let forget = sqlx::query("delete from audit where id <= (select max(id) from audit) - $1");
    forget.bind(i64::from(kept.rows)).execute(&mut *connection).await?;
    Ok(())
}

pub async fn list(reader: &Reader, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRow>, Error> {
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    let query = sqlx::query(
        "select id, at, author, call, source, args, outcome, reason, duration_us from audit
         where id < $1 and ($2 is null or author = $2) and ($3 is null or call = $3) and ($4 is null or at >= $4)
         order by id desc limit $5",
    )
    .bind(audit::position(page)?)
    .bind(filter.author.clone())
    .bind(filter.call.clone())
    .bind(filter.since)
    .bind(limit as i64 + 1);
    let rows = reader.fetch_all(query).await?;
    Ok(audit::page_of(rows.iter().map(read::audit).collect::<Result<_, _>>()?, limit))
}
