//! What a sketch tells of whole columns.

use std::borrow::Cow;

use serde_json::json;

use super::*;
use crate::domain::Cell;

fn text(text: &str) -> Cell<'_> {
    Cell::Text(Cow::Borrowed(text.as_bytes()))
}

fn of<'a>(r#type: &str, cells: impl IntoIterator<Item = Cell<'a>>) -> ColumnSketch {
    let mut sketch = ColumnSketch::new(r#type, Precision::of_columns(1));
    cells.into_iter().for_each(|cell| sketch.add(&cell));
    sketch
}

fn types(figures: &ColumnFigures) -> Vec<&str> {
    figures.semantic_types.iter().map(|found| found.r#type.as_str()).collect()
}

#[test]
fn figures_of_a_small_column_are_exact() {
    let figures = of("integer", [Cell::Integer(3), Cell::Null, Cell::Integer(1), Cell::Integer(3)]).figures("n", 5);
    assert_eq!((figures.rows, figures.nulls, figures.null_share, figures.distinct), (4, 1, 0.25, 2));
    assert_eq!((figures.distinct_exact, figures.all_different, figures.top_values_missed), (true, Some(false), 0));
    assert_eq!((figures.min, figures.max, figures.mean), (Some(json!(1)), Some(json!(3)), Some(2.333_333_333_33)));
    assert_eq!((figures.top_values[0].value.clone(), figures.top_values[0].count), (json!(3), 2));
    let nothing = of("text", []).figures("x", 5);
    assert_eq!((nothing.rows, nothing.distinct, nothing.all_different, nothing.quality.len()), (0, 0, Some(true), 0));
    let nulls = of("text", vec![Cell::Null; 9]).figures("x", 5);
    assert_eq!(nulls.quality, ["no row has a value"]);
}

#[test]
fn rising_values_are_known_to_be_different_however_many_there_are() {
    let rising = of("integer", (0..40_000).map(Cell::Integer)).figures("id", 0);
    assert_eq!((rising.distinct, rising.distinct_exact, rising.all_different), (40_000, true, Some(true)));
    let mixed = of("integer", (0..40_000).map(|at| Cell::Integer(at * 7_919 % 40_009))).figures("id", 0);
    assert!(!mixed.distinct_exact && mixed.distinct_error.is_some() && mixed.distinct.abs_diff(40_000) < 1_600, "{mixed:?}");
    assert_eq!(mixed.all_different, None, "an estimate proves nothing");
    let twice = of("integer", (0..40_000).map(|at| Cell::Integer(at / 2))).figures("id", 0);
    assert!(twice.all_different == Some(false) && !twice.distinct_exact, "{twice:?}");
}

#[test]
fn a_number_has_one_digest_whatever_it_comes_as() {
    let numbers = of("integer", (0..500).map(Cell::Integer));
    let floats = of("float", (0..500).map(|number| Cell::Float(f64::from(number))));
    let words: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let texts = of("text", words.iter().map(|word| text(word)));
    let padded: Vec<String> = (0..500).map(|number| format!("{number:04}")).collect();
    let codes = of("text", padded.iter().map(|word| text(word)));
    for (other, share) in [(&floats, 1.0), (&texts, 1.0), (&codes, 0.0)] {
        assert_eq!(overlap(other.distinct(), numbers.distinct(), usize::MAX).map(|found| found.share()), Some(share));
    }
}

#[test]
fn memory_is_bounded_whatever_the_values_are() {
    let long = "é".repeat(5_000);
    let cells = (0..60_000_u32).map(|at| at.wrapping_mul(2_654_435_761)).map(|at| match at % 4 {
        0 => Cell::Text(Cow::Owned(format!("{at} {long}").into_bytes())),
        1 => Cell::Text(Cow::Owned(format!("{:04}-{:02}-{:02} {:02}:00", at % 9_000, at % 12 + 1, at % 28 + 1, at % 24).into_bytes())),
        2 => Cell::Float(f64::from(at)),
        _ => Cell::Blob(Cow::Owned(at.to_le_bytes().repeat(100))),
    });
    let sketch = of("timestamp", cells);
    assert!(sketch.bytes() < MOST_BYTES, "{}", sketch.bytes());
    assert!(sketch.bytes() > 150_000, "the sum counts what is there: {}", sketch.bytes());
    assert!(serde_json::to_vec(&sketch.figures("x", 100)).unwrap().len() < 40_000);
}

#[test]
fn what_the_values_are_is_told_with_the_share() {
    let mails: Vec<String> = (0..1_000).map(|at| if at % 10 == 0 { "none".to_owned() } else { format!("m{at}@x.org") }).collect();
    let figures = of("text", mails.iter().map(|mail| text(mail))).figures("contact", 3);
    let found = &figures.semantic_types[0];
    assert!(found.r#type == "email" && (0.84..0.96).contains(&found.share) && found.of == 512, "{found:?}");
    assert_eq!((&figures.patterns[0].value, figures.patterns[0].count), (&json!("a999@a.a"), 810));
    assert_eq!(figures.quality, ["`none`, perhaps for a missing value: 100 rows"]);

    let figures = of("text", ["0012", "0400", "7001"].repeat(50).into_iter().map(text)).figures("branch", 3);
    assert!(types(&figures).contains(&"leading_zeros") && types(&figures).contains(&"category"), "{figures:?}");
    let figures = of("text", ["2026-01-31", "31.01.2026", "2026-02-01"].into_iter().map(text)).figures("day", 3);
    assert_eq!(figures.quality, ["dates are written in 2 ways: `YYYY-MM-DD`, `DD.MM.YYYY`"]);
    let figures = of("float", [50.85, -33.9, 4.3].map(Cell::Float)).figures("lat", 3);
    assert_eq!(types(&figures), ["latitude"]);
    assert!(types(&of("float", [50.85, -33.9, 4.3].map(Cell::Float)).figures("x", 3)).is_empty());
}

#[test]
fn odd_values_are_counted_and_harm_nothing() {
    let odd = [
        Cell::Float(f64::NAN),
        Cell::Float(f64::INFINITY),
        Cell::Float(1.5),
        Cell::Integer(-1),
        Cell::Digits("123456789012345678901234567890.5"),
    ];
    let figures = of("decimal", odd).figures("x", 9);
    assert_eq!((figures.min, figures.max), (Some(json!(-1)), Some(json!("123456789012345678901234567890.5"))));
    assert_eq!((figures.distinct, figures.quality.len()), (5, 3));

    let dates = ["2026-01-01", "0000-00-00", "0044-03-15 BC", "infinity", "9999-12-31", "2026-01-03"];
    let figures = of("date", dates.into_iter().map(text)).figures("d", 9);
    assert_eq!((figures.min, figures.max), (Some(json!("0044-03-15 BC")), Some(json!("9999-12-31"))));
    assert!(figures.quality.contains(&"no day of a calendar: 2 rows".to_owned()), "{:?}", figures.quality);
    assert_eq!(figures.quality.len(), 4);

    let broken = of("text", [Cell::Text(Cow::Borrowed(b"caf\xe9")), text(" x "), text(""), Cell::Integer(4)]).figures("t", 9);
    assert_eq!((broken.empty, broken.max.clone()), (1, Some(json!("caf\u{fffd}"))));
    assert!(broken.quality.iter().any(|said| said == "not UTF-8: 1 rows") && broken.quality.len() == 3, "{:?}", broken.quality);
    let blob = of("blob", [Cell::Blob(Cow::Borrowed(&[0, 255])), Cell::Blob(Cow::Borrowed(&[]))]).figures("b", 9);
    assert_eq!((blob.min, blob.max_length, blob.distinct), (None, Some(2), 2));
}
