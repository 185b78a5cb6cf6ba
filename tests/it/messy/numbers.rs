//! The numbers, codes and UUIDs that databases hand out to their rows.

use super::Value;
use super::random::Random;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbering {
    /// 1 to n in every table.
    Serial,
    /// Rows were deleted.
    Gaps,
    /// Each table begins elsewhere.
    Offset,
    /// One sequence for all tables, so no two rows share a number.
    Shared,
    Uuid,
    /// `C-00017`.
    Text,
    /// Each table as it likes.
    Mixed,
}

const ALL: [Numbering; 7] =
    [Numbering::Serial, Numbering::Gaps, Numbering::Offset, Numbering::Shared, Numbering::Uuid, Numbering::Text, Numbering::Mixed];

pub fn draw(random: &mut Random) -> Numbering {
    ALL[random.weighted(&[42, 16, 10, 7, 8, 8, 9])]
}

impl Numbering {
    pub fn label(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Gaps => "gaps",
            Self::Offset => "offset",
            Self::Shared => "shared sequence",
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Mixed => "mixed",
        }
    }

    /// Keys of a table's rows, all different. `given` is how many were handed out to other tables before.
    pub fn hand_out(self, rows: usize, given: usize, table: &str, random: &mut Random) -> Vec<Value> {
        let numbers = |start: i64, step: i64| (0..rows as i64).map(|row| Value::Integer(start + row * step)).collect();
        match self {
            Self::Serial => numbers(1, 1),
            Self::Offset => numbers(random.between(1, 90) * 1000 + 1, *random.pick(&[1, 1, 1, 10])),
            Self::Shared => numbers(given as i64 + 1, 1),
            Self::Gaps => {
                let share = 0.02 + 0.3 * random.unit();
                let mut last = 0;
                let mut next = || {
                    last += 1;
                    while random.chance(share) {
                        last += 1;
                    }
                    Value::Integer(last)
                };
                (0..rows).map(|_| next()).collect()
            }
            Self::Uuid => (0..rows).map(|_| Value::Text(uuid(random))).collect(),
            Self::Text => {
                let mark: String = table.chars().take(1 + random.below(2)).collect::<String>().to_uppercase();
                (0..rows).map(|row| Value::Text(format!("{mark}{:05}", row + 1))).collect()
            }
            Self::Mixed => {
                let own = ALL[random.weighted(&[5, 3, 2, 1, 1, 2, 0])];
                own.hand_out(rows, given, table, random)
            }
        }
    }
}

pub fn uuid(random: &mut Random) -> String {
    let hex = random.letters(b"0123456789abcdef", 30);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
}
