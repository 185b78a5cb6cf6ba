//! What can be told of a query from its text: the columns that it answers with, and whether it can be asked for page by page.

use crate::source::guard::lex::{self, Kind, Token};
use crate::source::guard::{Form, ReadQuery};
use crate::source::{Dialect, guard};

/// A query as its outermost `select` says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// In their order; none where a star, or what is not understood, stands among them.
    pub columns: Option<Vec<OutputColumn>>,
    /// It is a query with rows, to which a limit can be added.
    pub takes_limit: bool,
    /// It has a limit of its own.
    pub has_limit: bool,
    pub has_order: bool,
    /// Nothing stands behind the one relation that it reads, and each of its columns is one of that relation's.
    pub is_plain: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// As the database will call it; none where that is the database's choice.
    pub name: Option<String>,
    /// The column of a relation that it shows as it is.
    pub of: Option<String>,
}

const ENDS: [&str; 12] =
    ["from", "where", "group", "having", "order", "limit", "union", "except", "intersect", "window", "offset", "fetch"];

/// Words that end an expression.
const NO_NAMES: [&str; 4] = ["end", "null", "true", "false"];

impl Outline {
    pub fn of(dialect: Dialect, query: &ReadQuery) -> Self {
        // The columns of a plan or a listing are the database's own.
        let (Form::Query, Ok(lexed)) = (query.form(), lex::lex(dialect, query.sql())) else { return Self::default() };
        // Words and signs outside of all brackets, and what stands inside brackets as a part of what is around it.
        let tokens: Vec<Token<'_>> = lexed.tokens.iter().copied().filter(|token| token.kind != Kind::End).collect();
        let outer = outer_places(&tokens);
        let first = tokens.first().copied();
        let starts = first.is_some_and(|token| token.is_word("select") || token.is_word("with"));
        let says = |word: &str| outer.iter().any(|at| tokens[*at].is_word(word));
        let mut outline = Self {
            takes_limit: starts,
            has_limit: says("limit") || says("offset") || says("fetch"),
            has_order: says("order"),
            ..Self::default()
        };
        let Some(select) = outer.iter().position(|at| tokens[*at].is_word("select")) else { return outline };
        let end = outer[select + 1..].iter().find(|at| ENDS.iter().any(|word| tokens[**at].is_word(word)));
        let end = end.copied().unwrap_or(tokens.len());
        let mut list = &tokens[outer[select] + 1..end];
        if list.first().is_some_and(|token| token.is_word("distinct") || token.is_word("all")) {
            list = &list[1..];
        }
        outline.columns = split(list).into_iter().map(column).collect();
        let is_with = first.is_some_and(|token| token.is_word("with"));
        let only_from = outer[select + 1..].iter().filter(|at| ENDS.iter().any(|word| tokens[**at].is_word(word))).count() == 1;
        outline.is_plain = !is_with
            && only_from
            && tokens.get(end).is_some_and(|token| token.is_word("from"))
            && query.reads().relations.len() == 1
            && query.reads().relations[0].span.end >= tokens.last().map_or(0, |token| token.end)
            && outline.columns.as_ref().is_some_and(|columns| columns.iter().all(|column| column.of.is_some()));
        outline
    }
}

/// The query with a limit behind it, or around it where it has one of its own; none where it is sent as it is. What is composed passes the
/// guard again.
pub fn page_of(dialect: Dialect, query: &ReadQuery, outline: &Outline, order: bool, rows: usize, offset: usize) -> Option<String> {
    if !outline.takes_limit || outline.has_limit && offset == 0 {
        return None;
    }
    let sql = query.sql();
    let order = match &outline.columns {
        Some(columns) if order && !outline.has_order && !outline.has_limit => {
            let places: Vec<String> = (1..=columns.len()).map(|place| place.to_string()).collect();
            format!(" order by {}", places.join(", "))
        }
        _ => String::new(),
    };
    let skipped = if offset > 0 { format!(" offset {offset}") } else { String::new() };
    let paged = match outline.has_limit {
        true => format!("select * from ({sql}) as page_of limit {rows}{skipped}"),
        false => format!("{sql}{order} limit {rows}{skipped}"),
    };
    guard::check(dialect, &paged).ok().map(|checked| checked.sql().to_owned())
}

fn outer_places(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut places = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.is_sign("(") {
            depth += 1;
        } else if token.is_sign(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            places.push(at);
        }
    }
    places
}

fn split<'a, 't>(list: &'a [Token<'t>]) -> Vec<&'a [Token<'t>]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, token) in list.iter().enumerate() {
        if token.is_sign("(") {
            depth += 1;
        } else if token.is_sign(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_sign(",") {
            parts.push(&list[start..at]);
            start = at + 1;
        }
    }
    parts.push(&list[start..]);
    parts
}

/// None for a star.
fn column(item: &[Token<'_>]) -> Option<OutputColumn> {
    let last = item.last()?;
    if last.is_sign("*") {
        return None;
    }
    let is_name = |token: &Token<'_>| matches!(token.kind, Kind::Word | Kind::Name);
    let (named, shown) = match item {
        [shown @ .., as_word, name] if !shown.is_empty() && as_word.is_word("as") && is_name(name) => (Some(name), shown),
        [shown @ .., before, name]
            if is_name(name) && !NO_NAMES.iter().any(|word| name.is_word(word)) && (is_name(before) || before.is_sign(")")) =>
        {
            (Some(name), &item[..shown.len() + 1])
        }
        _ => (None, item),
    };
    let is_path = shown.iter().enumerate().all(|(at, token)| if at % 2 == 0 { is_name(token) } else { token.is_sign(".") });
    let of = shown.last().filter(|_| is_path && shown.len() % 2 == 1).map(Token::unquoted);
    let name = named.map(Token::unquoted).or_else(|| of.clone());
    Some(OutputColumn { name, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(sql: &str) -> Outline {
        Outline::of(Dialect::Postgresql, &guard::check(Dialect::Postgresql, sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}")))
    }

    fn names(sql: &str) -> Option<Vec<String>> {
        let columns = outline(sql).columns?;
        Some(columns.into_iter().map(|column| format!("{}/{}", column.name.unwrap_or_default(), column.of.unwrap_or_default())).collect())
    }

    #[test]
    fn the_columns_of_an_answer_are_read_from_its_query() {
        for (sql, expected) in [
            ("select a, \"B c\", t.d from t", &["a/a", "B c/B c", "d/d"][..]),
            ("select count(*) as n, max(x) m, sum(a + b) from t where x in (select y from u)", &["n/", "m/", "/"]),
            ("select distinct a as b from s.t order by 1 limit 3", &["b/a"]),
            ("with q as (select 1 as z from t) select z, z + 1 as y from q", &["z/z", "y/"]),
            ("select case when a then 1 end from t", &["/"]),
        ] {
            assert_eq!(names(sql).unwrap_or_else(|| panic!("{sql}: not understood")), expected, "{sql}");
        }
        for star in ["select * from t", "select a, t.* from t", "explain select a from t"] {
            assert_eq!(names(star), None, "{star}");
        }
    }

    #[test]
    fn only_a_plain_list_of_a_relation_is_plain() {
        assert!(outline("select a, \"b\" from s.\"t\"").is_plain);
        for other in
            ["select a from t where a = 1", "select a from t, u", "select a + 1 from t", "select * from t", "select a from t limit 3"]
        {
            assert!(!outline(other).is_plain, "{other}");
        }
    }

    #[test]
    fn a_page_keeps_what_the_query_says_of_its_own() {
        let page = |sql: &str, order, offset| {
            let query = guard::check(Dialect::Postgresql, sql).unwrap();
            page_of(Dialect::Postgresql, &query, &Outline::of(Dialect::Postgresql, &query), order, 10, offset)
        };
        assert_eq!(page("select a, b from t", true, 0).unwrap(), "select a, b from t order by 1, 2 limit 10");
        assert_eq!(page("select a, b from t order by b", true, 20).unwrap(), "select a, b from t order by b limit 10 offset 20");
        assert_eq!(
            page("select a from t limit 50", false, 20).unwrap(),
            "select * from (select a from t limit 50) as page_of limit 10 offset 20"
        );
        assert_eq!(page("select a from t limit 50", false, 0), None);
        assert_eq!(page("explain select a from t", false, 0), None);
        assert_eq!(page("show server_version", false, 0), None);
    }
}
