//! A harvest through lists: what is hidden is not there, and nothing that is there says its name.

use fathom::source::Source;

use super::{Place, SECRET};

async fn what_is_hidden_is_not_shown(place: Place) {
    let snapshot = place.harvest().await;
    let dialect = place.dialect();
    let text = serde_json::to_string(&snapshot).unwrap();
    let names: Vec<&str> = snapshot.tables.iter().map(|table| table.name.as_str()).collect();
    for shown in ["customers", "orders", "accounts", "totals", "named"] {
        assert!(names.contains(&shown), "{dialect:?}: {names:?}");
    }
    for hidden in ["secrets", "opened", "mails", "shouted", "peeked", "guessed", "letters", "notes", "parts", "parts_secret"] {
        assert!(!names.contains(&hidden), "{dialect:?}: {names:?}");
    }
    for word in [SECRET, "secrets", "parts_secret", "notes"] {
        assert!(
            !text.contains(&format!("{word}\"")) && !text.contains(&format!("{word}`")) && !text.contains(&format!("{word} ")),
            "{dialect:?}: {word}: {text}"
        );
    }
    let customers = snapshot.table(&place.schema, "customers").unwrap();
    let masked: Vec<&str> = customers.columns.iter().filter(|column| column.masked).map(|column| column.name.as_str()).collect();
    assert_eq!(masked, ["email", "ssn", "shout"], "{dialect:?}");
    assert_eq!(snapshot.table(&place.schema, "accounts").unwrap().foreign_keys, []);
    assert_eq!(snapshot.table(&place.schema, "orders").unwrap().foreign_keys.len(), 1);
    assert!(snapshot.unread.iter().any(|remark| remark.contains("mails") && remark.contains("`mask`")), "{:?}", snapshot.unread);
    assert_eq!(snapshot, place.harvest().await, "the same database gives the same snapshot");
}

#[tokio::test]
async fn a_harvest_of_sqlite_shows_nothing_hidden() {
    what_is_hidden_is_not_shown(Place::sqlite().await).await;
}

#[tokio::test]
async fn a_harvest_of_postgresql_shows_nothing_hidden() {
    what_is_hidden_is_not_shown(Place::postgresql().await).await;
}

#[tokio::test]
async fn a_harvest_of_mysql_shows_nothing_hidden() {
    what_is_hidden_is_not_shown(Place::mysql().await).await;
}

#[tokio::test]
async fn a_pattern_that_matches_nothing_is_warned_of() {
    let warnings = Place::sqlite().await.source.warnings().await.unwrap();
    let said = |words: &str| warnings.iter().any(|warning| warning.contains(words));
    assert!(
        said("the `deny` pattern `parts_secret` matches nothing") && said("the `mask` pattern `people.mail` matches no column"),
        "{warnings:?}"
    );
    assert!(!said("*.secrets") && !said("customers.email"), "{warnings:?}");
}
