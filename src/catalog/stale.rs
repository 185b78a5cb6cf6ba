//! What a change of the database touches in the catalog: findings about what was dropped or changed, references through it,
//! profiles of it, and what earlier harvests said of what is gone.

use std::collections::BTreeSet;

use super::Differences;
use super::harvested;
use crate::domain::{Entry, EntryWrite, Layer, Snapshot, SnapshotId, StaleMark};
use crate::store::{EntryFilter, Error, Page, Store};

/// The kind of what is computed from the rows of a table.
const PROFILE: &str = "profile";
/// Entries that are looked at, and marked, at once.
const PORTION: usize = 500;

/// Marks what the step from the snapshot before touches. A new object touches nothing.
pub async fn mark_touched(store: &dyn Store, before: Option<&SnapshotId>, after: &Snapshot) -> Result<(), Error> {
    let Some(before) = before else { return Ok(()) };
    let Some(before) = store.snapshot(before).await? else { return Ok(()) };
    let differences = Differences::between(&before, after);
    let touched = Touched::of(&differences);
    if touched.is_empty() {
        return Ok(());
    }
    let findings = EntryFilter { layer: Some(Layer::Finding), ..EntryFilter::default() };
    mark_where(store, after, &findings, |claim| touched.by_finding(claim)).await?;
    let profiles = EntryFilter { layer: Some(Layer::Harvest), kind: Some(PROFILE.to_owned()), ..EntryFilter::default() };
    mark_where(store, after, &profiles, |claim| touched.below(path(&claim.key))).await?;
    let present: BTreeSet<String> = harvested::entries(after).into_iter().map(|entry| entry.key).collect();
    for gone in &differences.removed {
        let below = EntryFilter { layer: Some(Layer::Harvest), prefix: Some(path(gone).to_owned()), ..EntryFilter::default() };
        let is_gone = |claim: &EntryWrite| claim.kind != PROFILE && !present.contains(&claim.key);
        mark_where(store, after, &below, |claim| if is_gone(claim) { vec![gone.as_str()] } else { Vec::new() }).await?;
    }
    Ok(())
}

/// `because` answers the keys of the objects that make an entry stale; none where it is not.
async fn mark_where<'t>(
    store: &dyn Store,
    after: &Snapshot,
    filter: &EntryFilter,
    because: impl Fn(&EntryWrite) -> Vec<&'t str> + Send,
) -> Result<(), Error> {
    let mut page = Page { limit: PORTION, after: None };
    loop {
        let found = store.entries(&after.source, filter, &page).await?;
        let marks: Vec<StaleMark> = found.items.iter().filter_map(|entry| mark(entry, after, because(&entry.claim))).collect();
        if !marks.is_empty() {
            store.mark_stale(&after.source, marks).await?;
        }
        if found.next.is_none() {
            return Ok(());
        }
        page.after = found.next;
    }
}

fn mark(entry: &Entry, after: &Snapshot, because: Vec<&str>) -> Option<StaleMark> {
    if because.is_empty() || entry.stale.is_some() {
        return None;
    }
    let claim = &entry.claim;
    Some(StaleMark {
        layer: claim.layer,
        kind: claim.kind.clone(),
        key: claim.key.clone(),
        snapshot: after.id.clone(),
        because: because.into_iter().map(str::to_owned).collect(),
    })
}

/// Objects that are not what they were. Kinds do not matter: what was a table and is a view now is touched under both names.
struct Touched<'d> {
    keys: BTreeSet<&'d str>,
    removed: BTreeSet<&'d str>,
}

impl<'d> Touched<'d> {
    fn of(differences: &'d Differences) -> Self {
        Self { keys: differences.touched(), removed: differences.removed.iter().map(String::as_str).collect() }
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The objects that the finding names in its key or links.
    fn by_finding(&self, claim: &EntryWrite) -> Vec<&'d str> {
        let named: Vec<String> = std::iter::once(&claim.key).chain(&claim.links).flat_map(|key| names(key)).collect();
        let touches = |key: &&'d str| {
            let object = path(key);
            named.iter().any(|name| name == object || (self.removed.contains(key) && is_below(name, object)))
        };
        self.keys.iter().copied().filter(touches).collect()
    }

    /// The objects of this name, and what is in it.
    fn below(&self, name: &str) -> Vec<&'d str> {
        self.keys.iter().copied().filter(|key| path(key) == name || is_below(path(key), name)).collect()
    }
}

/// The names in a key: both sides of a reference, and each column of a side that has several (`main.a.x,y`).
fn names(key: &str) -> Vec<String> {
    let mut names = Vec::new();
    for side in path(key).split("->").map(str::trim) {
        let mut columns = side.split(',').map(str::trim);
        let first = columns.next().unwrap_or_default();
        let table = first.rfind('.').map_or("", |dot| &first[..=dot]);
        names.push(first.to_owned());
        names.extend(columns.map(|column| format!("{table}{column}")));
    }
    names
}

fn path(key: &str) -> &str {
    key.split_once('/').map_or(key, |(_, path)| path)
}

fn is_below(name: &str, object: &str) -> bool {
    name.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::catalog::Changed;
    use crate::domain::{Confidence, EntryStatus, Provenance};

    fn finding(key: &str, links: &[&str]) -> EntryWrite {
        EntryWrite {
            layer: Layer::Finding,
            kind: "note".to_owned(),
            key: key.to_owned(),
            document: Value::Null,
            tags: Vec::new(),
            links: links.iter().map(|link| (*link).to_owned()).collect(),
            confidence: Confidence::CERTAIN,
            status: EntryStatus::Validated,
            evidence: Vec::new(),
            provenance: Provenance::of("semantic"),
        }
    }

    #[test]
    fn a_change_touches_what_names_it_and_nothing_else() {
        let changed = |key: &str| Changed { key: key.to_owned(), what: "type".to_owned(), before: Value::Null, after: Value::Null };
        let differences = Differences {
            added: vec!["col/s.orders.new".to_owned()],
            removed: vec!["col/s.orders.gone".to_owned(), "table/s.old".to_owned()],
            changed: vec![changed("col/s.items.a"), changed("table/s.customers")],
        };
        let touched = Touched::of(&differences);
        for (key, links, expect) in [
            ("col/s.orders.gone", &[][..], &["col/s.orders.gone"][..]),
            ("col/s.orders.gone_too", &[], &[]),
            ("col/s.orders.new", &[], &[]),
            ("table/s.orders", &[], &[]),
            ("note/x", &["col/s.orders.gone", "table/s.customers"], &["col/s.orders.gone", "table/s.customers"]),
            ("rel/s.orders.gone->s.customers.id", &[], &["col/s.orders.gone"]),
            ("rel/s.lines.order_id->s.orders.gone", &[], &["col/s.orders.gone"]),
            ("rel/s.items.x,a->s.keys.x,a", &[], &["col/s.items.a"]),
            ("rel/s.items.x,b->s.keys.x,a", &[], &[]),
            ("rel/s.items.x->s.old.id", &[], &["table/s.old"]),
            ("summary/s.old", &[], &["table/s.old"]),
            ("summary/s.older", &[], &[]),
            ("col/s.customers.id", &[], &[]),
            ("summary/s.customers", &[], &["table/s.customers"]),
        ] {
            assert_eq!(touched.by_finding(&finding(key, links)), expect, "{key} {links:?}");
        }
        assert_eq!(touched.below("s.items"), ["col/s.items.a"]);
        assert!(touched.below("s.item").is_empty());
    }
}
