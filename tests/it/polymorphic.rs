//! References to one table or another: how many of those that messy databases have are found, and how many that they have not.

use std::collections::BTreeSet;

use fathom::evidence::infer::InferredPolymorphic;

use crate::infer::infer;
use crate::messy::{Polymorphic, generate};

/// All of the first sixty that have such a reference. In five of them the tables are called in another language than the values, or by
/// numbers, so that nothing says which is meant.
const WITH: [u64; 25] = [0, 1, 3, 7, 10, 16, 17, 20, 22, 23, 26, 27, 33, 34, 35, 40, 42, 43, 44, 45, 47, 52, 53, 54, 60];
/// The first that have none.
const WITHOUT: [u64; 20] = [2, 4, 5, 6, 8, 9, 11, 12, 13, 14, 15, 18, 19, 21, 24, 25, 28, 29, 30, 31];

/// The pair, and no table that it does not lead to.
fn is_found(truth: &Polymorphic, pair: &InferredPolymorphic) -> bool {
    let parents: BTreeSet<&str> = pair.targets.iter().map(|target| target.parent_table.as_str()).collect();
    let is_same = (&pair.child_table, &pair.type_column, &pair.id_column) == (&truth.table, &truth.name_column, &truth.key_column);
    is_same && parents.iter().all(|parent| truth.parents.iter().any(|other| other == parent))
}

#[test]
fn most_references_to_one_table_or_another_are_found_and_none_of_them_is_a_plain_one() {
    let (mut there, mut found) = (0, 0);
    for seed in WITH {
        let database = generate(seed);
        let inference = infer(&database, |_| ());
        assert!(!database.truth.polymorphic.is_empty(), "seed {seed}");
        for truth in &database.truth.polymorphic {
            let is_hit = inference.polymorphic.iter().any(|pair| is_found(truth, pair));
            there += 1;
            found += usize::from(is_hit);
            let plain = inference.references.iter().filter(|reference| reference.rejected.is_none());
            let mut of_key =
                plain.filter(|reference| reference.child_table == truth.table && reference.child_columns.contains(&truth.key_column));
            assert!(!is_hit || of_key.next().is_none(), "seed {seed}: {truth:?}");
        }
    }
    // A little below what was measured, 20 of 25.
    assert!(found * 100 >= there * 76, "{found} of {there}");
}

#[test]
fn few_references_to_one_table_or_another_are_made_up() {
    let pairs = WITHOUT.map(|seed| (seed, infer(&generate(seed), |_| ()).polymorphic));
    let made_up: Vec<_> = pairs.iter().filter(|(_, pairs)| !pairs.is_empty()).collect();
    assert!(made_up.len() <= 1, "{made_up:#?}");
}
