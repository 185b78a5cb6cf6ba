//! Which tables a view reads, from its definition as the server keeps it: every table with its database, every common table expression
//! without, every join written out. Read by its words, because a grammar stops at what it does not know.

use std::collections::BTreeSet;

use crate::source::guard::Dialect;
use crate::source::guard::lex::{Kind, Token, lex};

/// `schema.name` each, in order; none where the definition cannot be understood.
pub fn tables_read(definition: &str) -> Option<Vec<String>> {
    let tokens = lex(Dialect::Mysql, definition).ok()?.tokens;
    let mut tables = BTreeSet::new();
    // Whether each open bracket is that of a function whose arguments hold the word `from`.
    let mut brackets = Vec::new();
    let mut is_table_next = false;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Sign if token.text == "(" => brackets.push(at.checked_sub(1).is_some_and(|before| takes_from(&tokens[before]))),
            Kind::Sign if token.text == ")" => drop(brackets.pop()),
            Kind::Word => {
                let is_from = token.is_word("from") && brackets.last() != Some(&true);
                is_table_next = is_from || token.is_word("join") || token.is_word("straight_join");
                continue;
            }
            Kind::Name if is_table_next => {
                if let (Some(point), Some(table)) = (tokens.get(at + 1), tokens.get(at + 2))
                    && point.is_sign(".")
                {
                    tables.insert(format!("{}.{}", unquoted(token), unquoted(table)));
                }
            }
            _ => {}
        }
        is_table_next = is_table_next && token.is_sign("(");
    }
    Some(tables.into_iter().collect())
}

fn unquoted(token: &Token<'_>) -> String {
    token.text.replace("``", "`")
}

fn takes_from(token: &Token<'_>) -> bool {
    ["extract", "trim", "substring", "substr"].iter().any(|name| token.is_word(name))
}

#[cfg(test)]
mod tests {
    use super::tables_read;

    #[test]
    fn tables_are_found_and_aliases_are_not() {
        for (definition, expect) in [
            ("select `s`.`t`.`a` AS `a` from `s`.`t`", vec!["s.t"]),
            (
                "with q as (select `s`.`t`.`id` AS `id` from `s`.`t`)select `q`.`id` AS `id` from (`q` join `s`.`p` on(`q`.`id` = `s`.`p`.`id`))",
                vec!["s.p", "s.t"],
            ),
            ("select extract(year from `a`.`c`) AS `y` from `s`.`t` `a` where exists(select 1 from `o`.`u` limit 1)", vec!["o.u", "s.t"]),
            ("select `s`.`t`.`a` AS `a` from `s`.`t` union all select 1 AS `1` from `s`.`odd name`", vec!["s.odd name", "s.t"]),
            (
                "select group_concat(distinct `s`.`t`.`a` order by `s`.`t`.`a` ASC separator ';') AS `g`,date_format(`s`.`t`.`d`,'%Y-%m') AS `m`,`s`.`t`.`d` + interval 1 day AS `n`,cast(`s`.`t`.`a` as char charset utf8mb4) AS `c` from `s`.`t` group by 1",
                vec!["s.t"],
            ),
            (
                "select trim(leading 'from `x`.`y`' from `a`.`c`) AS `t` from ((`s`.`t` `a` join `s`.`u` on(`a`.`id` = `s`.`u`.`id`)) left join (`o`.`v` straight_join `o`.`w`) on(1))",
                vec!["o.v", "o.w", "s.t", "s.u"],
            ),
            ("select extract(year from (select max(`s`.`t`.`d`) from `s`.`t`)) AS `y`", vec!["s.t"]),
            ("select 1 AS `1`", vec![]),
        ] {
            assert_eq!(tables_read(definition), Some(expect.into_iter().map(str::to_owned).collect()), "{definition}");
        }
        assert_eq!(tables_read("select `unfinished"), None);
    }
}
