//! The way from one table to another over references: the fewest and surest joins, with what each does to the number of rows.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use serde::{Deserialize, Serialize};

use super::joins::JoinSuggestion;

/// A join that is not certain costs up to this much of a further one.
const DOUBT: f64 = 2.0;
/// Costs are compared as whole numbers.
const UNIT: f64 = 1_000.0;

/// One join of a path, in the direction of the walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub from: String,
    pub to: String,
    pub join: JoinSuggestion,
    /// A row may meet several on the other side: sums over the path count some rows more than once.
    pub fans_out: bool,
    /// Other references between the same two tables; which one is meant is for a person to say.
    pub others: Vec<JoinSuggestion>,
}

/// The best path between two tables, by `schema.table`; none where no reference leads there. Empty from a table to itself.
pub fn join_path(joins: &[JoinSuggestion], from: &str, to: &str) -> Option<Vec<Step>> {
    let mut around: HashMap<&str, Vec<&JoinSuggestion>> = HashMap::new();
    for join in joins.iter().filter(|join| join.from != join.to) {
        around.entry(&join.from).or_default().push(join);
        around.entry(&join.to).or_default().push(join);
    }
    let mut reached: HashMap<&str, (u64, Option<&JoinSuggestion>)> = HashMap::from([(from, (0, None))]);
    let mut open = BinaryHeap::from([(Reverse(0), from)]);
    while let Some((Reverse(cost), table)) = open.pop() {
        if table == to {
            return Some(walked(joins, &reached, from, to));
        }
        if reached[table].0 < cost {
            continue;
        }
        for join in around.get(table).into_iter().flatten() {
            let next = other_side(join, table);
            let cost = cost + price(join);
            if reached.get(next).is_none_or(|(known, _)| cost < *known) {
                reached.insert(next, (cost, Some(join)));
                open.push((Reverse(cost), next));
            }
        }
    }
    None
}

fn walked(joins: &[JoinSuggestion], reached: &HashMap<&str, (u64, Option<&JoinSuggestion>)>, from: &str, to: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut table = to;
    while table != from {
        let Some(join) = reached[table].1 else { break };
        let before = other_side(join, table);
        let same_tables = |other: &&JoinSuggestion| {
            *other != join && ((other.from == join.from && other.to == join.to) || (other.from == join.to && other.to == join.from))
        };
        steps.push(Step {
            from: before.to_owned(),
            to: table.to_owned(),
            fans_out: join.from == table,
            others: joins.iter().filter(same_tables).cloned().collect(),
            join: join.clone(),
        });
        table = before;
    }
    steps.reverse();
    steps
}

fn other_side<'a>(join: &'a JoinSuggestion, table: &str) -> &'a str {
    if join.from == table { &join.to } else { &join.from }
}

fn price(join: &JoinSuggestion) -> u64 {
    (UNIT * (1.0 + DOUBT * (1.0 - join.score.clamp(0.0, 1.0)))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(from: &str, column: &str, to: &str, score: f64) -> JoinSuggestion {
        JoinSuggestion {
            from: from.to_owned(),
            from_columns: vec![column.to_owned()],
            to: to.to_owned(),
            to_columns: vec!["id".to_owned()],
            score,
            declared: score == 1.0,
            signals: Vec::new(),
        }
    }

    fn path(joins: &[JoinSuggestion], from: &str, to: &str) -> Option<Vec<(String, bool)>> {
        join_path(joins, from, to).map(|steps| steps.into_iter().map(|step| (step.to, step.fans_out)).collect())
    }

    #[test]
    fn a_path_goes_over_references_in_both_directions_and_says_where_rows_multiply() {
        let joins = [
            join("items", "order_id", "orders", 1.0),
            join("orders", "customer_id", "customers", 1.0),
            join("items", "product_id", "products", 1.0),
        ];
        let hop = |to: &str, fans_out| (to.to_owned(), fans_out);
        assert_eq!(path(&joins, "customers", "products"), Some(vec![hop("orders", true), hop("items", true), hop("products", false)]));
        assert_eq!(path(&joins, "products", "products"), Some(vec![]));
        assert_eq!(path(&joins, "products", "elsewhere"), None);
    }

    #[test]
    fn a_sure_detour_is_better_than_a_weak_guess_and_a_good_guess_better_than_a_detour() {
        let mut joins = vec![join("a", "b_id", "b", 1.0), join("b", "c_id", "c", 1.0), join("a", "c_id", "c", 0.3)];
        assert_eq!(join_path(&joins, "a", "c").unwrap().len(), 2);
        joins[2].score = 0.9;
        assert_eq!(join_path(&joins, "a", "c").unwrap().len(), 1);
    }

    #[test]
    fn other_references_between_the_same_tables_are_named() {
        let joins = [
            join("orders", "billing_id", "addresses", 1.0),
            join("orders", "shipping_id", "addresses", 1.0),
            join("orders", "parent_id", "orders", 1.0),
        ];
        let steps = join_path(&joins, "addresses", "orders").unwrap();
        assert_eq!((steps.len(), steps[0].others.len(), steps[0].fans_out), (1, 1, true));
    }
}
