//! Lists as a person sets and sees them, and the tools over a source that has some.

use serde_json::json;
use tempfile::TempDir;

use crate::cli::{fathom, folder_with_shop};
use crate::support::process::Launch;
use crate::support::shop;

#[tokio::test]
async fn the_tools_show_a_constant_in_place_of_masked_values() {
    let folder = TempDir::new().unwrap();
    let dsn = shop::make(folder.path(), "shop.db").await.display().to_string();
    let server = Launch::on(folder.path()).start().await;
    let client = &server.client;
    let lists = json!({"deny": ["main.orders"], "mask": ["customers.email"]});
    let (status, answer) = client.post("/sources", json!({"name": "shop", "dsn": dsn, "limits": lists})).await;
    assert!(status == 201 && answer["limits"] == lists, "{answer}");
    for (tool, args) in [
        ("list_tables", json!({})),
        ("describe_table", json!({"table": "customers"})),
        ("sample_rows", json!({"table": "customers", "where": "email is not null", "order_by": "email"})),
        ("sample_rows", json!({"table": "customers", "columns": ["email"]})),
        ("sample_distinct", json!({"table": "customers", "column": "email"})),
        ("column_profile", json!({"table": "customers", "column": "email"})),
        ("table_profile", json!({"table": "customers", "mode": "full"})),
        ("run_sql_readonly", json!({"sql": "select * from customers"})),
        ("explain_sql", json!({"sql": "select * from customers where email = 'x'"})),
        ("get_constraints", json!({"table": "customers"})),
    ] {
        let (status, answer) = client.post(&format!("/tools/{tool}"), json!({"source": "shop", "args": args})).await;
        let text = answer.to_string();
        assert!(status == 200 && !text.contains("example.org") && !text.contains("\"orders\""), "{tool} {args}: {answer}");
    }
    let (_, described) = client.post("/tools/describe_table", json!({"source": "shop", "args": {"table": "customers"}})).await;
    let columns = described["result"]["columns"].as_array().unwrap();
    let marked: Vec<bool> = columns.iter().map(|column| column["masked"] == true).collect();
    assert_eq!(marked, [false, false, true, false], "{described}");
    let denied = json!({"source": "shop", "args": {"sql": "select * from orders"}});
    let (status, refusal) = client.post("/tools/run_sql_readonly", denied).await;
    assert!(status == 422 && refusal["detail"].as_str().unwrap().contains("denied by the `deny` pattern `main.orders`"), "{refusal}");

    let bad = json!({"name": "other", "dsn": dsn, "limits": {"mask": ["a..b"]}});
    let (status, problem) = client.post("/sources", bad).await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("`schema.table.column`"), "{problem}");

    // The same name and the same file with other lists is another source.
    let gone = client.http().delete(format!("{}/sources/shop", client.url)).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(client.post("/sources", json!({"name": "shop", "dsn": dsn})).await.0, 201);
    let (_, open) = client.post("/tools/sample_rows", json!({"source": "shop", "args": {"table": "customers"}})).await;
    assert!(open.to_string().contains("example.org"), "{open}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_set_and_shown_by_the_command_line() {
    let folder = folder_with_shop().await;
    let here = folder.path();
    let add = ["source", "add", "shop", "shop.db", "--allow", "main", "--deny", "order*", "--deny", "gone", "--mask", "customers.email"];
    let (exit, out, err) = fathom(here, &add);
    assert!(exit == 0 && out.contains("the `deny` pattern `gone` matches nothing"), "{out}{err}");
    let (_, out, _) = fathom(here, &["source", "list"]);
    assert!(out.contains("allow main; deny order*, gone; mask customers.email"), "{out}");
    let (_, out, _) = fathom(here, &["source", "list", "--json"]);
    assert!(out.contains(r#""deny":["order*","gone"]"#), "{out}");
    let (exit, out, err) = fathom(here, &["sql", "shop", "select distinct email from customers"]);
    assert_eq!((exit, out.as_str()), (0, "email\n***\n"), "{err}");
    let (exit, _, err) = fathom(here, &["sql", "shop", "select * from orders"]);
    assert!(exit != 0 && err.contains("`order*`"), "{err}");
    let (exit, _, err) = fathom(here, &["source", "add", "bad", "shop.db", "--deny", "a.b.c"]);
    assert!(exit == 2 && err.contains("too many names"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_csv_files_is_a_source_of_the_command_line() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    std::fs::create_dir(here.join("papers")).unwrap();
    std::fs::write(here.join("papers/sales.csv"), "day,amount\n2024-01-01,5\n2024-01-02,7\n").unwrap();
    for words in ["csv:papers", "./papers", "papers/sales.csv"] {
        let (exit, out, err) = fathom(here, &["sql", words, "select sum(amount) as total from sales"]);
        assert_eq!((exit, out.as_str()), (0, "total\n   12\n"), "{words}: {err}");
    }
    let (exit, out, err) = fathom(here, &["source", "add", "papers", "csv:papers", "--mask", "sales.day"]);
    assert!(exit == 0 && out.contains("1 table in 1 schema"), "{out}{err}");
    let (_, out, _) = fathom(here, &["sql", "papers", "select day from sales limit 1"]);
    assert_eq!(out, "day\n***\n");
}
