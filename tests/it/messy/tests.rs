//! That the judge can be trusted: what it says is true holds in its data, and it is the same tomorrow.

use std::collections::{BTreeMap, HashSet};

use super::{MessyDatabase, generate};

const SEEDS: u64 = 200;

fn fingerprint(database: &MessyDatabase) -> u64 {
    let text = format!("{:?}{}", database.tables, database.truth_json());
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn a_seed_gives_the_same_database_and_another_seed_another() {
    assert_eq!(fingerprint(&generate(7)), fingerprint(&generate(7)));
    let all: HashSet<u64> = (0..20).map(|seed| fingerprint(&generate(seed))).collect();
    assert_eq!(all.len(), 20);
}

#[test]
fn what_is_said_to_be_true_holds_in_the_data() {
    for seed in 0..SEEDS {
        let database = generate(seed);
        for (table, columns) in &database.truth.primary_keys {
            let rows = database.tables.iter().find(|other| other.name == *table).unwrap().rows.len();
            let tuples = database.tuples(table, columns);
            assert!(!columns.is_empty() && tuples.len() == rows, "seed {seed}: a key of `{table}` has NULL: {columns:?}");
            let distinct: HashSet<&Vec<String>> = tuples.iter().collect();
            assert_eq!(distinct.len(), rows, "seed {seed}: the key of `{table}` is not unique: {columns:?}");
        }
        for reference in &database.truth.foreign_keys {
            let found = database.standing(reference);
            let stray = found.rows - found.matching;
            let allowed = (found.rows as f64 * reference.stray_share).ceil() as usize;
            assert!(stray <= allowed, "seed {seed}: {stray} of {} rows stray, {allowed} are allowed: {reference:?}", found.rows);
            assert_eq!(reference.child_columns.len(), reference.parent_columns.len(), "seed {seed}: {reference:?}");
        }
    }
}

#[test]
fn names_are_different_within_a_database_and_within_a_table() {
    for seed in 0..SEEDS {
        let database = generate(seed);
        let tables: HashSet<String> = database.tables.iter().map(|table| table.name.to_lowercase()).collect();
        assert_eq!(tables.len(), database.tables.len(), "seed {seed}");
        for table in &database.tables {
            let columns: HashSet<String> = table.columns.iter().map(|column| column.name.to_lowercase()).collect();
            assert_eq!(columns.len(), table.columns.len(), "seed {seed}: {table:?}");
            assert!(table.columns.iter().all(|column| !column.name.is_empty()), "seed {seed}: `{}`", table.name);
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "seed {seed}: `{}`", table.name);
        }
    }
}

#[test]
fn databases_are_of_many_kinds() {
    let mut traits: BTreeMap<String, usize> = BTreeMap::new();
    let (mut cells, mut tables, mut references, mut composite) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let database = generate(seed);
        assert!((4..=45).contains(&database.tables.len()), "seed {seed}: {} tables", database.tables.len());
        tables += database.tables.len();
        cells += database.tables.iter().map(|table| table.rows.len() * table.columns.len()).sum::<usize>();
        references += database.truth.foreign_keys.len();
        composite += database.truth.foreign_keys.iter().filter(|reference| reference.child_columns.len() > 1).count();
        for label in &database.traits {
            *traits.entry(label.clone()).or_default() += 1;
        }
    }
    println!("{tables} tables, {cells} cells, {references} references, {composite} composite\n{traits:#?}");
    for style in super::naming::STYLES {
        let count: usize = traits.iter().filter(|(label, _)| label.starts_with(&format!("naming: {style}"))).map(|(_, count)| count).sum();
        assert!(count >= 3, "`{style}` names {count} databases");
    }
    for label in [
        "dirt: orphans",
        "dirt: sentinels",
        "extra: polymorphic",
        "extra: copy",
        "extra: years apart",
        "extra: archive",
        "columns: shuffled",
    ] {
        assert!(traits.get(label).is_some_and(|count| (5..SEEDS as usize / 2).contains(count)), "{label}: {:?}", traits.get(label));
    }
    let average = cells / SEEDS as usize;
    assert!((20_000..120_000).contains(&average), "{average} cells a database");
    assert!(composite * 100 > references * 2, "{composite} of {references} references are composite");
}
