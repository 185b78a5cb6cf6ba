//! A claimed reference is counted out: how many rows point at nothing, and is what they point at a key.

use serde_json::{Value, json};

use super::reference::{NotFound, Reference, Side};
use super::{Check, Data, Query, Verdict, existence, run};
use crate::claims::ProposedWrite;
use crate::claims::sql;
use crate::claims::text::{singular, words};
use crate::domain::Snapshot;
use crate::evidence::infer::stand_ins;
use crate::source::Dialect;

const BY: &str = "check/anti_join";
/// Above this share of rows without a partner it is not a reference.
const TOLERATED: f64 = 0.05;
/// Fewer different values than this prove nothing by being contained somewhere, unless names speak for it too.
const ENOUGH_VALUES: u64 = 10;

pub async fn check(data: &Data<'_>, write: &ProposedWrite) -> Result<Verdict, String> {
    let snapshot = data.snapshot;
    let reference = match Reference::find(snapshot, &write.key, &write.document) {
        Ok(reference) if reference.child == reference.parent => return Ok(refuted("a column is not a reference to itself")),
        Ok(reference) => reference,
        Err(missing @ NotFound::NoSuch(_)) => return Ok(refuted(&missing.to_string())),
        Err(unreadable @ NotFound::Unreadable) => return Ok(Verdict::Unchecked { why: Some(unreadable.to_string()) }),
    };
    if [&reference.child, &reference.parent].into_iter().any(|side| is_masked(snapshot, side)) {
        return Ok(Verdict::Unchecked { why: Some("a column of it is masked, so that it cannot be counted".to_owned()) });
    }
    let declared = is_declared(snapshot, &reference);
    let query = Query { dialect: data.source.dialect(), sql: count_sql(data.source.dialect(), &reference) };
    let counted = match run::guarded(data, &query.sql) {
        Ok(guarded) => run::rows(data, &guarded, 1).await?.map(|rows| Counts::of(rows.rows.first())),
        Err(no_rows) => Err(no_rows),
    };
    Ok(match counted {
        Ok(Some(counts)) => judge(&reference, counts, declared, query),
        Ok(None) => without_count(declared, "the count came back without numbers".to_owned()),
        Err(run::NoRows::Wrong(why) | run::NoRows::TooLong(why)) => without_count(declared, why),
    })
}

fn is_masked(snapshot: &Snapshot, side: &Side) -> bool {
    let table = snapshot.table(&side.schema, &side.table);
    table.is_some_and(|table| side.columns.iter().any(|name| table.column(name).is_some_and(|column| column.masked)))
}

/// What the count says about the rows of both tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    /// Rows of the child whose columns are all set.
    referencing: u64,
    orphans: u64,
    /// Orphans of which the value stands for a missing one, such as 0 or `n/a`.
    stand_ins: u64,
    /// Different values among the referencing ones.
    values: u64,
    parent_rows: u64,
    parent_values: u64,
}

fn judge(reference: &Reference, counts: Counts, declared: bool, query: Query) -> Verdict {
    // What stands for nothing refers to nothing.
    let counts = Counts {
        referencing: counts.referencing.saturating_sub(counts.stand_ins),
        orphans: counts.orphans.saturating_sub(counts.stand_ins),
        ..counts
    };
    let share = if counts.referencing == 0 { 0.0 } else { counts.orphans as f64 / counts.referencing as f64 };
    let unique = counts.parent_rows == counts.parent_values;
    let named = names_agree(reference);
    let mut result = json!({
        "declared": declared,
        "referencing_rows": counts.referencing,
        "rows_without_partner": counts.orphans,
        "share_without_partner": (share * 1e6).round() / 1e6,
        "different_values": counts.values,
        "parent_rows": counts.parent_rows,
        "parent_unique": unique,
    });
    if counts.stand_ins > 0 {
        result["rows_standing_for_none"] = json!(counts.stand_ins);
    }
    let check = |reason: &str| Check { by: BY, reason: reason.to_owned(), query: Some(query.clone()), result: result.clone() };
    let holds = |confidence: f64, reason: &str| Verdict::Holds { confidence, check: check(reason) };
    let doubtful = |at_most: f64, reason: &str| Verdict::Doubtful { at_most, check: check(reason) };
    match counts {
        _ if declared && counts.orphans == 0 => holds(1.0, "declared, and kept to by every row"),
        _ if declared => holds(0.9, "declared, but not kept to by every row"),
        Counts { referencing: 0, .. } => doubtful(0.5, "no row refers to anything; the data cannot tell"),
        _ if share > TOLERATED => Verdict::Refuted { check: check("too many rows have no partner") },
        _ if !unique => doubtful(0.5, "what is referred to is not unique"),
        Counts { orphans: 1.., .. } => doubtful(0.8, "a few rows have no partner"),
        _ if named && counts.values >= ENOUGH_VALUES => holds(0.95, "every row has exactly one partner, and the names agree"),
        _ if named || counts.values >= ENOUGH_VALUES => holds(0.9, "every row has exactly one partner"),
        _ => doubtful(0.6, "every row has a partner, but there are too few values to tell"),
    }
}

fn without_count(declared: bool, why: String) -> Verdict {
    if declared {
        let result = json!({ "declared": true, "unchecked": why });
        let check = Check { result, ..Check::without_query("constraint", "declared; the rows were not counted") };
        return Verdict::Holds { confidence: 0.95, check };
    }
    Verdict::Unchecked { why: Some(why) }
}

fn refuted(reason: &str) -> Verdict {
    Verdict::Refuted { check: Check::without_query(existence::BY, reason) }
}

fn is_declared(snapshot: &Snapshot, reference: &Reference) -> bool {
    let (child, parent) = (&reference.child, &reference.parent);
    let Some(table) = snapshot.table(&child.schema, &child.table) else { return false };
    table.foreign_keys.iter().any(|key| {
        let mut declared: Vec<(&String, &String)> = key.columns.iter().zip(&key.to_columns).collect();
        let mut claimed: Vec<(&String, &String)> = child.columns.iter().zip(&parent.columns).collect();
        declared.sort_unstable();
        claimed.sort_unstable();
        key.to_schema == parent.schema && key.to_table == parent.table && declared == claimed
    })
}

/// The child's column names the parent's table or, unless that is a name every table has, its column.
fn names_agree(reference: &Reference) -> bool {
    let roots = |text: &str| words(text).iter().map(|word| singular(word)).collect::<Vec<_>>();
    let parent_table = roots(&reference.parent.table);
    reference.child.columns.iter().zip(&reference.parent.columns).all(|(child, parent)| {
        let (child_words, parent_words) = (roots(child), roots(parent));
        let common = ["id", "code", "key", "no", "number", "name", "type", "status", "value"];
        let telling = |word: &String| word.len() > 1 && !common.contains(&word.as_str());
        let by_table = parent_table.iter().any(|word| telling(word) && child_words.contains(word));
        by_table || (child_words == parent_words && child_words.iter().any(telling))
    })
}

/// One row of six numbers. `not in` over a list without NULLs is hashed by every engine; a correlated search may not be.
fn count_sql(dialect: Dialect, reference: &Reference) -> String {
    let (child, parent) = (&reference.child, &reference.parent);
    let listed = |side: &Side, alias: &str| {
        let names: Vec<String> = side.columns.iter().map(|column| format!("{alias}.{}", sql::name(dialect, column))).collect();
        names.join(", ")
    };
    let set = |side: &Side, alias: &str| {
        let names: Vec<String> = side.columns.iter().map(|column| format!("{alias}.{} is not null", sql::name(dialect, column))).collect();
        names.join(" and ")
    };
    let child_table = sql::table(dialect, &child.schema, &child.table);
    let parent_table = sql::table(dialect, &parent.schema, &parent.table);
    let (child_columns, parent_columns) = (listed(child, "c"), listed(parent, "p"));
    let (child_set, parent_set) = (set(child, "c"), set(parent, "p"));
    let tuple = if child.columns.len() == 1 { child_columns.clone() } else { format!("({child_columns})") };
    let orphans = format!(
        "select count(*) from {child_table} as c where {child_set} \
         and {tuple} not in (select {parent_columns} from {parent_table} as p where {parent_set})"
    );
    // Of several columns no one value stands for nothing.
    let stand_ins = match child.columns.as_slice() {
        [_] => {
            let listed = stand_ins().iter().map(|text| format!("'{text}'")).collect::<Vec<_>>().join(", ");
            format!("{orphans} and lower({}) in ({listed})", dialect.as_text(&child_columns))
        }
        _ => "0".to_owned(),
    };
    format!(
        "select \
         (select count(*) from {child_table} as c where {child_set}) as referencing_rows, \
         ({orphans}) as orphans, \
         (select count(*) from (select distinct {child_columns} from {child_table} as c where {child_set}) as v) as distinct_values, \
         (select count(*) from {parent_table} as p where {parent_set}) as parent_rows, \
         (select count(*) from (select distinct {parent_columns} from {parent_table} as p where {parent_set}) as k) as parent_values, \
         ({stand_ins}) as stand_ins"
    )
}

impl Counts {
    fn of(row: Option<&Vec<Value>>) -> Option<Self> {
        let row = row?;
        let number = |position: usize| match row.get(position)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64().or_else(|| value.as_f64().map(|number| number as u64)),
        };
        Some(Self {
            referencing: number(0)?,
            orphans: number(1)?,
            values: number(2)?,
            parent_rows: number(3)?,
            parent_values: number(4)?,
            stand_ins: number(5).unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(child: &str, parent_table: &str) -> Reference {
        let side =
            |table: &str, column: &str| Side { schema: "shop".to_owned(), table: table.to_owned(), columns: vec![column.to_owned()] };
        Reference { child: side("orders", child), parent: side(parent_table, "id") }
    }

    fn counts(referencing: u64, orphans: u64, values: u64) -> Counts {
        Counts { referencing, orphans, stand_ins: 0, values, parent_rows: 50, parent_values: 50 }
    }

    #[test]
    fn the_share_of_orphans_decides() {
        let check = |child: &str, counts: Counts, declared: bool, expect: &str| {
            let query = Query { dialect: Dialect::Sqlite, sql: "select 1".to_owned() };
            let verdict = judge(&reference(child, "customers"), counts, declared, query);
            let got = match verdict {
                Verdict::Unchecked { .. } => "unchecked".to_owned(),
                Verdict::Holds { confidence, .. } => format!("holds {confidence}"),
                Verdict::Doubtful { at_most, .. } => format!("doubtful {at_most}"),
                Verdict::Refuted { .. } => "refuted".to_owned(),
            };
            assert_eq!(got, expect, "{child} {counts:?} {declared}");
        };
        check("customer_id", counts(1000, 0, 40), false, "holds 0.95");
        check("customer_id", counts(1000, 50, 40), false, "doubtful 0.8");
        check("customer_id", counts(1000, 51, 40), false, "refuted");
        check("customer_id", counts(0, 0, 0), false, "doubtful 0.5");
        check("buyer", counts(1000, 0, 40), false, "holds 0.9");
        check("buyer", counts(1000, 0, 3), false, "doubtful 0.6");
        check("buyer", counts(1000, 900, 3), true, "holds 0.9");
        check("customer_id", Counts { stand_ins: 300, ..counts(1000, 300, 40) }, false, "holds 0.95");
        check("customer_id", Counts { stand_ins: 300, ..counts(1000, 400, 40) }, false, "refuted");
        check("customer_id", Counts { parent_values: 10, ..counts(1000, 0, 40) }, false, "doubtful 0.5");
    }

    #[test]
    fn a_composite_reference_compares_tuples() {
        let side = |table: &str| Side { schema: "s".to_owned(), table: table.to_owned(), columns: vec!["a".to_owned(), "b".to_owned()] };
        let sql = count_sql(Dialect::Sqlite, &Reference { child: side("c1"), parent: side("p1") });
        assert!(sql.contains("(c.\"a\", c.\"b\") not in (select p.\"a\", p.\"b\" from \"s\".\"p1\" as p where"), "{sql}");
    }
}
