//! The guard: what is let through, and what is refused and how it is named.

mod corpus;
mod engines;
mod mutations;

use std::io::Write;
use std::process::{Command, Stdio};

use fathom::source::Dialect::{self, Mysql, Postgresql, Sqlite};
use fathom::source::guard::{Form, Fragment, check, check_fragment};

#[track_caller]
fn allows(dialect: Dialect, sql: &str) {
    if let Err(refusal) = check(dialect, sql) {
        panic!("{sql}\n  {refusal}");
    }
}

#[track_caller]
fn refuses(dialect: Dialect, sql: &str) -> String {
    match check(dialect, sql) {
        Ok(query) => panic!("let through: {}", query.sql()),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn reads_of_sqlite_are_let_through() {
    for sql in [
        "select 1",
        " select 1 ; ",
        "values (1), (2)",
        "select created_at, updated_at, replace(name, 'a', 'b'), exchange_rate from t",
        "select \"id\", [delete], `update` as [insert] from t",
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 9) select sum(n) from r",
        "with a as materialized (select 1 as i), b as not materialized (select i from a) select * from b",
        "select * from (with x as (select 1) select * from x)",
        "select id from t union all select id from u except select id from v order by 1",
        "select sum(a) filter (where id > 1) over (order by id rows between 1 preceding and current row exclude ties) from t",
        "select e.value from t, json_each(t.j) e where t.j ->> '$.a' = 1",
        "select m.name, p.name from sqlite_master m, pragma_table_info(m.name) p",
        "select a << 2, ~a, a || b from t where b like '%attach%' and b glob 'x*'",
        "select ';', '--', '/*' -- delete from t; \n, 1 /* ; drop table t",
        "select * from words where words match 'x'",
        "select strftime('%Y-%m', ts), count(*) from t group by 1 having count(*) > 1 order by 2 desc limit 5 offset 2",
    ] {
        allows(Sqlite, sql);
    }
}

#[test]
fn whatever_is_not_a_read_of_sqlite_is_refused() {
    for sql in [
        "",
        "-- nothing",
        "select",
        "select 'unterminated",
        "insert into t values (1)",
        "replace into t values (1)",
        "with x as (select 1) delete from t",
        "with x as (select 1) insert into t select * from x",
        "select 1; delete from t",
        "select ';'; delete from t",
        "select 1 /* /* */; delete from t",
        "/* /* */ delete from t",
        "(delete from t)",
        "create table n as select 1",
        "create temp view v as select 1",
        "drop table t",
        "vacuum into 'x'",
        "attach 'x' as y",
        "pragma writable_schema = on",
        "begin",
        "explain query plan delete from t",
        "select * into n from t",
        "select load_extension('x')",
        "select LOAD_EXTENSION/**/('x')",
        "select [load_extension]('x')",
        "select 1 where exists (select writefile('a', 'b'))",
        "select 1 order by load_extension('x')",
        "with x as (select edit('a')) select * from x",
        "select * from csv('/etc/passwd')",
        "select * from sqlite_dbpage",
        "select * from pragma_optimize",
        "select no_such_function(1)",
        "select /*! 1 */ 2",
        "select 1 for update",
        "\u{feff}delete from t",
        "select\u{2028}1",
        "select ?1",
        "select 1\n.shell id",
        "select 1 \0 ; delete from t",
    ] {
        refuses(Sqlite, sql);
    }
}

#[test]
fn a_refusal_names_the_construct_and_its_place() {
    let text = refuses(Sqlite, "select id,\n  load_extension('x') from t");
    assert!(text.contains("`load_extension`") && text.contains("2:3"), "{text}");
    let text = refuses(Sqlite, "select 1; select 2");
    assert!(text.contains("more than one statement") && text.contains("1:9"), "{text}");
    let text = refuses(Sqlite, "delete from t");
    assert!(text.contains("`delete`"), "{text}");
    let text = refuses(Mysql, "select 1 /*!50000 into outfile 'x' */");
    assert!(text.contains("`/*!`") && text.contains("1:10"), "{text}");
}

#[test]
fn the_other_dialects_are_held_to_the_same() {
    for sql in [
        "select pg_typeof(a), now() - ts from t where b ilike '%x%' and a is distinct from 1",
        "select * from t cross join lateral (select count(*) from u where u.t_id = t.id) c",
        "select generate_series(1, 5)",
        "select '--', '/*', E'\\'', $$;$$",
    ] {
        allows(Postgresql, sql);
    }
    for sql in [
        "with x as (delete from t returning *) select * from x",
        "select * into n from t",
        "select 1 for share",
        "select pg_catalog.set_config('a', 'b', false)",
        "select * from nextval('s')",
        "select query_to_xml('delete from t', true, true, '')",
        "select * from dblink('x', 'y') as d(a int)",
        "explain (analyze) delete from t",
        "copy t to program 'id'",
        "select * from pg_shadow",
        "do $$ begin end $$",
    ] {
        refuses(Postgresql, sql);
    }
    for sql in ["select `id`, insert('abc', 1, 1, 'x'), truncate(1.5, 0) from t", "select 'it\\'s; delete from t'", "select 1--1"] {
        allows(Mysql, sql);
    }
    for sql in [
        "select 1 into outfile '/tmp/x'",
        "select load_file('/etc/passwd')",
        "select sleep(1)",
        "select get_lock('a', 1)",
        "select @a := 1",
        "select * from mysql.user",
        "select 1 lock in share mode",
        "/*M! delete from t */",
        "call p()",
    ] {
        refuses(Mysql, sql);
    }
}

#[test]
fn a_fragment_must_be_whole_by_itself() {
    for text in ["a = 1 and b is null", "a in (select id from u)", "(a = 1) or (b = 2)"] {
        check_fragment(Sqlite, Fragment::Condition, text).unwrap();
    }
    for text in ["1=1) union select * from u where (1=1", "1=1 order by 1", "", "a = 1; delete from t", "a = 1 limit 100"] {
        assert!(check_fragment(Sqlite, Fragment::Condition, text).is_err(), "{text}");
    }
    check_fragment(Sqlite, Fragment::Ordering, "a desc, length(b)").unwrap();
    for text in ["a limit 5", "a; select 1", ""] {
        assert!(check_fragment(Sqlite, Fragment::Ordering, text).is_err(), "{text}");
    }
}

#[test]
fn what_would_cost_the_parser_too_much_is_refused() {
    refuses(Sqlite, &format!("select {}1{}", "(".repeat(3_000), ")".repeat(3_000)));
    allows(Sqlite, &format!("select {}1{}", "coalesce(".repeat(50), ", 0)".repeat(50)));
    for opening in [
        "(",
        "select (",
        "(select ",
        "case when ",
        "array[",
        "lower(",
        "exists (select 1 from (",
        "with a as (",
        "(select * from ",
        "cast(",
    ] {
        for dialect in [Sqlite, Postgresql, Mysql] {
            refuses(dialect, &format!("select {}", opening.repeat(5_000)));
            refuses(dialect, &format!("select 1 from {}", opening.repeat(5_000)));
        }
    }
    refuses(Sqlite, &format!("select '{}'", "x".repeat(300_000)));
    allows(Sqlite, &format!("select 1 where {}", vec!["a = 1"; 2_000].join(" or ")));
}

#[test]
fn a_checked_text_is_what_was_read_and_nothing_else_of_it() {
    let query = check(Postgresql, " /* a */ select 1 -- b\n , /*+ hint */ 2 ; -- c").unwrap();
    assert_eq!((query.sql(), query.form()), ("select 1     \n ,             2", Form::Query));
    let query = check(Mysql, "explain /* x */ format=json select 1;").unwrap();
    assert_eq!((query.form(), query.planned().sql()), (Form::Plan, "select 1"));
    assert_eq!(check(Sqlite, "pragma table_info(t)").unwrap().form(), Form::Listing);
    assert_eq!(check(Mysql, "desc t").unwrap().form(), Form::Listing);
}

#[test]
fn the_guard_can_be_asked_from_the_command_line() {
    let asked = |words: &[&str], input: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fathom"));
        command.arg("guard").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (exit, text) = asked(&["--dialect", "postgresql"], "select 1");
    assert!(exit == Some(0) && text.starts_with("allowed: "), "{text}");
    let (exit, text) = asked(&["--dialect", "mysql"], "select 1,\n sleep(1)");
    assert!(exit == Some(5) && text.contains("`sleep`") && text.contains("2:2"), "{text}");
    let (exit, text) = asked(&["--dialect", "sqlite", "--json"], "delete from t");
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(exit == Some(5) && answer["verdict"] == "deny" && answer["position"] == "1:1", "{text}");
    let (exit, _) = asked(&["--dialect", "oracle"], "select 1");
    assert_eq!(exit, Some(2));
    let (exit, text) = asked(&["--json-lines"], "{\"id\": 7, \"dialect\": \"sqlite\", \"sql\": \"select 1\"}\n");
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(exit == Some(0) && answer["id"] == 7 && answer["verdict"] == "allow", "{text}");
}
