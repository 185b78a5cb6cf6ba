//! What a database shall be, before it has a name or a row: its tables, how each is identified, what refers to what.

use std::collections::{BTreeMap, BTreeSet};

use super::domain::{Copied, DOMAINS, Domain, Entity, Key, Presence, Reference, Size, read};
use super::random::Random;

#[derive(Clone, Debug)]
pub struct Design {
    pub tables: Vec<Table>,
    pub nouns: Vec<String>,
    pub statuses: Vec<String>,
    pub domains: Vec<&'static str>,
    pub surrogates_everywhere: bool,
}

#[derive(Clone, Debug)]
pub struct Table {
    /// The words of its name, singular.
    pub entity: Vec<String>,
    pub size: Size,
    pub identity: Identity,
    pub links: Vec<Link>,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Identity {
    Number,
    /// A natural code is the key.
    Code,
    Weak,
    Bridge,
    Shared,
    None,
}

/// A reference from this table.
#[derive(Clone, Debug)]
pub struct Link {
    pub parent: usize,
    pub role: Option<Vec<String>>,
    pub presence: Presence,
    pub in_key: bool,
    pub target: Target,
    /// Denormalised: what one finds by following that link of ours, then that link of its parent.
    pub along: Option<(usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    Key,
    /// The parent's unique code, although its key is a number.
    Code,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Number,
    /// A unique natural code, made by a generator.
    Code(String),
    Part {
        link: usize,
        part: usize,
    },
    /// Counts within the parent, by this name.
    Sequence(String),
    Attribute {
        name: String,
        generator: String,
    },
    Copied {
        link: usize,
        column: usize,
        name: String,
    },
    /// The name of a table, and a key of it in the column of `PolymorphicKey`.
    PolymorphicName(Vec<usize>),
    PolymorphicKey(Vec<usize>),
}

impl Design {
    /// The columns that identify a row, in order.
    pub fn key_columns(&self, table: usize) -> Vec<usize> {
        let of = &self.tables[table];
        let is_key = |content: &Content| match content {
            Content::Number => of.identity == Identity::Number,
            Content::Code(_) => of.identity == Identity::Code,
            Content::Part { link, .. } => of.links[*link].in_key,
            Content::Sequence(_) => of.identity == Identity::Weak,
            _ => false,
        };
        (0..of.columns.len()).filter(|at| is_key(&of.columns[*at].content)).collect()
    }

    /// The columns of the parent that a link refers to.
    pub fn target_columns(&self, link: &Link) -> Vec<usize> {
        match link.target {
            Target::Key => self.key_columns(link.parent),
            Target::Code => {
                let parent = &self.tables[link.parent];
                (0..parent.columns.len()).filter(|at| matches!(parent.columns[*at].content, Content::Code(_))).collect()
            }
        }
    }

    /// Our columns of a link, in the order of what they refer to.
    pub fn link_columns(&self, table: usize, link: usize) -> Vec<usize> {
        let columns = &self.tables[table].columns;
        let part_of = |at: &usize| match columns[*at].content {
            Content::Part { link: of, part } if of == link => Some(part),
            _ => None,
        };
        let mut found: Vec<usize> = (0..columns.len()).filter(|at| part_of(at).is_some()).collect();
        found.sort_by_key(part_of);
        found
    }

    /// Parents stand before those whose identity needs them.
    pub fn identity_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        while order.len() < self.tables.len() {
            let ready = (0..self.tables.len()).find(|at| {
                let mut needed = self.tables[*at].links.iter().filter(|link| link.in_key);
                !order.contains(at) && needed.all(|link| order.contains(&link.parent))
            });
            order.push(ready.expect("no entity identifies itself"));
        }
        order
    }
}

/// Draws domains, entities out of them, and the structure that they have.
pub fn draw(random: &mut Random) -> Design {
    let wanted = match random.weighted(&[10, 68, 22]) {
        0 => random.between(4, 7),
        1 => random.between(8, 20),
        _ => random.between(20, 36),
    } as usize;
    let mut domains: Vec<&'static str> = Vec::new();
    let mut pool = Domain::default();
    let mut order: Vec<usize> = (0..DOMAINS.len()).collect();
    random.shuffle(&mut order);
    for at in order {
        if pool.entities.len() >= wanted + 2 {
            break;
        }
        let (name, text) = DOMAINS[at];
        domains.push(name);
        add(&mut pool, read(text));
    }
    let mut chosen = choose(&pool.entities, wanted, random);
    random.shuffle(&mut chosen);
    let surrogates_everywhere = random.chance(0.25);
    let mut design = Design { tables: Vec::new(), nouns: pool.nouns, statuses: pool.statuses, domains, surrogates_everywhere };
    let places: BTreeMap<&str, usize> = chosen.iter().enumerate().map(|(at, entity)| (entity.name.as_str(), at)).collect();
    let coded = random.chance(0.3);
    for entity in &chosen {
        design.tables.push(structure(entity, &places, surrogates_everywhere, coded, random));
    }
    for at in design.identity_order() {
        lay_keys(&mut design, at, &chosen[at].key);
    }
    for (at, entity) in chosen.iter().enumerate() {
        lay_rest(&mut design, at, entity, &places, random);
    }
    design
}

/// A second domain brings what the first has not; what both have is one table.
fn add(pool: &mut Domain, more: Domain) {
    pool.nouns.extend(more.nouns);
    pool.statuses = if pool.statuses.is_empty() { more.statuses } else { std::mem::take(&mut pool.statuses) };
    for entity in more.entities {
        if !pool.entities.iter().any(|known| known.name == entity.name) {
            pool.entities.push(entity);
        }
    }
}

/// Mostly tables that hang together: each is drawn beside one that is there.
fn choose(entities: &[Entity], wanted: usize, random: &mut Random) -> Vec<Entity> {
    let neighbours = |entity: &Entity| -> BTreeSet<String> {
        let of_key = entity.key.parents().into_iter().map(str::to_owned);
        of_key.chain(entity.references.iter().map(|reference| reference.parent.clone())).collect()
    };
    let mut chosen: BTreeSet<usize> = BTreeSet::new();
    while chosen.len() < wanted.min(entities.len()) {
        let names: BTreeSet<&str> = chosen.iter().map(|at| entities[*at].name.as_str()).collect();
        let near: Vec<usize> = (0..entities.len())
            .filter(|at| !chosen.contains(at))
            .filter(|at| {
                let of_it = neighbours(&entities[*at]);
                let beside = chosen.iter().any(|other| neighbours(&entities[*other]).contains(&entities[*at].name));
                beside || of_it.iter().any(|name| names.contains(name.as_str()))
            })
            .collect();
        let any: Vec<usize> = (0..entities.len()).filter(|at| !chosen.contains(at)).collect();
        let next = *random.pick(if near.is_empty() { &any } else { &near });
        take(next, entities, &mut chosen);
    }
    chosen.into_iter().map(|at| entities[at].clone()).collect()
}

fn take(at: usize, entities: &[Entity], chosen: &mut BTreeSet<usize>) {
    if chosen.insert(at) {
        for parent in entities[at].key.parents() {
            let place = entities.iter().position(|entity| entity.name == parent);
            take(
                place.unwrap_or_else(|| panic!("`{}` is identified by `{parent}`, which is nowhere", entities[at].name)),
                entities,
                chosen,
            );
        }
    }
}

fn words(name: &str) -> Vec<String> {
    name.split('_').map(str::to_owned).collect()
}

fn link(reference: &Reference, places: &BTreeMap<&str, usize>, in_key: bool) -> Option<Link> {
    let parent = *places.get(reference.parent.as_str())?;
    let role = reference.role.as_deref().map(words);
    Some(Link { parent, role, presence: reference.presence, in_key, target: Target::Key, along: None })
}

fn structure(entity: &Entity, places: &BTreeMap<&str, usize>, surrogates: bool, coded: bool, random: &mut Random) -> Table {
    let always = |parent: &str| Reference { parent: parent.to_owned(), role: None, presence: Presence::Always };
    let (mut identity, parents) = match &entity.key {
        Key::Number => (Identity::Number, vec![]),
        Key::None => (Identity::None, vec![]),
        Key::Code(_) if coded || surrogates => (Identity::Number, vec![]),
        Key::Code(_) => (Identity::Code, vec![]),
        Key::Weak { parent, .. } => (Identity::Weak, vec![always(parent)]),
        Key::Bridge(parents) => (Identity::Bridge, parents.clone()),
        Key::Shared(parent) => (Identity::Shared, vec![always(parent)]),
    };
    if matches!(identity, Identity::Weak | Identity::Bridge) && (surrogates || random.chance(0.08)) {
        identity = Identity::Number;
    }
    let in_key = identity != Identity::Number;
    let links = parents.iter().filter_map(|parent| link(parent, places, in_key)).collect();
    Table { entity: words(&entity.name), size: entity.size, identity, links, columns: Vec::new() }
}

fn lay_keys(design: &mut Design, at: usize, key: &Key) {
    let is_numbered = design.tables[at].identity == Identity::Number;
    let columns = &mut design.tables[at].columns;
    columns.extend(is_numbered.then_some(Column { content: Content::Number }));
    if let Key::Code(generator) = key {
        columns.push(Column { content: Content::Code(generator.clone()) });
    }
    if is_numbered {
        return;
    }
    for link in 0..design.tables[at].links.len() {
        lay_link(design, at, link);
    }
    if let (Identity::Weak, Key::Weak { sequence, .. }) = (&design.tables[at].identity, key) {
        design.tables[at].columns.push(Column { content: Content::Sequence(sequence.clone()) });
    }
}

fn lay_link(design: &mut Design, at: usize, link: usize) {
    for part in 0..design.target_columns(&design.tables[at].links[link]).len() {
        design.tables[at].columns.push(Column { content: Content::Part { link, part } });
    }
}

fn lay_rest(design: &mut Design, at: usize, entity: &Entity, places: &BTreeMap<&str, usize>, random: &mut Random) {
    let push = |design: &mut Design, content: Content| design.tables[at].columns.push(Column { content });
    if design.tables[at].identity == Identity::Number {
        for link in 0..design.tables[at].links.len() {
            lay_link(design, at, link);
        }
        // Where it identifies nothing, it is still counted.
        if let Key::Weak { sequence, .. } = &entity.key {
            push(design, Content::Sequence(sequence.clone()));
        }
    }
    for (name, generator) in entity.attributes.iter().filter(|_| random.chance(0.9)) {
        push(design, Content::Attribute { name: name.clone(), generator: generator.clone() });
    }
    for reference in &entity.references {
        // An optional reference is there in some designs only.
        let is_there = reference.presence == Presence::Always || random.chance(0.75);
        let Some(mut link) = link(reference, places, false).filter(|_| is_there) else { continue };
        let parent = &design.tables[link.parent];
        let has_code = parent.columns.iter().any(|column| matches!(column.content, Content::Code(_)));
        if parent.identity == Identity::Number && has_code && random.chance(0.12) {
            link.target = Target::Code;
        }
        if parent.identity != Identity::None {
            design.tables[at].links.push(link);
            lay_link(design, at, design.tables[at].links.len() - 1);
        }
    }
    for copied in &entity.copies {
        copy(design, at, copied, places, random);
    }
}

fn copy(design: &mut Design, at: usize, copied: &Copied, places: &BTreeMap<&str, usize>, random: &mut Random) {
    let towards = |design: &Design, table: usize, parent: &str| {
        let place = places.get(parent)?;
        design.tables[table].links.iter().position(|link| link.parent == *place)
    };
    if random.chance(0.4) {
        return;
    }
    match copied {
        Copied::Attribute { parent, attribute } => {
            let Some(link) = towards(design, at, parent) else { return };
            let of = &design.tables[design.tables[at].links[link].parent].columns;
            let named = |column: &Column| matches!(&column.content, Content::Attribute { name, .. } if name == attribute);
            if let Some(column) = of.iter().position(named) {
                let content = Content::Copied { link, column, name: format!("{parent}_{attribute}") };
                design.tables[at].columns.push(Column { content });
            }
        }
        Copied::Reference { parent, grandparent } => {
            let Some(first) = towards(design, at, parent) else { return };
            let through = design.tables[at].links[first].parent;
            let Some(second) = towards(design, through, grandparent) else { return };
            let copy = Link { in_key: false, along: Some((first, second)), ..design.tables[through].links[second].clone() };
            design.tables[at].links.push(copy);
            lay_link(design, at, design.tables[at].links.len() - 1);
        }
    }
}
