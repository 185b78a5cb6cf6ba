//! Pages of lists that tools make themselves: in one order, with tokens that are of that list only and hold when the list changes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::port::Failure;
use super::{reading, schema};
use crate::store::pages;

pub struct Paged<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
    /// On all pages.
    pub count: usize,
}

/// The items after the page before, in order of `key`, which no two have in common.
pub fn page<T, Key>(list: &str, mut items: Vec<T>, key: impl Fn(&T) -> Key, limit: usize, after: Option<&str>) -> Result<Paged<T>, Failure>
where
    Key: Ord + Serialize + DeserializeOwned,
{
    let count = items.len();
    items.sort_by_cached_key(&key);
    if let Some(token) = after {
        let position = pages::position(list, token).map_err(reading::store_failure)?;
        let last: Key = serde_json::from_str(&position)
            .map_err(|_| Failure::Mendable("`after` is not a page token of this list; give the `next` of the page before".to_owned()))?;
        items.retain(|item| key(item) > last);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| {
        let position = serde_json::to_string(&key(last)).expect("keys are numbers and texts and always serialise");
        pages::token(list, &position)
    });
    Ok(Paged { items, next, count })
}

/// The argument that every paged tool has.
pub fn after() -> Value {
    schema::text("The `next` of the page before, to read on; the other arguments must be the same.")
}

/// The member of the answer that says how to read on.
pub fn next() -> Value {
    serde_json::json!({"type": ["string", "null"], "description": "The `after` of the next page; null on the last."})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gaps() {
        let items: Vec<u32> = (0..25).rev().collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let found = page("list", items.clone(), |item| *item, 10, after.as_deref()).unwrap();
            assert_eq!(found.count, 25);
            seen.extend(found.items);
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..25).collect::<Vec<_>>());
        let token = page("list", items.clone(), |item| *item, 10, None).unwrap().next;
        for (list, token) in [("other", token.as_deref()), ("list", Some("zz")), ("list", Some(""))] {
            assert!(matches!(page(list, items.clone(), |item| *item, 10, token), Err(Failure::Mendable(_))), "{list} {token:?}");
        }
    }
}
