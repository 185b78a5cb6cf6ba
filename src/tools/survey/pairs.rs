//! Reads columns of names beside columns of keys once more, for which keys stand beside which name.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use futures::{StreamExt, TryStreamExt};

use super::reading::Reader;
use crate::domain::{Cell, Table};
use crate::evidence::infer::polymorphic::{Beside, PairQuestion};
use crate::evidence::infer::rows;
use crate::tools::port::Failure;

/// Each table that is asked about is read once; what could not be read to its end is left out.
pub async fn answers(reader: &Reader<'_>, tables: &[&Table], asked: Vec<PairQuestion>) -> Result<Vec<(PairQuestion, Beside)>, Failure> {
    let mut by_table: BTreeMap<usize, Vec<PairQuestion>> = BTreeMap::new();
    for question in asked {
        by_table.entry(question.table).or_default().push(question);
    }
    let reading = by_table.into_iter().map(|(table, questions)| of_table(reader, tables[table], questions));
    let answered: Vec<Vec<(PairQuestion, Beside)>> = futures::stream::iter(reading).buffered(reader.at_once()).try_collect().await?;
    Ok(answered.into_iter().flatten().collect())
}

async fn of_table(reader: &Reader<'_>, table: &Table, questions: Vec<PairQuestion>) -> Result<Vec<(PairQuestion, Beside)>, Failure> {
    let mut columns: Vec<usize> = questions.iter().flat_map(|question| [question.type_column, question.id_column]).collect();
    columns.sort_unstable();
    columns.dedup();
    let place = |column: usize| columns.binary_search(&column).expect("is among the columns of all questions");
    let mut answers: Vec<(usize, usize, Beside)> =
        questions.iter().map(|question| (place(question.type_column), place(question.id_column), question.unanswered())).collect();
    let mut take = |cells: &[Cell<'_>]| {
        answers.iter_mut().for_each(|(types, ids, beside)| beside.add(rows::digest(&cells[*types]), rows::digest(&cells[*ids])));
        ControlFlow::Continue(())
    };
    let complete = reader.pass(table, &columns, &mut take).await?;
    let answers = answers.into_iter().map(|(_, _, beside)| beside);
    // What is found in some rows says nothing of all of them.
    Ok(if complete { questions.into_iter().zip(answers).collect() } else { Vec::new() })
}
