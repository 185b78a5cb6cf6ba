//! Rows as a person reads them: columns side by side, numbers to the right, the heading set off on a terminal.

use std::io;

use console::{Alignment, measure_text_width, pad_str, style};

use super::out;

/// Prints a heading and its rows. `right` says which columns hold numbers.
pub fn print(heading: &[String], rows: &[Vec<String>], right: &[bool]) -> io::Result<()> {
    let widths = widths(heading, rows);
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
            let side = if right.get(at) == Some(&true) { Alignment::Right } else { Alignment::Left };
            pad_str(cell, *width, side, None).into_owned()
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    out::line(style(line(heading)).bold().to_string())?;
    rows.iter().try_for_each(|row| out::line(line(row)))
}

fn widths(heading: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let of_column = |at: usize, name: &String| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| measure_text_width(cell));
        cells.chain([measure_text_width(name)]).max().unwrap_or(0)
    };
    heading.iter().enumerate().map(|(at, name)| of_column(at, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell() {
        let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(widths(&text(&["a", "name"]), &[text(&["100", "ü"]), text(&["1"])]), [3, 4]);
    }
}
