//! What goes wrong in references over the years: rows that are gone, words for "none", numbers kept as text.

use std::collections::HashSet;

use super::Value;
use super::design::Design;
use super::domain::Presence;
use super::fill::Filled;
use super::numbers::uuid;
use super::random::Random;

/// What one reference suffers from.
#[derive(Clone, Debug, Default)]
pub struct Dirt {
    /// At most this share of its values leads nowhere, sentinels and orphans together.
    pub stray_share: f64,
    pub has_orphans: bool,
    pub has_sentinels: bool,
    /// Kept as text although the parent has numbers.
    pub as_text: bool,
}

/// By table and link.
pub fn spoil(design: &Design, filled: &mut Filled, random: &mut Random) -> Vec<Vec<Dirt>> {
    let (orphans, sentinels, texts) = (random.chance(0.5), random.chance(0.35), random.chance(0.12));
    let mut dirt: Vec<Vec<Dirt>> = design.tables.iter().map(|table| vec![Dirt::default(); table.links.len()]).collect();
    for (table, of_table) in dirt.iter_mut().enumerate() {
        for (at, link) in design.tables[table].links.iter().enumerate() {
            let columns = design.link_columns(table, at);
            if link.in_key || link.along.is_some() || filled.rows[table] == 0 {
                continue;
            }
            let of = &mut of_table[at];
            let target = design.target_columns(link);
            let known: HashSet<String> = filled.cells[link.parent][target[target.len() - 1]].iter().map(Value::text).collect();
            if orphans && !known.is_empty() && random.chance(0.35) {
                let share = 0.001 + 0.049 * random.unit();
                let last = &mut filled.cells[table][columns[columns.len() - 1]];
                of.has_orphans = lose(last, share, &known, random);
                of.stray_share += if of.has_orphans { 0.05 } else { 0.0 };
            }
            if sentinels && columns.len() == 1 && link.presence == Presence::Often && random.chance(0.5) {
                let cells = &mut filled.cells[table][columns[0]];
                let share = say_none(cells, &known, random);
                of.has_sentinels = share > 0.0;
                of.stray_share += share;
            }
            let mut parts = target.iter().flat_map(|column| filled.cells[link.parent][*column].first());
            if texts && parts.all(|value| matches!(value, Value::Integer(_))) && random.chance(0.4) {
                of.as_text = true;
                for column in columns {
                    filled.cells[table][column].iter_mut().for_each(as_text);
                }
            }
        }
    }
    dirt
}

pub fn as_text(value: &mut Value) {
    if !matches!(value, Value::Null) {
        *value = Value::Text(value.text());
    }
}

/// Some values are those of rows that were deleted. At most five in a hundred, so that small tables stay whole.
fn lose(cells: &mut [Value], share: f64, known: &HashSet<String>, random: &mut Random) -> bool {
    let present: Vec<usize> = (0..cells.len()).filter(|at| cells[*at] != Value::Null).collect();
    let highest = cells.iter().filter_map(|value| if let Value::Integer(number) = value { Some(*number) } else { None }).max();
    let wanted = (present.len() as f64 * share).ceil() as usize;
    if wanted as f64 > present.len() as f64 * 0.05 {
        return false;
    }
    for _ in 0..wanted {
        let at = *random.pick(&present);
        let gone = |random: &mut Random| match (&cells[at], highest) {
            (Value::Integer(_), Some(highest)) => Value::Integer(random.between(1, highest + 40)),
            (Value::Text(text), _) if text.len() == 36 => Value::Text(uuid(random)),
            (Value::Text(text), _) => {
                let kept: String = text.chars().take(text.chars().count().saturating_sub(2)).collect();
                Value::Text(format!("{kept}{}", random.letters(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2)))
            }
            (other, _) => other.clone(),
        };
        let lost = (0..40).map(|_| gone(random)).find(|value| !known.contains(&value.text()));
        cells[at] = lost.unwrap_or(Value::Null);
    }
    wanted > 0
}

/// Writes a word or a number in place of NULL; the share of values that it then is.
fn say_none(cells: &mut [Value], known: &HashSet<String>, random: &mut Random) -> f64 {
    let is_number = cells.iter().any(|value| matches!(value, Value::Integer(_)));
    let numbers = [0, -1, 9999, 0].map(Value::Integer);
    let texts = ["", "N/A", "0", "-", "none"].map(|text| Value::Text(text.to_owned()));
    let sentinel = if is_number { random.pick(&numbers).clone() } else { random.pick(&texts).clone() };
    // Beyond half of the rows nobody could say what the column refers to.
    let empty = cells.iter().filter(|value| **value == Value::Null).count();
    if known.contains(&sentinel.text()) || empty == 0 || empty * 2 > cells.len() {
        return 0.0;
    }
    let mut said = 0;
    for cell in cells.iter_mut().filter(|value| **value == Value::Null) {
        if random.chance(0.9) {
            *cell = sentinel.clone();
            said += 1;
        }
    }
    let present = cells.iter().filter(|value| **value != Value::Null).count();
    said as f64 / present.max(1) as f64
}
