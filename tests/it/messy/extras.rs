//! What every grown database has beside its business: logs, settings, empty tables, who-did-it columns, copies, archives, years apart.

use std::collections::HashSet;

use super::design::{Column, Content, Design, Identity, Link, Table, Target};
use super::domain::{Presence, Size};
use super::naming::unique;
use super::random::Random;
use super::truth::ForeignKey;
use super::{MessyDatabase, MessyTable, Value};

fn attribute(name: &str, generator: &str) -> Column {
    Column { content: Content::Attribute { name: name.to_owned(), generator: generator.to_owned() } }
}

fn table(entity: &[&str], size: Size, identity: Identity, columns: Vec<Column>) -> Table {
    let number = (identity == Identity::Number).then_some(Column { content: Content::Number });
    let entity = entity.iter().map(|word| (*word).to_owned()).collect();
    Table { entity, size, identity, links: Vec::new(), columns: number.into_iter().chain(columns).collect() }
}

/// Tables and columns that are added to a design before it has rows.
pub fn add(design: &mut Design, random: &mut Random) {
    if random.chance(0.15) {
        let by = ["employee", "agent", "librarian", "teacher", "doctor", "researcher", "broker"];
        let who =
            design.tables.iter().position(|table| by.contains(&table.entity.join("_").as_str()) && table.identity == Identity::Number);
        if let Some(who) = who {
            for at in 0..design.tables.len() {
                if random.chance(0.5) {
                    refer(design, at, who, Some("created_by"), Presence::Often);
                }
            }
        }
    }
    if random.chance(0.35) {
        add_log(design, random);
    }
    if random.chance(0.3) {
        let columns = vec![
            attribute("version", "version"),
            attribute("active", "flag"),
            attribute("page_size", "pick(20;50)"),
            attribute("updated_at", "datetime"),
        ];
        design.tables.push(table(&["setting"], Size::One, Identity::Number, columns));
    }
    if random.chance(0.25) {
        let parent = random.below(design.tables.len());
        let columns = vec![attribute("text", "text"), attribute("created_at", "datetime")];
        design.tables.push(table(&["document", "draft"], Size::Nothing, Identity::Number, columns));
        let at = design.tables.len() - 1;
        if design.tables[parent].identity != Identity::None {
            refer(design, at, parent, None, Presence::Always);
        }
    }
    if random.chance(0.2) {
        let columns =
            vec![attribute("name", "person"), attribute("city", "city"), attribute("status", "status"), attribute("line", "level")];
        design.tables.push(table(&["import", "buffer"], Size::Medium, Identity::None, columns));
    }
}

fn refer(design: &mut Design, at: usize, parent: usize, role: Option<&str>, presence: Presence) {
    let role = role.map(|role| role.split('_').map(str::to_owned).collect());
    let link = Link { parent, role, presence, in_key: false, target: Target::Key, along: None };
    design.tables[at].links.push(link);
    let number = design.tables[at].links.len() - 1;
    for part in 0..design.key_columns(parent).len() {
        design.tables[at].columns.push(Column { content: Content::Part { link: number, part } });
    }
}

/// A log, a comment or an attachment: it belongs to a row of one of several tables.
fn add_log(design: &mut Design, random: &mut Random) {
    let mut parents: Vec<usize> = (0..design.tables.len()).filter(|at| design.tables[*at].identity == Identity::Number).collect();
    random.shuffle(&mut parents);
    parents.truncate(random.between(2, 4) as usize);
    if parents.len() < 2 {
        return;
    }
    let identity = if random.chance(0.5) { Identity::None } else { Identity::Number };
    let entity = *random.pick(&[["audit", "log"], ["comment", "entry"], ["document", "link"]]);
    let columns = vec![
        Column { content: Content::PolymorphicName(parents.clone()) },
        Column { content: Content::PolymorphicKey(parents) },
        attribute("level", "level"),
        attribute("text", "text"),
        attribute("logged_at", "datetime"),
    ];
    design.tables.push(table(&entity, Size::Medium, identity, columns));
}

/// Copies, archives and years apart, made of tables that have rows.
pub fn multiply(database: &mut MessyDatabase, random: &mut Random) {
    let (copy, archive, years) = (random.chance(0.3), random.chance(0.12), random.chance(0.12));
    let large = |database: &MessyDatabase, random: &mut Random, must_be_leaf: bool| {
        let is_parent = |table: &MessyTable| {
            let theirs = database.truth.foreign_keys.iter().chain(&database.truth.implied_foreign_keys);
            let names = database.truth.polymorphic.iter().flat_map(|of| &of.parents);
            theirs.map(|reference| &reference.parent_table).chain(names).any(|name| *name == table.name)
        };
        let tables = database.tables.iter().enumerate();
        let fitting = tables.filter(|(_, table)| table.rows.len() >= 40 && !(must_be_leaf && is_parent(table)));
        let fitting: Vec<usize> = fitting.map(|(at, _)| at).collect();
        (!fitting.is_empty()).then(|| *random.pick(&fitting))
    };
    if years && let Some(at) = large(database, random, true) {
        divide(database, at, &["_2021", "_2022", "_2023"], random);
        database.traits.insert("extra: years apart".to_owned());
    }
    if archive && let Some(at) = large(database, random, true) {
        divide(database, at, &["", "_archive"], random);
        database.traits.insert("extra: archive".to_owned());
    }
    if copy && let Some(at) = large(database, random, false) {
        back_up(database, at, random);
        database.traits.insert("extra: copy".to_owned());
    }
}

fn named(database: &MessyDatabase, table: &MessyTable, ending: &str) -> String {
    if database.traits.contains("naming: nameless") {
        let most = database.tables.iter().filter_map(|table| table.name.strip_prefix('t')?.parse::<usize>().ok()).max();
        return format!("t{:02}", most.unwrap_or(0) + 1);
    }
    let is_upper = table.name.chars().all(|letter| !letter.is_lowercase());
    let ending = if is_upper { ending.to_uppercase() } else { ending.to_owned() };
    unique(format!("{}{ending}", table.name), &mut database.tables.iter().map(|table| table.name.to_lowercase()).collect())
}

/// One table becomes several of one form; key and references are those of each.
fn divide(database: &mut MessyDatabase, at: usize, endings: &[&str], random: &mut Random) {
    let whole = database.tables.remove(at);
    let key = database.truth.primary_keys.remove(&whole.name);
    let is_of_whole = |reference: &ForeignKey| reference.child_table == whole.name;
    let (references, others) = std::mem::take(&mut database.truth.foreign_keys).into_iter().partition(is_of_whole);
    let (implied, other_implied) = std::mem::take(&mut database.truth.implied_foreign_keys).into_iter().partition(is_of_whole);
    let (references, implied): (Vec<ForeignKey>, Vec<ForeignKey>) = (references, implied);
    database.truth.foreign_keys = others;
    database.truth.implied_foreign_keys = other_implied;
    let polymorphic: Vec<_> = database.truth.polymorphic.iter().filter(|of| of.table == whole.name).cloned().collect();
    database.truth.polymorphic.retain(|of| of.table != whole.name);
    let number = key.as_ref().filter(|key| key.len() == 1).and_then(|key| whole.columns.iter().position(|column| column.name == key[0]));
    let starts_anew = random.chance(0.5) && !references.iter().any(|of| Some(&of.child_columns) == key.as_ref());
    let share = whole.rows.len().div_ceil(endings.len());
    for (part, ending) in whole.rows.chunks(share).zip(endings) {
        let mut rows = part.to_vec();
        if let (true, Some(column)) = (starts_anew, number) {
            let is_number = rows.iter().all(|row| matches!(row[column], Value::Integer(_)));
            for (row, place) in rows.iter_mut().zip(1..).filter(|_| is_number) {
                row[column] = Value::Integer(place);
            }
        }
        let table = MessyTable { name: named(database, &whole, ending), columns: whole.columns.clone(), rows };
        let of_part = |reference: &ForeignKey| {
            let rest = database_share(reference.stray_share, part.len(), whole.rows.len());
            ForeignKey { child_table: table.name.clone(), stray_share: rest, ..reference.clone() }
        };
        database.truth.foreign_keys.extend(references.iter().map(of_part));
        database.truth.implied_foreign_keys.extend(implied.iter().map(of_part));
        database.truth.polymorphic.extend(polymorphic.iter().cloned().map(|mut of| {
            of.table.clone_from(&table.name);
            of
        }));
        if let Some(key) = &key {
            database.truth.primary_keys.insert(table.name.clone(), key.clone());
        }
        database.tables.push(table);
    }
}

/// What strayed in the whole may all be in one part.
fn database_share(stray: f64, part: usize, whole: usize) -> f64 {
    (stray * whole as f64 / part.max(1) as f64).min(1.0)
}

/// `create table … as select`: most rows of a table as they were once, without key or references.
fn back_up(database: &mut MessyDatabase, at: usize, random: &mut Random) {
    let original = database.tables[at].clone();
    let share = 0.4 + 0.6 * random.unit();
    let mut rows: Vec<Vec<Value>> = original.rows.iter().filter(|_| random.chance(share)).cloned().collect();
    if random.chance(0.3) {
        random.shuffle(&mut rows);
    }
    let ending = *random.pick(&["_old", "_bak", "_copy", "_backup", "_tmp"]);
    let name = named(database, &original, ending);
    let mut implied: Vec<ForeignKey> = Vec::new();
    for reference in database.truth.foreign_keys.iter().chain(&database.truth.implied_foreign_keys) {
        if reference.child_table == original.name {
            implied.push(ForeignKey { child_table: name.clone(), stray_share: 1.0, ..reference.clone() });
            if reference.parent_table == original.name {
                implied.push(ForeignKey { child_table: name.clone(), parent_table: name.clone(), stray_share: 1.0, ..reference.clone() });
            }
        }
    }
    if let Some(key) = database.truth.primary_keys.get(&original.name) {
        let of_copy = |columns: &Vec<String>| (columns.clone(), columns.clone());
        let (child_columns, parent_columns) = of_copy(key);
        implied.push(ForeignKey {
            child_table: name.clone(),
            child_columns,
            parent_table: original.name.clone(),
            parent_columns,
            stray_share: 1.0,
        });
    }
    let known: HashSet<&str> = database.tables.iter().map(|table| table.name.as_str()).collect();
    assert!(!known.contains(name.as_str()), "`{name}` is there already");
    database.truth.implied_foreign_keys.extend(implied);
    database.tables.push(MessyTable { name, columns: original.columns, rows });
}
