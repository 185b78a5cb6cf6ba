//! Domains of business as files of text: entities, how they are identified, their attributes and references.
//!
//! A line is `name size key : attribute=generator >reference/role? ^copied.attribute ^copied>reference`. Keys: none given (a number of its own),
//! `code(generator)`, `weak(parent,sequence)`, `bridge(parent,parent)`, `shared(parent)`, `nokey`. `?` may be empty, `??` mostly is.

pub const DOMAINS: [(&str, &str); 12] = [
    ("shop", include_str!("domains/shop.txt")),
    ("hospital", include_str!("domains/hospital.txt")),
    ("airline", include_str!("domains/airline.txt")),
    ("school", include_str!("domains/school.txt")),
    ("league", include_str!("domains/league.txt")),
    ("library", include_str!("domains/library.txt")),
    ("personnel", include_str!("domains/personnel.txt")),
    ("warehouse", include_str!("domains/warehouse.txt")),
    ("genealogy", include_str!("domains/genealogy.txt")),
    ("telecom", include_str!("domains/telecom.txt")),
    ("insurance", include_str!("domains/insurance.txt")),
    ("music", include_str!("domains/music.txt")),
];

#[derive(Clone, Debug, Default)]
pub struct Domain {
    pub nouns: Vec<String>,
    pub statuses: Vec<String>,
    pub entities: Vec<Entity>,
}

#[derive(Clone, Debug)]
pub struct Entity {
    pub name: String,
    pub size: Size,
    pub key: Key,
    /// Name and generator.
    pub attributes: Vec<(String, String)>,
    pub references: Vec<Reference>,
    pub copies: Vec<Copied>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    Nothing,
    One,
    Tiny,
    Small,
    Medium,
    Large,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    Number,
    Code(String),
    Weak { parent: String, sequence: String },
    Bridge(Vec<Reference>),
    Shared(String),
    None,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    pub parent: String,
    pub role: Option<String>,
    pub presence: Presence,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Presence {
    Always,
    Often,
    Rarely,
}

/// What stands a second time where it does not belong.
#[derive(Clone, Debug)]
pub enum Copied {
    Attribute { parent: String, attribute: String },
    Reference { parent: String, grandparent: String },
}

impl Key {
    /// The entities without which this one cannot be.
    pub fn parents(&self) -> Vec<&str> {
        match self {
            Self::Weak { parent, .. } | Self::Shared(parent) => vec![parent],
            Self::Bridge(parents) => parents.iter().map(|reference| reference.parent.as_str()).collect(),
            Self::Number | Self::Code(_) | Self::None => Vec::new(),
        }
    }
}

pub fn read(text: &str) -> Domain {
    let mut domain = Domain::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words = |rest: &str| rest.split_whitespace().map(str::to_owned).collect();
        match line.split_once(' ') {
            Some(("nouns", rest)) => domain.nouns = words(rest),
            Some(("statuses", rest)) => domain.statuses = words(rest),
            _ => domain.entities.push(entity(line)),
        }
    }
    domain
}

fn entity(line: &str) -> Entity {
    let (head, tail) = line.split_once(" :").unwrap_or((line, ""));
    let mut head = head.split_whitespace();
    let name = head.next().expect("an entity has a name").to_owned();
    let size = match head.next() {
        Some("one") => Size::One,
        Some("tiny") => Size::Tiny,
        Some("small") => Size::Small,
        Some("medium") => Size::Medium,
        Some("large") => Size::Large,
        other => panic!("`{line}`: `{other:?}` is no size"),
    };
    let mut found = Entity { name, size, key: key(head.next()), attributes: vec![], references: vec![], copies: vec![] };
    for word in tokens(tail) {
        if let Some(reference) = word.strip_prefix('>') {
            found.references.push(self::reference(reference));
        } else if let Some(copied) = word.strip_prefix('^') {
            found.copies.push(match copied.split_once('.') {
                Some((parent, attribute)) => Copied::Attribute { parent: parent.to_owned(), attribute: attribute.to_owned() },
                None => {
                    let (parent, grandparent) = copied.split_once('>').expect("a copy names what it copies");
                    Copied::Reference { parent: parent.to_owned(), grandparent: grandparent.to_owned() }
                }
            });
        } else {
            let (name, generator) = word.split_once('=').unwrap_or((&word, &word));
            found.attributes.push((name.to_owned(), generator.to_owned()));
        }
    }
    found
}

fn key(text: Option<&str>) -> Key {
    let Some(text) = text else { return Key::Number };
    let (kind, inside) = text.split_once('(').unwrap_or((text, ""));
    let inside = inside.trim_end_matches(')');
    match kind {
        "nokey" => Key::None,
        "code" => Key::Code(inside.to_owned()),
        "shared" => Key::Shared(inside.to_owned()),
        "weak" => {
            let (parent, sequence) = inside.split_once(',').expect("a weak entity has a parent and a sequence");
            Key::Weak { parent: parent.to_owned(), sequence: sequence.to_owned() }
        }
        "bridge" => Key::Bridge(inside.split(',').map(reference).collect()),
        other => panic!("`{other}` is no kind of key"),
    }
}

fn reference(text: &str) -> Reference {
    let presence = match text.matches('?').count() {
        0 => Presence::Always,
        1 => Presence::Often,
        _ => Presence::Rarely,
    };
    let text = text.trim_end_matches('?');
    let (parent, role) = text.split_once('/').map_or((text, None), |(parent, role)| (parent, Some(role.to_owned())));
    Reference { parent: parent.to_owned(), role, presence }
}

/// Words apart, with what stands in brackets kept together.
fn tokens(text: &str) -> Vec<String> {
    let (mut words, mut word, mut depth) = (Vec::new(), String::new(), 0);
    for letter in text.chars() {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        if letter == ' ' && depth == 0 {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        } else {
            word.push(letter);
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}
