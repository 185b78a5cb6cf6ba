//! Texts by chance: none ends the guard, and no disguise of a write gets it through.

use fathom::source::Dialect;
use fathom::source::guard::{Fragment, check, check_fragment};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::corpus::{reads, writes};

const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mysql];

/// What many texts are made of, also the odd ones.
const PIECES: &[&str] = &[
    "select", "from", "where", "with", "as", "(", ")", ",", ";", "'", "\"", "`", "[", "]", "$$", "$a$", "--", "/*", "*/", "#", "\\", "e'",
    "u&\"", "x'", "1", "1.", ".5e", "0x", "@", "@@a", ":", "::", ":=", "->>", "*", ".", "case", "when", "end", "interval", "over",
    "filter", "for", "in", "not", "is", "explain", "show", "pragma", "values", "table", "t", "ä", "\u{2028}", "\n", "\r", "\0", "{", "}",
    "cast", "array", "between",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_ends_the_guard(text in any::<String>(), pieces in prop::collection::vec(select(PIECES), 0..40)) {
        for dialect in DIALECTS {
            for text in [text.clone(), pieces.join(" "), pieces.concat()] {
                let _ = check(dialect, &text);
                let _ = check_fragment(dialect, Fragment::Condition, &text);
                let _ = check_fragment(dialect, Fragment::Ordering, &text);
            }
        }
    }

    #[test]
    fn no_part_of_a_read_ends_the_guard(which in any::<Index>(), from in any::<Index>(), to in any::<Index>(), piece in select(PIECES)) {
        for dialect in DIALECTS {
            let reads = reads(dialect);
            let letters: Vec<char> = which.get(&reads).chars().collect();
            let (from, to) = (from.index(letters.len()), to.index(letters.len()));
            let (first, second) = (from.min(to), from.max(to));
            let cut: String = letters[first..second].iter().collect();
            let put = format!("{}{piece}{}", letters[..first].iter().collect::<String>(), letters[second..].iter().collect::<String>());
            let _ = (check(dialect, &cut), check(dialect, &put));
        }
    }

    #[test]
    fn a_write_stays_refused_in_any_disguise(which in any::<Index>(), seed in any::<u64>(), around in 0..7_usize) {
        for dialect in DIALECTS {
            let writes = writes(dialect);
            let sql: &String = which.get(&writes);
            let disguised = disguised(sql, seed, dialect);
            let text = match around {
                0 => disguised,
                1 => format!("/* select 1 */ {disguised}"),
                2 => format!("-- select 1\n{disguised}"),
                3 => format!("({disguised})"),
                4 => format!("select * from ({disguised}) x"),
                5 => format!("with x as ({disguised}) select 1"),
                _ => format!("select 1; {disguised}"),
            };
            prop_assert!(check(dialect, &text).is_err(), "{:?} let through: {}", dialect, text);
        }
    }
}

/// Other blanks, comments between words and other capitals, outside of quotes; what it means is the same.
fn disguised(sql: &str, seed: u64, dialect: Dialect) -> String {
    let mut state = seed | 1;
    let mut chance = move |of: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % of
    };
    let blanks = ["\n", "\t", "  ", "/**/", " /* ; */ ", "\r\n", if dialect == Dialect::Mysql { " # x\n" } else { " --x\n" }];
    let plain = !sql.contains(['\'', '"', '$', '[', '`', '/', '-', '#']);
    let mut text = String::new();
    for sign in sql.chars() {
        match sign {
            ' ' if plain => text.push_str(blanks[chance(7) as usize]),
            sign if plain && chance(2) == 0 => text.extend(sign.to_uppercase()),
            sign => text.push(sign),
        }
    }
    text
}
