//! What is done to the text before it is parsed: comments become blanks by the dialect's own rules, so that parser and database
//! cannot disagree about where one ends, and what only looks like a comment is refused.

use super::{Dialect, Refusal};

/// The text with every comment blanked out, each character in its place; positions stay true.
pub fn without_comments(dialect: Dialect, sql: &str) -> Result<String, Refusal> {
    if let Some(at) = sql.find('\0') {
        return Err(refused("a NUL character", sql, at));
    }
    if let Some((at, sign)) = odd_blank_outside_quotes(sql) {
        return Err(refused(&format!("the invisible character U+{:04X}", sign as u32), sql, at));
    }
    for sign in ["/*!", "/*M!"] {
        if let Some(at) = sql.find(sign) {
            return Err(refused(&format!("`{sign}`, which some databases execute"), sql, at));
        }
    }
    match dialect {
        Dialect::Sqlite => Ok(blank_sqlite_comments(sql)),
        Dialect::Postgresql | Dialect::Mysql => Ok(sql.to_owned()),
    }
}

/// What the engines read and the grammar does not, outside of quotes, made simpler for the check alone: `exclude ties` in a frame,
/// `materialized` before a bracket, shifts of bits. None of it can hold anything but itself. None where there is nothing of the kind.
pub fn simplified(sql: &str) -> Option<String> {
    let mut text = sql.to_owned();
    let lower = sql.to_ascii_lowercase();
    let mut found = false;
    for (phrase, follows) in KEYWORD_PHRASES {
        let mut words = phrase.split(' ');
        let first = words.next().unwrap_or_default();
        for (start, _) in lower.match_indices(first) {
            let mut end = start + first.len();
            let mut fits = true;
            for word in words.clone() {
                let rest = &lower[end..];
                let trimmed = rest.trim_start();
                fits = fits && trimmed.len() < rest.len() && trimmed.starts_with(word);
                if !fits {
                    break;
                }
                end += rest.len() - trimmed.len() + word.len();
            }
            if fits && lower[end..].trim_start().starts_with(*follows) && is_outside_quotes(&sql[..start]) {
                text.replace_range(start..end, &" ".repeat(end - start));
                found = true;
            }
        }
    }
    for sign in ["<<", ">>"] {
        for (start, _) in lower.match_indices(sign) {
            if is_outside_quotes(&sql[..start]) {
                text.replace_range(start..start + sign.len(), "+ ");
                found = true;
            }
        }
    }
    found.then_some(text)
}

/// Words, and the bracket that must come right after them.
const KEYWORD_PHRASES: &[(&str, char)] = &[
    ("exclude ties", ')'),
    ("exclude group", ')'),
    ("exclude current row", ')'),
    ("exclude no others", ')'),
    ("not materialized", '('),
    ("materialized", '('),
];

fn is_outside_quotes(before: &str) -> bool {
    let mut quote = None;
    for sign in before.chars() {
        match quote {
            Some(open) if sign == open => quote = None,
            Some(_) => {}
            None => match sign {
                '\'' | '"' | '`' => quote = Some(sign),
                '[' => quote = Some(']'),
                _ => {}
            },
        }
    }
    quote.is_none()
}

fn blank_sqlite_comments(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut signs = sql.chars().peekable();
    while let Some(sign) = signs.next() {
        match (sign, signs.peek()) {
            ('-', Some('-')) => {
                text.push(' ');
                while let Some(sign) = signs.next_if(|sign| *sign != '\n') {
                    text.push(blank(sign));
                }
            }
            ('/', Some('*')) => {
                signs.next();
                text.push_str("  ");
                let mut before = ' ';
                // An unterminated comment ends with the text, as SQLite reads it.
                for sign in signs.by_ref() {
                    text.push(blank(sign));
                    if before == '*' && sign == '/' {
                        break;
                    }
                    before = sign;
                }
            }
            ('\'' | '"' | '`' | '[', _) => {
                let close = if sign == '[' { ']' } else { sign };
                text.push(sign);
                // A doubled quote closes and opens again, which comes to the same.
                for sign in signs.by_ref() {
                    text.push(sign);
                    if sign == close {
                        break;
                    }
                }
            }
            _ => text.push(sign),
        }
    }
    text
}

fn blank(sign: char) -> char {
    if sign == '\n' { '\n' } else { ' ' }
}

fn odd_blank_outside_quotes(sql: &str) -> Option<(usize, char)> {
    let mut quote = None;
    sql.char_indices().find(|(_, sign)| {
        match quote {
            Some(open) if *sign == open => quote = None,
            Some(_) => return false,
            None if matches!(sign, '\'' | '"' | '`') => quote = Some(*sign),
            None => return is_odd_blank(*sign),
        }
        false
    })
}

/// White space to the eye or to one parser, and something else to another.
fn is_odd_blank(sign: char) -> bool {
    match sign {
        '\u{00a0}' | '\u{0085}' | '\u{1680}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' => true,
        '\u{3000}' | '\u{feff}' => true,
        _ => sign.is_control() && !matches!(sign, '\n' | '\r' | '\t' | '\u{c}'),
    }
}

fn refused(what: &str, sql: &str, at: usize) -> Refusal {
    let before = &sql[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    Refusal { construct: format!("{what}; leave it out"), position: Some(format!("{line}:{column}")) }
}
