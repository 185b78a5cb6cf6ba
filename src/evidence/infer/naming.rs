//! What names say of each other within one database: its habits are taken off first, so that what is left is telling.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::names;
use super::subject::{Place, Subject};
use super::vocabulary::{CALENDARS, COPIES, ENDINGS, PEOPLE, PERSON_ROLES, TREE_ROLES, TYPE_MARKS};

/// A word that so many of the tables or columns begin with is a habit.
const HABIT: f64 = 0.6;

/// What so many tables or names do is a habit of this database.
const HABITUAL: usize = 3;

pub struct Naming {
    tables: Vec<TableNames>,
    by_name: HashMap<String, Vec<usize>>,
    /// Words of a column's name that stand for several tables' own candidate keys.
    habitual: BTreeSet<Vec<String>>,
}

struct TableNames {
    words: Vec<String>,
    columns: Vec<ColumnNames>,
    is_copy: bool,
}

struct ColumnNames {
    /// Without marks of type and table.
    words: Vec<String>,
    /// Without words of identifying.
    subject: Vec<String>,
    is_id_like: bool,
}

/// What the names of two columns tell of one referring to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    pub likeness: Likeness,
    /// Named as what the rows of the other table are to it.
    pub is_role: bool,
    /// Named after a third table.
    pub is_of_other: bool,
}

/// Tables that hold the same by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    None,
    /// One of them is a copy that somebody made.
    Copy,
    /// Both are parts of one.
    Parts,
}

/// How a column's name speaks of another table, 0 to 1 each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likeness {
    /// To the name of the table.
    pub table: f64,
    /// To the name of the key.
    pub key: f64,
    /// The words of identifying are the same: `customer_no` and `customers.no`.
    pub same_kind: bool,
}

impl Likeness {
    pub fn best(&self) -> f64 {
        self.table.max(self.key)
    }
}

impl Naming {
    pub fn of(subjects: &[Subject<'_>]) -> Self {
        let habits = table_habits(subjects);
        let table_words: Vec<Vec<String>> = subjects.iter().map(|subject| table_words(&subject.table.name, &habits)).collect();
        let vocabulary = Vocabulary::of(&table_words);
        let is_hungarian = is_hungarian(subjects);
        let everywhere = column_habits(subjects);
        let endings = endings(subjects, &vocabulary);
        let tables: Vec<TableNames> = subjects
            .iter()
            .zip(&table_words)
            .map(|(subject, words)| {
                let shared = shared_prefix(subject);
                let column = |name: &str| {
                    let mut words = names::words(&name[shared..]);
                    if is_hungarian && words.len() > 1 && TYPE_MARKS.contains(&words[0].as_str()) {
                        words.remove(0);
                    }
                    let mut words: Vec<String> = words.iter().flat_map(|word| apart(word, &vocabulary, &endings)).collect();
                    words.retain(|word| !word.bytes().all(|sign| sign.is_ascii_digit()));
                    if words.first().is_some_and(|first| everywhere.contains(first)) {
                        words.remove(0);
                    }
                    let subject = names::subject_words(&words).to_vec();
                    ColumnNames { is_id_like: names::is_id_like(&words) || words.first().is_some_and(|word| word == "id"), subject, words }
                };
                let columns = subject.table.columns.iter().map(|entry| column(&entry.name)).collect();
                TableNames { words: words.clone(), columns, is_copy: false }
            })
            .collect();
        let mut owners: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for (names, subject) in tables.iter().zip(subjects) {
            for (column, traits) in names.columns.iter().zip(&subject.traits) {
                if traits.is_unique() && traits.rows > 1 {
                    *owners.entry(column.words.clone()).or_default() += 1;
                }
            }
        }
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, table) in tables.iter().enumerate() {
            by_name.entry(table.words.concat()).or_default().push(at);
        }
        let habitual = owners.into_iter().filter(|(_, owners)| *owners >= HABITUAL).map(|(words, _)| words).collect();
        let mut naming = Self { tables, by_name, habitual };
        for table in 0..naming.tables.len() {
            naming.tables[table].is_copy = naming.seems_a_copy(table);
        }
        naming
    }

    pub fn told(&self, child: Place, parent: Place) -> Told {
        Told {
            likeness: self.likeness(child, parent),
            is_role: self.is_role(child, parent),
            is_of_other: self.is_named_after_other(child, parent.table),
        }
    }

    pub fn kinship(&self, child: Place, parent: Place) -> Kinship {
        if self.is_copy(child.table) || self.is_copy(parent.table) {
            Kinship::Copy
        } else if self.same_column_name(child, parent) && self.are_alike(child.table, parent.table) {
            Kinship::Parts
        } else {
            Kinship::None
        }
    }

    pub fn is_id_like(&self, place: Place) -> bool {
        self.column(place).is_id_like
    }

    /// 0 to 1: whether the column is named as what identifies its own table's rows.
    pub fn own(&self, place: Place) -> f64 {
        let column = self.column(place);
        let is_bare = column.subject.is_empty() && column.is_id_like
            || column.words.len() == 1 && matches!(column.words[0].as_str(), "id" | "uuid" | "guid" | "oid" | "pk" | "key");
        let table = names::similarity(&column.subject, &self.tables[place.table].words);
        match (is_bare, column.is_id_like) {
            (true, _) => 1.0,
            (false, true) => table,
            (false, false) => 0.7 * table,
        }
    }

    /// How the name of `child` speaks of the table and key of `parent`.
    pub fn likeness(&self, child: Place, parent: Place) -> Likeness {
        let (of_child, of_key) = (self.column(child), self.column(parent));
        let is_itself = child.table == parent.table;
        let words = &self.tables[parent.table].words;
        let table = match (is_itself, names::similarity(&of_child.subject, words)) {
            (false, table) => table,
            // Any column of a table is somewhat like it in name; that says nothing of the table to itself.
            (true, 1.0) => 0.9,
            (true, _) => 0.0,
        };
        let is_habit = self.habitual.contains(&of_key.words);
        let key = if is_habit || of_key.subject.is_empty() || self.is_named_after_another(parent) {
            0.0
        } else {
            names::similarity(&of_child.subject, &of_key.subject)
        };
        let rest = |column: &ColumnNames| -> BTreeSet<String> {
            column.words.iter().filter(|word| !column.subject.contains(word)).cloned().collect()
        };
        let both: Vec<String> = words.iter().chain(&of_key.words).cloned().collect();
        let with_key =
            if is_itself || table < 0.5 || self.is_named_after_another(parent) { 0.0 } else { names::similarity(&of_child.words, &both) };
        Likeness { table: table.max(if with_key > 0.85 { with_key } else { 0.0 }), key, same_kind: rest(of_child) == rest(of_key) }
    }

    /// The column is named as what the rows of `parent` are to it: `reports_to`, `created_by`.
    pub fn is_role(&self, child: Place, parent: Place) -> bool {
        let holds = |words: &[String], listed: &[&str]| words.iter().any(|word| listed.contains(&word.as_str()));
        let words = &self.column(child).words;
        child.table == parent.table && holds(words, &TREE_ROLES)
            || holds(words, &PERSON_ROLES) && holds(&self.tables[parent.table].words, &PEOPLE)
    }

    pub fn is_calendar(&self, table: usize) -> bool {
        self.tables[table].words.iter().any(|word| CALENDARS.contains(&word.as_str()))
    }

    /// Some table other than `parent` is what the column is named after.
    pub fn is_named_after_other(&self, child: Place, parent: usize) -> bool {
        self.called(&self.column(child).subject).iter().any(|table| *table != parent && *table != child.table)
    }

    /// Tables of just this name.
    fn called(&self, words: &[String]) -> &[usize] {
        self.by_name.get(&words.concat()).filter(|_| !words.is_empty()).map_or(&[], Vec::as_slice)
    }

    /// Both tables have the same columns, all but a few: copies, parts, years of one table.
    pub fn are_alike(&self, left: usize, right: usize) -> bool {
        let (short, long) = if self.tables[left].words.len() <= self.tables[right].words.len() { (left, right) } else { (right, left) };
        let long_words = &self.tables[long].words;
        if left == right || !self.tables[short].words.iter().all(|word| long_words.contains(word)) {
            return false;
        }
        let words = |table: usize| -> BTreeSet<&Vec<String>> {
            self.tables[table].columns.iter().map(|column| &column.words).filter(|words| !words.is_empty()).collect()
        };
        let shared = words(left).intersection(&words(right)).count();
        let (columns, others) = (self.tables[left].columns.len(), self.tables[right].columns.len());
        shared >= 3 && shared * 10 >= columns * 8 && shared * 10 >= others * 8
    }

    /// Named as a copy that somebody made: `orders_old`, `tmp_customers`.
    pub fn is_copy(&self, table: usize) -> bool {
        self.tables[table].is_copy
    }

    fn seems_a_copy(&self, table: usize) -> bool {
        let words = &self.tables[table].words;
        let is_shorter = |other: &usize| self.tables[*other].words.len() < words.len();
        words.iter().any(|word| COPIES.contains(&word.as_str()))
            && (0..self.tables.len()).filter(is_shorter).any(|other| self.are_alike(table, other))
    }

    /// The key carries the name of some other table: what is named alike may refer there.
    fn is_named_after_another(&self, place: Place) -> bool {
        let subject = &self.column(place).subject;
        let own = names::similarity(subject, &self.tables[place.table].words);
        own < 0.9 && self.called(subject).iter().any(|table| *table != place.table)
    }

    /// The last word, which says what it is: an `original_language` is a language, a `customer_type` is no customer.
    pub fn head(&self, place: Place) -> Option<&str> {
        self.column(place).subject.last().map(String::as_str)
    }

    /// The last words of what may refer to this key.
    pub fn heads(&self, key: Place) -> BTreeSet<&str> {
        self.tables[key.table].words.last().map(String::as_str).into_iter().chain(self.head(key)).collect()
    }

    pub fn same_column_name(&self, left: Place, right: Place) -> bool {
        let (left, right) = (self.column(left), self.column(right));
        !left.words.is_empty() && left.words == right.words
    }

    /// Without what most tables begin with.
    pub fn table_words(&self, table: usize) -> &[String] {
        &self.tables[table].words
    }

    pub fn words(&self, place: Place) -> &[String] {
        &self.column(place).words
    }

    /// Without words of identifying.
    pub fn subject(&self, place: Place) -> &[String] {
        &self.column(place).subject
    }

    fn column(&self, place: Place) -> &ColumnNames {
        &self.tables[place.table].columns[place.column]
    }
}

/// Words that most tables begin with, and numbers, where something else is left.
fn table_words(name: &str, habits: &BTreeSet<String>) -> Vec<String> {
    let words = names::words(name);
    let is_telling = |word: &&String| !word.bytes().all(|sign| sign.is_ascii_digit());
    let skipped = usize::from(words.first().is_some_and(|first| habits.contains(first)));
    words.iter().skip(skipped).filter(is_telling).cloned().collect()
}

fn table_habits(subjects: &[Subject<'_>]) -> BTreeSet<String> {
    habits(subjects.iter().map(|subject| subject.table.name.as_str()))
}

fn column_habits(subjects: &[Subject<'_>]) -> BTreeSet<String> {
    let mut habits = habits(subjects.iter().flat_map(|subject| subject.table.columns.iter().map(|column| column.name.as_str())));
    habits.retain(|word| !names::KEY_WORDS.contains(&word.as_str()));
    habits
}

fn habits<'a>(all: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut whole = 0_usize;
    for name in all {
        whole += 1;
        if let Some(first) = names::words(name).into_iter().next() {
            *counts.entry(first).or_default() += 1;
        }
    }
    counts.into_iter().filter(|(_, count)| whole > 2 && *count as f64 >= whole as f64 * HABIT).map(|(word, _)| word).collect()
}

fn is_hungarian(subjects: &[Subject<'_>]) -> bool {
    let (mut marked, mut whole) = (0_usize, 0_usize);
    for column in subjects.iter().flat_map(|subject| &subject.table.columns) {
        let words = names::split(&column.name);
        whole += 1;
        marked += usize::from(words.len() > 1 && TYPE_MARKS.contains(&words[0].as_str()));
    }
    marked * 2 > whole
}

/// What all columns of the table begin with, if only by letters, as in `CLPLCYID` of claims: its mark, not part of the names.
fn shared_prefix(subject: &Subject<'_>) -> usize {
    let names: Vec<&str> = subject.table.columns.iter().map(|column| column.name.as_str()).collect();
    let Some((first, rest)) = names.split_first().filter(|(_, rest)| rest.len() > 1) else { return 0 };
    let alike = |name: &str| first.bytes().zip(name.bytes()).take_while(|(left, right)| left.eq_ignore_ascii_case(right)).count();
    let shared = rest.iter().map(|name| alike(name)).min().unwrap_or(0);
    let shortest = names.iter().map(|name| name.len()).min().unwrap_or(0);
    // One letter may be chance, unless something ends it; and something must be left of every name.
    let is_mark = shared >= 2 && shared < shortest && first.is_char_boundary(shared) && names.iter().all(|name| name.is_ascii());
    if is_mark { shared } else { 0 }
}

/// `custnbr` as `cust` and `nbr`, where some table is named like what stands before the ending.
fn apart(word: &str, vocabulary: &Vocabulary<'_>, endings: &BTreeSet<&str>) -> Vec<String> {
    if let Some(stem) = word.strip_suffix("by").filter(|stem| stem.ends_with("ed") || stem.ends_with("en")) {
        return vec![stem.to_owned(), "by".to_owned()];
    }
    if let Some(stem) = word.strip_suffix("to").filter(|stem| PERSON_ROLES.contains(stem) || TREE_ROLES.contains(stem)) {
        return vec![stem.to_owned(), "to".to_owned()];
    }
    for ending in ENDINGS {
        if let Some(stem) = word.strip_suffix(ending)
            && (vocabulary.is_like(stem) || endings.contains(ending) && stem.len() >= 3 && !vocabulary.words.contains(word))
        {
            return vec![stem.to_owned(), ending.to_owned()];
        }
    }
    match word.strip_prefix("id") {
        Some(stem) if stem.len() >= 3 && vocabulary.words.contains(stem) => vec!["id".to_owned(), stem.to_owned()],
        _ => vec![word.to_owned()],
    }
}

/// Endings that are written into one word with the names of tables here.
fn endings(subjects: &[Subject<'_>], vocabulary: &Vocabulary<'_>) -> BTreeSet<&'static str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for subject in subjects {
        let shared = shared_prefix(subject);
        for word in subject.table.columns.iter().flat_map(|column| names::words(&column.name[shared..])) {
            if let Some(ending) = ENDINGS.iter().find(|ending| word.strip_suffix(**ending).is_some_and(|stem| vocabulary.is_like(stem))) {
                *counts.entry(ending).or_default() += 1;
            }
        }
    }
    counts.into_iter().filter(|(ending, count)| *count >= HABITUAL && *ending != "name").map(|(ending, _)| ending).collect()
}

/// The words of tables' names.
struct Vocabulary<'w> {
    words: BTreeSet<&'w str>,
    /// What was asked before: the same stems stand in many columns.
    known: RefCell<HashMap<String, bool>>,
}

impl<'w> Vocabulary<'w> {
    fn of(tables: &'w [Vec<String>]) -> Self {
        Self { words: tables.iter().flatten().map(String::as_str).collect(), known: RefCell::default() }
    }

    /// Some table may be meant.
    fn is_like(&self, stem: &str) -> bool {
        if stem.len() < 3 || !stem.is_ascii() {
            return false;
        }
        if let Some(known) = self.known.borrow().get(stem) {
            return *known;
        }
        let alike = |known: &&str| known.starts_with(stem) || names::similarity(&[stem.to_owned()], &[(*known).to_owned()]) >= 0.6;
        let is_like = self.words.iter().any(alike);
        self.known.borrow_mut().insert(stem.to_owned(), is_like);
        is_like
    }
}
