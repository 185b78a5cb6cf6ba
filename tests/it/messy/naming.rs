//! How a database's author names things: one style for all of it, or two where two authors met.

use std::collections::{BTreeMap, HashSet};

use super::design::{Content, Design, Identity};
use super::random::Random;

const LANGUAGES: [&str; 6] = ["english", "german", "spanish", "french", "portuguese", "polish"];
const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];

pub const STYLES: [&str; 12] = [
    "exemplary",
    "own names",
    "camel case",
    "prefixes",
    "abbreviations",
    "other language",
    "legacy",
    "hungarian",
    "nameless",
    "spaced",
    "marked references",
    "bare references",
];
const WEIGHTS: [usize; 12] = [14, 14, 10, 8, 10, 18, 8, 6, 6, 4, 6, 6];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Casing {
    Snake,
    Camel,
    Pascal,
    Upper,
    Spaced,
}

/// Where the word of the key stands in a reference.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Behind,
    Before,
    Mark(&'static str),
    Bare,
}

#[derive(Clone, Debug)]
pub struct Naming {
    pub style: &'static str,
    language: usize,
    tables: Casing,
    columns: Casing,
    is_plural: bool,
    /// `customers.id` and not `customers.customer_id`.
    is_short_key: bool,
    form: Form,
    suffix: &'static str,
    is_abbreviated: bool,
    has_prefixes: bool,
    table_mark: &'static str,
}

/// What a column's name is made of.
struct Words {
    words: Vec<String>,
    sort: Sort,
}

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    OwnNumber,
    /// A reference to a number; roles as `reports_to` say enough without a suffix.
    Reference,
    Plain,
}

pub fn draw(random: &mut Random) -> Naming {
    let style = STYLES[random.weighted(&WEIGHTS)];
    let plural = random.chance(0.5);
    let short = random.chance(0.5);
    let plain = Naming {
        style,
        language: 0,
        tables: Casing::Snake,
        columns: Casing::Snake,
        is_plural: plural,
        is_short_key: short,
        form: Form::Behind,
        suffix: "id",
        is_abbreviated: false,
        has_prefixes: false,
        table_mark: "",
    };
    match style {
        "exemplary" => Naming { is_plural: true, is_short_key: true, ..plain },
        "own names" => Naming { is_short_key: false, ..plain },
        "camel case" => {
            let columns = *random.pick(&[Casing::Camel, Casing::Pascal]);
            Naming { tables: Casing::Pascal, columns, ..plain }
        }
        "prefixes" => {
            let (suffix, is_abbreviated) = (*random.pick(&["key", "id", "no"]), random.chance(0.6));
            Naming { has_prefixes: true, is_short_key: false, suffix, is_abbreviated, ..plain }
        }
        "abbreviations" => {
            let suffix = *random.pick(&["no", "nr", "id", "cd", "num", "key"]);
            let columns = *random.pick(&[Casing::Snake, Casing::Upper]);
            Naming { is_abbreviated: true, is_short_key: false, is_plural: false, suffix, columns, tables: columns, ..plain }
        }
        "other language" => {
            let language = 1 + random.below(5);
            let german = ["id", "nr", "nummer", "schluessel"];
            let romance = ["id", "cod", "num", "id"];
            let suffix = if language == 1 { *random.pick(&german) } else { *random.pick(&romance) };
            let form = if language > 1 && random.chance(0.5) { Form::Before } else { Form::Behind };
            let columns = *random.pick(&[Casing::Snake, Casing::Snake, Casing::Pascal, Casing::Upper]);
            let is_abbreviated = language == 1 && random.chance(0.25);
            Naming { language, suffix, form, columns, tables: columns, is_abbreviated, ..plain }
        }
        "legacy" => {
            let suffix = *random.pick(&["NBR", "NO", "NR", "ID"]);
            let (language, has_prefixes) = (random.weighted(&[2, 1]), random.chance(0.35));
            Naming { language, suffix, has_prefixes, is_abbreviated: true, is_plural: false, is_short_key: false, ..plain }
        }
        "hungarian" => {
            let table_mark = *random.pick(&["tbl", "tbl", "T_"]);
            Naming { table_mark, tables: Casing::Pascal, columns: Casing::Pascal, is_short_key: false, is_plural: false, ..plain }
        }
        "spaced" => Naming { tables: Casing::Spaced, columns: Casing::Spaced, ..plain },
        "marked references" => {
            let form = *random.pick(&[Form::Mark("fk"), Form::Before, Form::Mark("ref")]);
            let table_mark = *random.pick(&["", "t_", "app_"]);
            Naming { form, table_mark, ..plain }
        }
        "bare references" => Naming { form: Form::Bare, ..plain },
        _ => plain,
    }
}

/// Names of all tables, and of their columns.
pub fn name(design: &Design, namings: &[Naming]) -> Vec<(String, Vec<String>)> {
    let dictionary = dictionary();
    let mut taken = HashSet::new();
    let of_table = |at: usize| &namings[at % namings.len()];
    let nameless = of_table(0).style == "nameless";
    (0..design.tables.len())
        .map(|at| {
            let table = &design.tables[at];
            if nameless {
                let columns = (1..=table.columns.len()).map(|number| format!("c{number:02}")).collect();
                return (format!("t{:02}", at + 1), columns);
            }
            let naming = of_table(at);
            let mut in_table = HashSet::new();
            let columns = (0..table.columns.len()).map(|column| {
                let words = words(design, at, column, naming);
                unique(naming.column(&words, &table.entity, &table.columns[column].content, &dictionary), &mut in_table)
            });
            let columns = columns.collect();
            (unique(naming.table(&table.entity, &dictionary), &mut taken), columns)
        })
        .collect()
}

fn words(design: &Design, table: usize, column: usize, naming: &Naming) -> Words {
    let of = &design.tables[table];
    let split = |name: &str| name.split('_').map(str::to_owned).collect::<Vec<_>>();
    match &of.columns[column].content {
        Content::Number => Words { words: of.entity.clone(), sort: Sort::OwnNumber },
        Content::Code(_) if of.identity == Identity::Code && naming.is_short_key => Words { words: split("code"), sort: Sort::Plain },
        Content::Code(_) => Words { words: [of.entity.clone(), split("code")].concat(), sort: Sort::Plain },
        Content::Sequence(name) | Content::Attribute { name, .. } => Words { words: split(name), sort: Sort::Plain },
        Content::Copied { name, .. } => Words { words: split(name), sort: Sort::Plain },
        Content::PolymorphicName(_) => Words { words: split("object_type"), sort: Sort::Plain },
        Content::PolymorphicKey(_) => Words { words: split("object"), sort: Sort::Reference },
        Content::Part { link, part } => {
            let link = &of.links[*link];
            let target = design.target_columns(link)[*part];
            let parent = &design.tables[link.parent];
            let mut inner = words_of_target(design, link.parent, target, naming);
            if let Some(role) = &link.role {
                let is_own = matches!(parent.columns[target].content, Content::Number | Content::Code(_));
                inner.words = if is_own { role.clone() } else { [role.clone(), inner.words].concat() };
            }
            inner
        }
    }
}

/// As the child sees it: the parent's own number is a reference there.
fn words_of_target(design: &Design, parent: usize, target: usize, naming: &Naming) -> Words {
    let of = &design.tables[parent];
    match &of.columns[target].content {
        Content::Number => Words { words: of.entity.clone(), sort: Sort::Reference },
        Content::Code(_) if naming.form == Form::Bare => Words { words: of.entity.clone(), sort: Sort::Plain },
        Content::Code(_) => Words { words: [of.entity.clone(), vec!["code".to_owned()]].concat(), sort: Sort::Plain },
        _ => words(design, parent, target, naming),
    }
}

impl Naming {
    fn table(&self, entity: &[String], dictionary: &Dictionary) -> String {
        let mut words: Vec<String> = entity.iter().map(|word| self.word(word, dictionary)).collect();
        if self.style == "legacy" {
            return upper_stem(&words, 8);
        }
        if self.is_plural {
            let last = if self.turns_round() { 0 } else { words.len() - 1 };
            words[last] = plural(&words[last], self.language);
        }
        if self.turns_round() {
            words.reverse();
        }
        format!("{}{}", self.table_mark, join(&words, self.tables))
    }

    fn column(&self, of: &Words, entity: &[String], content: &Content, dictionary: &Dictionary) -> String {
        let translated = |words: &[String]| words.iter().map(|word| self.word(word, dictionary)).collect::<Vec<_>>();
        let mut words = translated(&of.words);
        let says_enough = of.words.last().is_some_and(|word| ["to", "by", "of"].contains(&word.as_str()));
        if self.style == "legacy" {
            let prefix = if self.has_prefixes { upper_stem(&translated(entity), 2) } else { String::new() };
            let suffix = if of.sort == Sort::Plain { "" } else { self.suffix };
            return format!("{prefix}{}{suffix}", upper_stem(&words, 8 - prefix.len() - suffix.len()));
        }
        if self.turns_round() {
            words.reverse();
        }
        let suffix = self.suffix.to_owned();
        match of.sort {
            Sort::Plain => {}
            Sort::OwnNumber if self.is_short_key => words = vec![suffix],
            Sort::Reference if says_enough => {}
            Sort::Reference if self.form == Form::Bare => {}
            Sort::OwnNumber | Sort::Reference => match self.form {
                Form::Before => words.insert(0, suffix),
                Form::Mark(mark) if of.sort == Sort::Reference => words.push(mark.to_owned()),
                _ => words.push(suffix),
            },
        }
        if self.style == "hungarian" {
            return format!("{}{}", hungarian(of.sort, content), join(&words, Casing::Pascal).replace("Id", "ID"));
        }
        if self.has_prefixes {
            let initials: String = entity.iter().filter_map(|word| word.chars().next()).collect();
            return format!("{initials}_{}", words.concat());
        }
        join(&words, self.columns)
    }

    fn word(&self, word: &str, dictionary: &Dictionary) -> String {
        let known = dictionary.get(word).and_then(|row| row.get(self.language));
        let word = known.cloned().unwrap_or_else(|| word.to_owned());
        if self.is_abbreviated && word.len() > 4 { abbreviated(&word) } else { word }
    }

    /// Romance languages put what describes behind what it describes.
    fn turns_round(&self) -> bool {
        (2..=4).contains(&self.language)
    }

    pub fn label(&self) -> String {
        if self.language > 0 { format!("{} ({})", self.style, LANGUAGES[self.language]) } else { self.style.to_owned() }
    }
}

type Dictionary = BTreeMap<String, Vec<String>>;

fn dictionary() -> Dictionary {
    let lines = include_str!("words.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(words.len(), LANGUAGES.len(), "{line}");
            (words[0].clone(), words)
        })
        .collect()
}

fn abbreviated(word: &str) -> String {
    const USUAL: [(&str, &str); 12] = [
        ("customer", "cust"),
        ("product", "prod"),
        ("number", "no"),
        ("quantity", "qty"),
        ("amount", "amt"),
        ("department", "dept"),
        ("employee", "emp"),
        ("address", "addr"),
        ("supplier", "supp"),
        ("kunde", "kd"),
        ("mitarbeiter", "ma"),
        ("bestellung", "best"),
    ];
    if let Some((_, short)) = USUAL.into_iter().find(|(long, _)| *long == word) {
        return short.to_owned();
    }
    let first = word.chars().take(1);
    first.chain(word.chars().skip(1).filter(|letter| !VOWELS.contains(letter))).take(4).collect()
}

fn upper_stem(words: &[String], length: usize) -> String {
    let each = if words.len() > 1 { length.div_ceil(words.len()) } else { length.min(5) };
    let joined: String = words.iter().flat_map(|word| word.chars().take(each)).collect();
    joined.to_uppercase().chars().take(length).collect()
}

fn plural(word: &str, language: usize) -> String {
    let ends = |end: &str| word.ends_with(end);
    match language {
        1 if ends("e") => format!("{word}n"),
        1 if ends("er") || ends("el") => word.to_owned(),
        1 => format!("{word}en"),
        5 if ends("a") => format!("{}y", &word[..word.len() - 1]),
        5 => format!("{word}y"),
        2 | 4 if !word.ends_with(VOWELS) => format!("{word}es"),
        0 if ends("y") && !word[..word.len() - 1].ends_with(VOWELS) => format!("{}ies", &word[..word.len() - 1]),
        0 if ends("s") || ends("ch") || ends("sh") => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

fn hungarian(sort: Sort, content: &Content) -> &'static str {
    match content {
        _ if sort != Sort::Plain => "lng",
        Content::Attribute { generator, .. } if generator.starts_with("date") => "dtm",
        Content::Attribute { generator, .. } if generator.starts_with("money") => "cur",
        Content::Attribute { generator, .. } if generator.starts_with("flag") => "bln",
        Content::Attribute { generator, .. } if generator.starts_with("int") => "int",
        Content::Sequence(_) => "int",
        _ => "str",
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn join(words: &[String], casing: Casing) -> String {
    let capitals = || words.iter().map(|word| capital(word)).collect::<Vec<_>>();
    match casing {
        Casing::Snake => words.join("_"),
        Casing::Upper => words.join("_").to_uppercase(),
        Casing::Pascal => capitals().concat(),
        Casing::Camel => words[..1].iter().cloned().chain(words[1..].iter().map(|word| capital(word))).collect(),
        Casing::Spaced => capitals().join(" "),
    }
}

pub fn unique(name: String, taken: &mut HashSet<String>) -> String {
    let candidates = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}_{number}")));
    let free = candidates.into_iter().find(|candidate| !taken.contains(&candidate.to_lowercase())).expect("numbers do not end");
    taken.insert(free.to_lowercase());
    free
}
