//! Rows for a design: keys first, then who refers to whom, then everything else.

use std::collections::HashSet;

use super::Value;
use super::design::{Content, Design, Identity, Link};
use super::domain::{Presence, Size};
use super::numbers::Numbering;
use super::random::Random;
use super::values::{Writer, skewed};

const MOST_ROWS: usize = 5_000;

pub struct Filled {
    /// By table, column and row.
    pub cells: Vec<Vec<Vec<Value>>>,
    pub rows: Vec<usize>,
    /// By table, link and row: the row of the parent.
    pub links: Vec<Vec<Vec<Option<usize>>>>,
}

pub fn fill(design: &Design, numbering: Numbering, writer: &Writer<'_>, random: &mut Random) -> Filled {
    let wanted = sizes(design, random);
    let width = |table: usize| design.tables[table].columns.len();
    let mut filled = Filled {
        cells: (0..design.tables.len()).map(|table| vec![Vec::new(); width(table)]).collect(),
        rows: vec![0; design.tables.len()],
        links: design.tables.iter().map(|table| vec![Vec::new(); table.links.len()]).collect(),
    };
    for table in design.identity_order() {
        identify(design, table, wanted[table], numbering, writer, &mut filled, random);
    }
    for table in 0..design.tables.len() {
        for (at, link) in design.tables[table].links.iter().enumerate().filter(|(_, link)| !link.in_key && link.along.is_none()) {
            filled.links[table][at] = refer(link, link.parent == table, filled.rows[table], filled.rows[link.parent], random);
            write_parts(design, table, at, &mut filled);
        }
    }
    for table in 0..design.tables.len() {
        for (at, link) in design.tables[table].links.iter().enumerate() {
            if let Some((first, second)) = link.along {
                let through = design.tables[table].links[first].parent;
                let further = |row: &Option<usize>| row.and_then(|row| filled.links[through][second].get(row).copied().flatten());
                filled.links[table][at] = filled.links[table][first].iter().map(further).collect();
                write_parts(design, table, at, &mut filled);
            }
        }
        attributes(design, table, writer, &mut filled, random);
    }
    for table in 0..design.tables.len() {
        copies(design, table, &mut filled, random);
    }
    filled
}

/// Rows that each table shall have; large ones are cut so that the whole keeps to its number of cells.
fn sizes(design: &Design, random: &mut Random) -> Vec<usize> {
    let mut logarithmic = |low: f64, high: f64| low * (high / low).powf(random.unit());
    let draw = |size: Size| match size {
        Size::Nothing => 0.0,
        Size::One => 1.0,
        Size::Tiny => logarithmic(2.0, 7.0),
        Size::Small => logarithmic(5.0, 60.0),
        Size::Medium => logarithmic(30.0, 700.0),
        Size::Large => logarithmic(300.0, 5000.0),
    };
    let rows: Vec<f64> = design.tables.iter().map(|table| table.size).map(draw).collect();
    let cells: f64 = rows.iter().zip(&design.tables).map(|(rows, table)| rows * table.columns.len() as f64).sum();
    let budget = 18_000.0 * 14f64.powf(random.unit());
    let scale = (budget / cells.max(1.0)).min(1.0);
    rows.iter().map(|rows| if *rows > 60.0 { (rows * scale).max(20.0) as usize } else { *rows as usize }).collect()
}

fn identify(
    design: &Design,
    table: usize,
    wanted: usize,
    numbering: Numbering,
    writer: &Writer<'_>,
    filled: &mut Filled,
    random: &mut Random,
) {
    let of = &design.tables[table];
    let key_links: Vec<usize> = (0..of.links.len()).filter(|at| of.links[*at].in_key).collect();
    let parents: Vec<usize> = key_links.iter().map(|at| filled.rows[of.links[*at].parent]).collect();
    let mut sequences = Vec::new();
    let mut chosen: Vec<Vec<usize>> = Vec::new();
    match of.identity {
        Identity::Weak => (chosen, sequences) = weak(parents[0], wanted, random),
        Identity::Bridge => chosen = bridge(&parents, wanted, random),
        Identity::Shared => chosen = shared(parents[0], random),
        Identity::Number | Identity::Code | Identity::None => {}
    }
    let codes = of.columns.iter().find_map(|column| match &column.content {
        Content::Code(generator) => Some(writer.codes(generator, wanted, random)),
        _ => None,
    });
    let rows = match of.identity {
        Identity::Weak | Identity::Bridge | Identity::Shared => chosen.len(),
        _ => codes.as_ref().map_or(wanted, Vec::len),
    };
    let given = filled.rows.iter().sum();
    filled.rows[table] = rows;
    for (place, at) in key_links.into_iter().enumerate() {
        filled.links[table][at] = chosen.iter().map(|tuple| Some(tuple[place])).collect();
        write_parts(design, table, at, filled);
    }
    for (at, column) in of.columns.iter().enumerate() {
        match column.content {
            Content::Number => filled.cells[table][at] = numbering.hand_out(rows, given, &of.entity.join(""), random),
            Content::Code(_) => filled.cells[table][at] = codes.clone().unwrap_or_default(),
            Content::Sequence(_) if of.identity == Identity::Weak => filled.cells[table][at] = sequences.clone(),
            _ => {}
        }
    }
}

/// Some rows of a parent, each with a few of ours, counted from its first.
fn weak(parents: usize, wanted: usize, random: &mut Random) -> (Vec<Vec<usize>>, Vec<Value>) {
    let (first, step) = *random.pick(&[(1, 1), (1, 1), (1, 1), (10, 10), (0, 1)]);
    let most = random.between(3, 9) as usize;
    let (mut chosen, mut sequences) = (Vec::new(), Vec::new());
    let share = (wanted as f64 / (parents.max(1) as f64 * most as f64 / 3.0)).min(1.0);
    for parent in 0..parents {
        if !random.chance(share.max(0.02)) {
            continue;
        }
        for at in 0..=skewed(most, random) {
            if chosen.len() < MOST_ROWS {
                chosen.push(vec![parent]);
                sequences.push(Value::Integer(first + step * at as i64));
            }
        }
    }
    (chosen, sequences)
}

fn bridge(parents: &[usize], wanted: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let possible = parents.iter().fold(1usize, |product, rows| product.saturating_mul(*rows));
    let wanted = wanted.min(possible * 2 / 3);
    let orders: Vec<Vec<usize>> = parents.iter().map(|rows| permutation(*rows, random)).collect();
    let is_skewed: Vec<bool> = parents.iter().map(|_| random.chance(0.5)).collect();
    let mut seen = HashSet::new();
    for _ in 0..wanted * 6 {
        if seen.len() >= wanted {
            break;
        }
        let pick = |(at, rows): (usize, &usize)| orders[at][if is_skewed[at] { skewed(*rows, random) } else { random.below(*rows) }];
        seen.insert(parents.iter().enumerate().map(pick).collect::<Vec<_>>());
    }
    let mut chosen: Vec<Vec<usize>> = seen.into_iter().collect();
    chosen.sort();
    if random.chance(0.4) {
        random.shuffle(&mut chosen);
    }
    chosen
}

fn shared(parents: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let share = 0.15 + 0.6 * random.unit();
    (0..parents).filter(|_| random.chance(share)).map(|row| vec![row]).collect()
}

fn permutation(rows: usize, random: &mut Random) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    random.shuffle(&mut order);
    order
}

/// For each of our rows a row of the parent, by one of the ways in which this comes about.
fn refer(link: &Link, is_own: bool, rows: usize, parents: usize, random: &mut Random) -> Vec<Option<usize>> {
    let empty = match link.presence {
        Presence::Always => 0.0,
        Presence::Often => 0.05 + 0.5 * random.unit(),
        Presence::Rarely => 0.9 + 0.09 * random.unit(),
    };
    let way = random.weighted(&[3, 4, 2]);
    let order = permutation(parents, random);
    (0..rows)
        .map(|row| {
            let is_root = is_own && (row == 0 || link.presence != Presence::Always && random.chance(0.06));
            if parents == 0 || is_root || random.chance(empty) {
                return None;
            }
            let noise = random.below(parents / 10 + 1);
            Some(match way {
                // A tree grows: who is referred to was there before.
                _ if is_own => random.below(row),
                0 => random.below(parents),
                1 => order[skewed(parents, random)],
                _ => (row * parents / rows + noise).min(parents - 1),
            })
        })
        .collect()
}

fn write_parts(design: &Design, table: usize, link: usize, filled: &mut Filled) {
    let of = &design.tables[table].links[link];
    for (ours, theirs) in design.link_columns(table, link).into_iter().zip(design.target_columns(of)) {
        let value = |row: &Option<usize>| row.map_or(Value::Null, |row| filled.cells[of.parent][theirs][row].clone());
        let values = filled.links[table][link].iter().map(value).collect();
        filled.cells[table][ours] = values;
    }
}

fn attributes(design: &Design, table: usize, writer: &Writer<'_>, filled: &mut Filled, random: &mut Random) {
    let (of, rows) = (&design.tables[table], filled.rows[table]);
    for (at, column) in of.columns.iter().enumerate() {
        let values: Vec<Value> = match &column.content {
            Content::Attribute { generator, .. } => (0..rows).map(|row| writer.value(generator, row, rows, random)).collect(),
            Content::Sequence(_) if of.identity != Identity::Weak => (0..rows).map(|_| writer.value("level", 0, rows, random)).collect(),
            _ => continue,
        };
        filled.cells[table][at] = values;
    }
}

fn copies(design: &Design, table: usize, filled: &mut Filled, random: &mut Random) {
    let of = &design.tables[table];
    for (at, column) in of.columns.iter().enumerate() {
        if let Content::Copied { link, column, .. } = column.content {
            let parent = of.links[link].parent;
            let value = |row: &Option<usize>| row.map_or(Value::Null, |row| filled.cells[parent][column][row].clone());
            filled.cells[table][at] = filled.links[table][link].iter().map(value).collect();
        }
        if let Content::PolymorphicKey(tables) = &column.content {
            let names = of.columns.iter().position(|column| matches!(column.content, Content::PolymorphicName(_)));
            let names = names.expect("a polymorphic key stands beside its name");
            for _ in 0..filled.rows[table] {
                let parent = *random.pick(tables);
                let key = design.key_columns(parent)[0];
                let known = filled.rows[parent] > 0;
                let value = if known { filled.cells[parent][key][random.below(filled.rows[parent])].clone() } else { Value::Null };
                filled.cells[table][at].push(value);
                filled.cells[table][names].push(Value::Text(design.tables[parent].entity.join("_")));
            }
        }
    }
}
