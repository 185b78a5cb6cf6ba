//! Rust text without what is not code: comments, the insides of literals, tests. Lines keep their numbers.

/// A source file as the rules look at it.
pub struct Source {
    /// `src/engine/runs.rs`
    pub path: String,
    pub whole: String,
    /// Without comments and the insides of literals.
    pub bare: String,
    /// And without tests.
    pub shipped: String,
}

impl Source {
    pub fn new(path: &str, whole: &str) -> Self {
        let bare = bare(whole);
        let shipped = if is_test(path) { String::new() } else { without_tests(&bare) };
        Self { path: path.to_owned(), whole: whole.to_owned(), bare, shipped }
    }

    /// `engine` for `src/engine/runs.rs`, `app` for `src/app.rs`.
    pub fn room(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
    }
}

/// A name in the code and where it stands.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where a word stands as a word of its own.
pub fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let open_start = word.starts_with(in_name) && before.is_some_and(in_name);
        let open_end = word.ends_with(in_name) && after.is_some_and(in_name);
        !open_start && !open_end
    })
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
}

/// Blanks comments and the insides of literals; newlines stay.
pub fn bare(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let end = end_of_other(&letters, at);
        if end == at {
            out.push(letters[at]);
            at += 1;
        } else {
            let blank = |c: &char| if *c == '\n' { '\n' } else { ' ' };
            out.extend(letters[at..end].iter().map(blank));
            at = end;
        }
    }
    out
}

/// Where the comment or literal that begins here ends; the same place where none begins.
fn end_of_other(letters: &[char], at: usize) -> usize {
    let rest = &letters[at..];
    let in_name = at > 0 && (letters[at - 1].is_alphanumeric() || letters[at - 1] == '_');
    match rest {
        ['/', '/', ..] => at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => at + end_of_block(rest),
        ['r', '"' | '#', ..] if !in_name => at + end_of_raw(rest, 1),
        ['b', 'r', '"' | '#', ..] if !in_name => at + end_of_raw(rest, 2),
        ['"', ..] => at + end_of_quoted(rest, '"'),
        ['\'', '\\', ..] => at + end_of_quoted(rest, '\''),
        ['\'', _, '\'', ..] => at + 3,
        _ => at,
    }
}

fn end_of_block(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn end_of_raw(rest: &[char], marks_at: usize) -> usize {
    let marks = rest[marks_at..].iter().take_while(|c| **c == '#').count();
    if rest.get(marks_at + marks) != Some(&'"') {
        return 0; // a raw name such as `r#type`
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', marks)).collect();
    let inside = marks_at + marks + 1;
    rest[inside..].windows(close.len()).position(|window| window == close).map_or(rest.len(), |end| inside + end + close.len())
}

fn end_of_quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Takes out what stands behind `#[cfg(test)]`; expects bare text.
fn without_tests(bare: &str) -> String {
    let mut out = String::with_capacity(bare.len());
    let mut rest = bare;
    while let Some(start) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..start]);
        let item = &rest[start..];
        let end = end_of_item(item);
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out + rest
}

/// An item ends with its `;`, or with the brace that closes its body.
fn end_of_item(item: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in item.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}
