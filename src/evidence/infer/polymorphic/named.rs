//! Which tables a text names: `Order`, `customers`, `App\Models\Product`, `order_item`. Several may be meant; the data tells which.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::super::super::names::{self, similarity};
use super::super::naming::Naming;
use super::super::subject::Subject;

/// A text that is less like a table's name does not name it.
const LEAST: f64 = 0.6;

/// Tables that are as good as the best but for so little may be meant as well.
const NEARLY: f64 = 0.05;
const MOST_MEANT: usize = 4;

/// Letters of the shortest text that may be an abbreviation.
const SHORTEST: usize = 3;

/// A copy is meant where nothing else is.
const COPY: f64 = 0.1;

/// Signs between the parts of the name of a class or a path.
const BETWEEN: [char; 5] = ['\\', '/', '.', ':', '#'];

/// A table that a text may name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meant {
    pub table: usize,
    pub likeness: f64,
}

/// The tables by their names.
pub struct Named {
    tables: Vec<TableNames>,
    by_letter: HashMap<char, BTreeSet<usize>>,
    /// What was asked before: many columns hold the same words.
    known: RefCell<HashMap<String, Vec<Meant>>>,
}

struct TableNames {
    /// With what most tables begin with, and without it.
    forms: [Form; 2],
    is_copy: bool,
}

/// A name by its words.
struct Form {
    words: Vec<String>,
    in_order: Vec<String>,
    whole: String,
}

impl Form {
    fn of(words: Vec<String>) -> Self {
        let mut in_order = words.clone();
        in_order.sort_unstable();
        Self { in_order, whole: words.concat(), words }
    }

    /// What its first and its last word begin with.
    fn letters(&self) -> impl Iterator<Item = char> {
        self.words.first().into_iter().chain(self.words.last()).filter_map(|word| word.chars().next())
    }
}

impl Named {
    pub fn of(subjects: &[Subject<'_>], naming: &Naming) -> Self {
        let names = |(at, subject): (usize, &Subject<'_>)| TableNames {
            forms: [names::words(&subject.table.name), naming.table_words(at).to_vec()].map(Form::of),
            is_copy: naming.is_copy(at),
        };
        let tables: Vec<TableNames> = subjects.iter().enumerate().map(names).collect();
        let mut by_letter: HashMap<char, BTreeSet<usize>> = HashMap::new();
        for (at, table) in tables.iter().enumerate() {
            for letter in table.forms.iter().flat_map(Form::letters) {
                by_letter.entry(letter).or_default().insert(at);
            }
        }
        Self { tables, by_letter, known: RefCell::default() }
    }

    /// The likeliest first.
    pub fn meant_by(&self, text: &str) -> Vec<Meant> {
        if let Some(known) = self.known.borrow().get(text) {
            return known.clone();
        }
        let found = self.find(text);
        self.known.borrow_mut().insert(text.to_owned(), found.clone());
        found
    }

    fn find(&self, text: &str) -> Vec<Meant> {
        let forms = forms(text);
        let near: BTreeSet<usize> =
            forms.iter().flat_map(Form::letters).filter_map(|letter| self.by_letter.get(&letter)).flatten().copied().collect();
        let likeness = |table: &TableNames| {
            let pairs = forms.iter().flat_map(|form| table.forms.iter().map(move |other| likeness(form, other)));
            pairs.fold(0.0, f64::max) - if table.is_copy { COPY } else { 0.0 }
        };
        let mut meant: Vec<Meant> = near
            .into_iter()
            .map(|table| Meant { table, likeness: likeness(&self.tables[table]) })
            .filter(|one| one.likeness >= LEAST)
            .collect();
        meant.sort_by(|left, right| right.likeness.total_cmp(&left.likeness).then(left.table.cmp(&right.table)));
        let best = meant.first().map_or(0.0, |one| one.likeness);
        meant.retain(|one| one.likeness >= best - NEARLY);
        meant.truncate(MOST_MEANT);
        meant
    }
}

/// The words of the last part, and those of all parts.
fn forms(text: &str) -> Vec<Form> {
    let last = text.split(BETWEEN).map(str::trim).rfind(|part| !part.is_empty()).unwrap_or_default();
    let mut forms = vec![names::words(last), names::words(text)];
    forms.dedup();
    forms.retain(|words| !words.is_empty());
    forms.into_iter().map(Form::of).collect()
}

fn likeness(text: &Form, table: &Form) -> f64 {
    let ([.., head], [.., table_head]) = (text.words.as_slice(), table.words.as_slice()) else { return 0.0 };
    // Some languages put the words in another order than the program.
    if text.whole == table.whole || text.in_order == table.in_order {
        return 1.0;
    }
    if text.whole.chars().count() < SHORTEST {
        return 0.0;
    }
    // Two words that a table's name has written into one, and cut.
    if let ([_, _, ..], [only]) = (text.words.as_slice(), table.words.as_slice())
        && !text.words.contains(only)
    {
        return similarity(std::slice::from_ref(&text.whole), &table.words);
    }
    // The last word says what it is: an order is no item of an order. Most words are told apart by their first letter already.
    let is_head = head.chars().next() == table_head.chars().next()
        && similarity(std::slice::from_ref(head), std::slice::from_ref(table_head)) >= LEAST;
    if is_head { similarity(&text.words, &table.words) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_like_the_table_that_a_person_would_take() {
        let like = |text: &str, table: &str| {
            let table = Form::of(names::words(table));
            forms(text).iter().map(|form| likeness(form, &table)).fold(0.0, f64::max)
        };
        for (text, table) in [
            ("Order", "orders"),
            ("customers", "customer"),
            ("App\\Models\\Product", "products"),
            ("order_item", "OrderItems"),
            ("Shop::OrderItem", "shop_order_items"),
            ("public.invoices", "Invoice"),
            ("cell_outage", "OUTAGE_CELL"),
        ] {
            assert!(like(text, table) > 0.99, "{text} names {table}: {}", like(text, table));
        }
        for (text, table) in [("employee", "emp"), ("order_item", "ORDEITEM"), ("product", "prdc")] {
            assert!(like(text, table) >= LEAST, "{text} may name {table}: {}", like(text, table));
        }
        for (text, table) in [("order", "order_items"), ("cu", "customers"), ("paid", "orders"), ("", "orders")] {
            assert!(like(text, table) < LEAST, "{text} does not name {table}: {}", like(text, table));
        }
    }
}
