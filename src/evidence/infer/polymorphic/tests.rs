//! Pairs of a name and a key in small tables: what stands, what does not, and what becomes of plain references.

use super::*;
use crate::domain::{Column, ForeignKey, Table};
use crate::evidence::infer::{FirstRows, Inference, rows};
use crate::evidence::{ColumnSketch, Precision};

/// Columns by their names, and rows of them: digits are numbers, nothing is NULL.
struct Made {
    name: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

fn made(name: &'static str, columns: &'static [&'static str], rows: impl Iterator<Item = Vec<String>>) -> Made {
    Made { name, columns, rows: rows.collect() }
}

/// `from` to `until`, each with a text.
fn numbered(name: &'static str, from: u32, until: u32) -> Made {
    made(name, &["id", "title"], (from..=until).map(|id| vec![id.to_string(), format!("{name} number {id}")]))
}

fn cell(text: &str) -> Cell<'_> {
    match text.parse::<i64>() {
        _ if text.is_empty() => Cell::Null,
        Ok(number) => Cell::Integer(number),
        Err(_) => Cell::Text(text.as_bytes().into()),
    }
}

fn tables(made: &[Made]) -> Vec<Table> {
    let column = |made: &Made, at: usize| {
        let is_number = made.rows.iter().all(|row| matches!(cell(&row[at]), Cell::Integer(_) | Cell::Null));
        Column { name: made.columns[at].to_owned(), r#type: if is_number { "integer" } else { "text" }.to_owned(), ..Column::default() }
    };
    let table = |made: &Made| Table {
        schema: "main".to_owned(),
        name: made.name.to_owned(),
        columns: (0..made.columns.len()).map(|at| column(made, at)).collect(),
        ..Table::default()
    };
    made.iter().map(table).collect()
}

/// The inference, and how many pairs were asked about.
fn infer(made: &[Made], tables: &[Table]) -> (Inference, usize) {
    let subjects = tables.iter().zip(made).map(|(table, made)| {
        let precision = Precision::of_columns(table.columns.len());
        let mut sketches: Vec<ColumnSketch> = table.columns.iter().map(|column| ColumnSketch::new(&column.r#type, precision)).collect();
        let mut first = FirstRows::new(table.columns.len());
        for row in &made.rows {
            let cells: Vec<Cell<'_>> = row.iter().map(|text| cell(text)).collect();
            sketches.iter_mut().zip(&cells).for_each(|(sketch, cell)| sketch.add(cell));
            first.add(&cells);
        }
        let traits = sketches.iter().map(ColumnSketch::traits).collect();
        Subject { table, traits, first, rows: made.rows.len() as u64, complete: true }
    });
    let mut study = Study::begin(subjects.collect(), Declared::Heeded);
    study.learn_values([]);
    let asked = study.pair_questions();
    let count = asked.len();
    let answers = asked.into_iter().map(|question| {
        let mut beside = question.unanswered();
        for row in &made[question.table].rows {
            beside.add(rows::digest(&cell(&row[question.type_column])), rows::digest(&cell(&row[question.id_column])));
        }
        (question, beside)
    });
    study.learn_pairs(answers.collect());
    (study.conclude(), count)
}

/// `type/id: value -> table.column`, a line for each value.
fn pairs(inference: &Inference) -> Vec<String> {
    let line = |pair: &InferredPolymorphic, target: &PolymorphicTarget| {
        format!("{}/{}: {} -> {}.{}", pair.type_column, pair.id_column, target.value, target.parent_table, target.parent_column)
    };
    inference.polymorphic.iter().flat_map(|pair| pair.targets.iter().map(move |target| line(pair, target))).collect()
}

fn standing(inference: &Inference) -> Vec<String> {
    let standing = inference.references.iter().filter(|reference| reference.rejected.is_none());
    standing
        .map(|reference| format!("{}.{}->{}", reference.child_table, reference.child_columns.join(","), reference.parent_table))
        .collect()
}

/// Orders, customers, products and items of orders, and comments on them; what is commented is called as each row says.
fn shop(names: [&'static str; 4], comments: u32, id: impl Fn(u32, u32) -> u32) -> Vec<Made> {
    let keys = [(1, 400), (1, 90), (1_000, 1_200), (1, 700)];
    let comment = move |at: u32| {
        let kind = (at * 7 + at / 3) % 4;
        let (from, until) = keys[kind as usize];
        let to = id(at, from + at * 37 % (until - from + 1));
        vec![at.to_string(), names[kind as usize].to_owned(), to.to_string(), format!("a few words about number {at}")]
    };
    vec![
        numbered("orders", keys[0].0, keys[0].1),
        numbered("customers", keys[1].0, keys[1].1),
        numbered("products", keys[2].0, keys[2].1),
        numbered("order_items", keys[3].0, keys[3].1),
        made("comments", &["id", "commentable_type", "commentable_id", "body"], (1..=comments).map(comment)),
    ]
}

const NAMES: [&str; 4] = ["Order", "customers", "App\\Models\\Product", "order_item"];

#[test]
fn a_column_that_names_tables_and_one_of_their_keys_are_a_pair_and_no_plain_reference() {
    let made = shop(NAMES, 900, |_, id| id);
    let tables = tables(&made);
    let (inference, asked) = infer(&made, &tables);
    let mut found = pairs(&inference);
    found.sort();
    let expected = [
        "commentable_type/commentable_id: App\\Models\\Product -> products.id",
        "commentable_type/commentable_id: Order -> orders.id",
        "commentable_type/commentable_id: customers -> customers.id",
        "commentable_type/commentable_id: order_item -> order_items.id",
    ];
    assert_eq!(found, expected, "{:#?}", inference.polymorphic);
    assert_eq!(asked, 0, "the first rows are all rows");
    let pair = &inference.polymorphic[0];
    assert!(pair.confidence > 0.95 && pair.unknown_values.is_empty() && pair.targets.iter().all(|target| target.missing == 0), "{pair:#?}");
    let turned: Vec<Made> = made.into_iter().rev().collect();
    let (again, _) = infer(&turned, &self::tables(&turned));
    assert_eq!(again.polymorphic, inference.polymorphic, "the order of tables changes nothing");
}

#[test]
fn what_refers_to_one_table_or_another_refers_to_none_of_them_alone() {
    let comment = |at: u32| {
        let kind = if at.is_multiple_of(2) { "order" } else { "notice" };
        vec![at.to_string(), kind.to_owned(), (at * 37 % 300 + 1).to_string()]
    };
    let comments = || made("comments", &["id", "object_type", "object_id"], (1..=900).map(comment));
    let with = |comments: Made| vec![numbered("orders", 1, 300), numbered("notices", 1, 300), comments];
    let made = with(comments());
    let (inference, _) = infer(&made, &tables(&made));
    assert_eq!((pairs(&inference).len(), standing(&inference)), (2, Vec::new()), "{:#?}", inference.polymorphic);
    let of_key = inference.references.iter().filter(|reference| reference.child_columns == ["object_id"]);
    let why: BTreeSet<Option<&str>> = of_key.map(|reference| reference.rejected.as_deref()).collect();
    assert_eq!(why, BTreeSet::from([Some("refers to one table or another, as `object_type` says")]));

    // Without the names one of the two would be taken.
    let mut made = with(comments());
    made[2].rows.iter_mut().for_each(|row| "thing".clone_into(&mut row[1]));
    let (inference, _) = infer(&made, &tables(&made));
    assert_eq!((pairs(&inference).len(), standing(&inference).len()), (0, 1), "{:?}", standing(&inference));
}

#[test]
fn rows_that_lead_nowhere_are_told_and_lose_nothing() {
    // Of many comments, so that the rows are read once more; some are of what is gone, some of what has no table.
    let mut made = shop(NAMES, 3_000, |at, id| if at.is_multiple_of(53) { id + 5_000 } else { id });
    for row in made[4].rows.iter_mut().step_by(40) {
        "weather".clone_into(&mut row[1]);
    }
    let tables = tables(&made);
    let (inference, asked) = infer(&made, &tables);
    assert_eq!((asked, pairs(&inference).len()), (1, 4), "{:#?}", inference.polymorphic);
    let pair = &inference.polymorphic[0];
    assert_eq!(pair.unknown_values, ["weather"]);
    assert!(pair.confidence > 0.9 && pair.targets.iter().any(|target| target.missing > 0), "{pair:#?}");
    assert!(pair.signals.iter().any(|signal| signal.name == "containment" && signal.says.contains("are not found")), "{pair:#?}");
}

#[test]
fn keys_that_are_not_in_the_tables_that_are_named_make_no_pair() {
    let made = shop(NAMES, 900, |_, id| id + 9_000);
    let (inference, _) = infer(&made, &tables(&made));
    assert_eq!(pairs(&inference), [""; 0]);
    // Each is in one of the tables, and in another than the one that is named.
    let made = shop(["customers", "App\\Models\\Product", "order_item", "Order"], 900, |_, id| id);
    let (inference, _) = infer(&made, &tables(&made));
    assert_eq!(pairs(&inference), [""; 0]);
    let made = shop(["new", "open", "paid", "gone"], 900, |_, id| id);
    let (inference, _) = infer(&made, &tables(&made));
    assert_eq!(pairs(&inference), [""; 0]);
}

#[test]
fn a_reference_beside_a_word_that_happens_to_be_a_table_stays_plain() {
    let payment = |at: u32| {
        let method = if at.is_multiple_of(3) { "card" } else { "voucher" };
        vec![at.to_string(), method.to_owned(), (at * 37 % 400 + 1).to_string(), (at * 11 % 40).to_string()]
    };
    let made = vec![
        numbered("orders", 1, 400),
        numbered("cards", 1, 600),
        numbered("vouchers", 1, 500),
        made("payments", &["id", "method", "order_id", "parts"], (1..=700).map(payment)),
    ];
    let (inference, _) = infer(&made, &tables(&made));
    assert_eq!(pairs(&inference), [""; 0], "{:#?}", inference.polymorphic);
    assert_eq!(standing(&inference), ["payments.order_id->orders"]);
}

#[test]
fn of_two_columns_of_numbers_the_one_that_follows_the_names_is_taken() {
    let keys = [(1, 400), (1, 90), (1_000, 1_200), (1, 700)];
    let change = |at: u32| {
        let kind = (at * 7 + at / 3) % 4;
        let (from, until) = keys[kind as usize];
        vec![
            at.to_string(),
            NAMES[kind as usize].to_owned(),
            (at * 11 % 60 + 1).to_string(),
            (from + at * 37 % (until - from + 1)).to_string(),
        ]
    };
    let mut made = shop(NAMES, 0, |_, id| id);
    made[4] = self::made("changes", &["id", "table_name", "actor_id", "record_id"], (1..=900).map(change));
    let (inference, _) = infer(&made, &tables(&made));
    let of_record = pairs(&inference).iter().filter(|line| line.starts_with("table_name/record_id: ")).count();
    assert_eq!((of_record, pairs(&inference).len()), (4, 4), "{:#?}", inference.polymorphic);
}

#[test]
fn what_is_declared_to_refer_to_one_table_does() {
    let made = shop(NAMES, 900, |_, id| id);
    let mut tables = tables(&made);
    tables[4].foreign_keys.push(ForeignKey {
        columns: vec!["commentable_id".to_owned()],
        to_schema: "main".to_owned(),
        to_table: "orders".to_owned(),
        to_columns: vec!["id".to_owned()],
        ..ForeignKey::default()
    });
    let (inference, _) = infer(&made, &tables);
    assert_eq!(pairs(&inference), [""; 0]);
    assert!(standing(&inference).contains(&"comments.commentable_id->orders".to_owned()), "{:?}", standing(&inference));
}
