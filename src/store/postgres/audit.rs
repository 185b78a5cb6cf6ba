//! Rows of what was done from outside.

use super::{Reader, plain};
use crate::store::pages::LARGEST_PAGE;
use crate::store::{AuditFilter, AuditKept, AuditRow, Error, Page, Paged, audit, read};

pub async fn add(reader: &Reader, rows: &[AuditRow], kept: AuditKept) -> Result<(), Error> {
    let texts = |column: fn(&AuditRow) -> &str| rows.iter().map(|row| plain(column(row))).collect::<Vec<_>>();
    let add = sqlx::query(
        "insert into fathom.audit (at, author, call, source, args, outcome, reason, duration_us)
         select at, author, call, source, args, outcome, reason, duration_us
         from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[]) with ordinality
             as r (at, author, call, source, args, outcome, reason, duration_us, place)
         order by place",
    )
    .bind(rows.iter().map(|row| row.at).collect::<Vec<_>>())
    .bind(texts(|row| &row.author))
    .bind(texts(|row| &row.call))
    .bind(rows.iter().map(|row| row.source.as_deref().map(plain)).collect::<Vec<_>>())
    .bind(texts(|row| &row.args))
    .bind(texts(|row| row.outcome.name()))
    .bind(texts(|row| &row.reason))
    .bind(rows.iter().map(|row| row.duration_us.cast_signed()).collect::<Vec<_>>());
    reader.execute(add).await?;
    reader.execute(sqlx::query("delete from fathom.audit where at < $1").bind(kept.since)).await?;
    let forget = sqlx::query("delete from fathom.audit where id <= (select max(id) from fathom.audit) - $1");
    reader.execute(forget.bind(i64::from(kept.rows))).await.map(drop)
}

pub async fn list(reader: &Reader, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRow>, Error> {
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    let query = sqlx::query(
        "select id, at, author, call, source, args, outcome, reason, duration_us from fathom.audit
         where id < $1 and ($2::text is null or author = $2) and ($3::text is null or call = $3) and ($4::bigint is null or at >= $4)
         order by id desc limit $5",
    )
    .bind(audit::position(page)?)
    .bind(filter.author.as_deref().map(plain))
    .bind(filter.call.as_deref().map(plain))
    .bind(filter.since)
    .bind(limit as i64 + 1);
    let rows = reader.fetch_all(query).await?;
    Ok(audit::page_of(rows.iter().map(read::audit).collect::<Result<_, _>>()?, limit))
}
