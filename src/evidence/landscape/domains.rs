//! Which tables belong together: groups that refer to each other more than to others, found by joining groups while that makes the
//! division better (modularity), in a fixed order. Copies and tables without references go with those whose names they share.

use std::collections::{BTreeMap, BTreeSet};

use super::{Domain, Node};
use crate::evidence::names;
use crate::evidence::wording::{capital, is_readable, listed, things};

/// Fewer tables are no domain.
const LEAST: usize = 3;
/// Groups of more tables than this are not looked into: the work grows with the square.
const MOST: usize = 600;
/// A name that two tables share weighs as much of a reference.
const BY_NAME: f64 = 0.4;
/// A word that more tables have than this tells nothing.
const SHARED_BY: usize = 12;

type Edges = BTreeMap<(usize, usize), f64>;

pub fn of(nodes: &[Node<'_>]) -> Vec<Domain> {
    let edges = edges(nodes);
    let groups = joined(nodes.len(), &edges);
    let mut degree = vec![0.0; nodes.len()];
    for ((one, other), weight) in &edges {
        degree[*one] += weight;
        degree[*other] += weight;
    }
    let mut domains: Vec<Domain> =
        groups.into_iter().filter(|group| group.len() >= LEAST).map(|group| named(nodes, &group, &degree)).collect();
    domains.sort_by(|one, other| other.tables.len().cmp(&one.tables.len()).then_with(|| one.centre.cmp(&other.centre)));
    domains
}

fn edges(nodes: &[Node<'_>]) -> Edges {
    let mut edges = Edges::new();
    let mut add = |one: usize, other: usize, weight: f64| {
        if one != other {
            *edges.entry((one.min(other), one.max(other))).or_default() += weight;
        }
    };
    for (at, node) in nodes.iter().enumerate() {
        // A copy belongs to its original, whatever it refers to.
        if let Some(of) = node.copy_of {
            add(at, of, 2.0);
            continue;
        }
        for (_, parent) in &node.refers {
            // What every table refers to tells little of any.
            let users = nodes[*parent].referred.len().max(1) as f64;
            add(at, *parent, 1.0 / users.sqrt().max(1.0) + 0.2);
        }
    }
    for sharing in by_word(nodes).into_values().filter(|sharing| (2..=SHARED_BY).contains(&sharing.len())) {
        let all: Vec<usize> = sharing.into_iter().collect();
        for (place, one) in all.iter().enumerate() {
            for other in &all[place + 1..] {
                let are_joined =
                    nodes[*one].refers.iter().any(|(_, to)| to == other) || nodes[*other].refers.iter().any(|(_, to)| to == one);
                let are_alone = [one, other].iter().any(|at| nodes[**at].refers.is_empty() && nodes[**at].referred.is_empty());
                if are_joined || are_alone {
                    add(*one, *other, BY_NAME);
                }
            }
        }
    }
    edges
}

/// Tables by the words of their names, within one schema.
fn by_word<'a>(nodes: &'a [Node<'_>]) -> BTreeMap<(&'a str, String), BTreeSet<usize>> {
    let mut sharing: BTreeMap<(&str, String), BTreeSet<usize>> = BTreeMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for word in names::words(&node.table.name).into_iter().filter(|word| word.len() >= 3 && is_readable(word)) {
            sharing.entry((&node.table.schema, word)).or_default().insert(at);
        }
    }
    sharing
}

/// Greedy joining: of all pairs of groups that touch, the one whose joining gains most, the first among equals, until none gains.
fn joined(count: usize, edges: &Edges) -> Vec<Vec<usize>> {
    let total: f64 = edges.values().sum();
    let mut group: Vec<usize> = (0..count).collect();
    if total <= 0.0 {
        return Vec::new();
    }
    let mut between = edges.clone();
    let mut degree = vec![0.0; count];
    for ((one, other), weight) in edges {
        degree[*one] += weight;
        degree[*other] += weight;
    }
    if count > MOST {
        return connected(count, edges);
    }
    loop {
        let gain = |((one, other), weight): (&(usize, usize), &f64)| weight / total - degree[*one] * degree[*other] / (2.0 * total * total);
        let mut best: Option<((usize, usize), f64)> = None;
        for edge in &between {
            let gain = gain(edge);
            if gain > 1e-9 && best.is_none_or(|(_, most)| gain > most + 1e-12) {
                best = Some((*edge.0, gain));
            }
        }
        let Some(((kept, gone), _)) = best else { break };
        degree[kept] += degree[gone];
        degree[gone] = 0.0;
        group.iter_mut().filter(|group| **group == gone).for_each(|group| *group = kept);
        let mut merged = Edges::new();
        for ((one, other), weight) in between {
            let (one, other) = (if one == gone { kept } else { one }, if other == gone { kept } else { other });
            if one != other {
                *merged.entry((one.min(other), one.max(other))).or_default() += weight;
            }
        }
        between = merged;
    }
    gather(&mut group, edges);
    collected(&group)
}

/// Groups that are too small for a domain go with those that they hang on most.
fn gather(group: &mut [usize], edges: &Edges) {
    loop {
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        group.iter().for_each(|group| *sizes.entry(*group).or_default() += 1);
        let mut towards: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for ((one, other), weight) in edges {
            let (one, other) = (group[*one], group[*other]);
            if one != other {
                *towards.entry((one, other)).or_default() += weight;
                *towards.entry((other, one)).or_default() += weight;
            }
        }
        let small = towards.iter().filter(|((from, _), _)| sizes[from] < LEAST);
        // The smallest first, then the strongest tie, then the first in order.
        let next = small.min_by(|((one, to_one), weight), ((other, to_other), other_weight)| {
            let by_size = sizes[one].cmp(&sizes[other]);
            by_size.then(other_weight.total_cmp(weight)).then((one, to_one).cmp(&(other, to_other)))
        });
        let Some(((gone, kept), _)) = next else { break };
        group.iter_mut().filter(|group| **group == *gone).for_each(|group| *group = *kept);
    }
}

fn connected(count: usize, edges: &Edges) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..count).collect();
    fn root(group: &mut [usize], mut at: usize) -> usize {
        while group[at] != at {
            group[at] = group[group[at]];
            at = group[at];
        }
        at
    }
    for (one, other) in edges.keys() {
        let (one, other) = (root(&mut group, *one), root(&mut group, *other));
        group[one.max(other)] = one.min(other);
    }
    let roots: Vec<usize> = (0..count).map(|at| root(&mut group, at)).collect();
    collected(&roots)
}

fn collected(group: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, group) in group.iter().enumerate() {
        groups.entry(*group).or_default().push(at);
    }
    groups.into_values().collect()
}

/// After the table that most hangs on, and the next one where its name says something else.
fn named(nodes: &[Node<'_>], group: &[usize], degree: &[f64]) -> Domain {
    let weight = |at: usize| {
        let stands_back = nodes[at].copy_of.is_some() || nodes[at].table.kind.is_derived();
        if stands_back { -1.0 } else { degree[at] + nodes[at].referred.len() as f64 }
    };
    let mut order: Vec<usize> = group.to_vec();
    order.sort_by(|one, other| weight(*other).total_cmp(&weight(*one)).then(one.cmp(other)));
    let centre = order[0];
    let words = |at: usize| names::words(&nodes[at].table.name);
    let is_other = |at: &&usize| !words(**at).iter().any(|word| words(centre).contains(word));
    let second = order[1..].iter().find(is_other).filter(|at| weight(**at) * 2.0 >= weight(centre));
    let named: Vec<String> = std::iter::once(&centre).chain(second).map(|at| things(&nodes[*at].table.name)).collect();
    let mut tables: Vec<String> = group.iter().map(|at| nodes[*at].name.clone()).collect();
    tables.sort();
    Domain { centre: nodes[centre].name.clone(), title: capital(&listed(&named)), tables }
}
