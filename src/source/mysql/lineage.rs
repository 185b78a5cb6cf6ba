//! Which tables a view reads, from its definition as MariaDB keeps it: every table with its database, every common table expression without.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::visit_relations;
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;

const MAX_DEPTH: usize = 60;

/// `schema.name` each, in order; none where the definition cannot be understood.
pub fn tables_read(definition: &str) -> Option<Vec<String>> {
    let parser = Parser::new(&MySqlDialect {}).with_recursion_limit(MAX_DEPTH).try_with_sql(definition);
    let statements = parser.and_then(|mut parser| parser.parse_statements()).ok()?;
    let mut tables = BTreeSet::new();
    let _: ControlFlow<()> = visit_relations(&statements, |name| {
        let parts: Vec<&str> = name.0.iter().filter_map(|part| Some(part.as_ident()?.value.as_str())).collect();
        if let [schema, table] = parts.as_slice() {
            tables.insert(format!("{schema}.{table}"));
        }
        ControlFlow::Continue(())
    });
    Some(tables.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::tables_read;

    #[test]
    fn tables_are_found_and_aliases_are_not() {
        for (definition, expect) in [
            ("select `s`.`t`.`a` AS `a` from `s`.`t`", vec!["s.t"]),
            ("with q as (select `s`.`t`.`id` AS `id` from `s`.`t`)select `q`.`id` AS `id` from (`q` join `s`.`p` on(`q`.`id` = `s`.`p`.`id`))", vec!["s.p", "s.t"]),
            ("select extract(year from `a`.`c`) AS `y` from `s`.`t` `a` where exists(select 1 from `o`.`u` limit 1)", vec!["o.u", "s.t"]),
            ("select `s`.`t`.`a` AS `a` from `s`.`t` union all select 1 AS `1` from `s`.`odd name`", vec!["s.odd name", "s.t"]),
            ("select group_concat(distinct `s`.`t`.`a` order by `s`.`t`.`a` ASC separator ';') AS `g`,date_format(`s`.`t`.`d`,'%Y-%m') AS `m`,`s`.`t`.`d` + interval 1 day AS `n`,cast(`s`.`t`.`a` as char charset utf8mb4) AS `c` from `s`.`t` group by 1", vec!["s.t"]),
            ("select 1 AS `1`", vec![]),
        ] {
            assert_eq!(tables_read(definition), Some(expect.into_iter().map(str::to_owned).collect()), "{definition}");
        }
        assert_eq!(tables_read("select from where"), None);
    }
}
