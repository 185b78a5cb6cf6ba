//! Servers in the shapes of ProxySQL's query endpoint, in front of real databases: numbers of columns, rows of texts, guards that look for words.
//!
//! `Newer` speaks `tools/call`, tells no columns and calls `get_constraints` deprecated; `Older` takes the tool's name for the method.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use sqlx::mysql::{MySqlPool, MySqlRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Column, Row};

use super::fake::{Answer, Fake};

const FORBIDDEN: [&str; 11] = ["INSERT", "UPDATE", "DELETE", "DROP", "CREATE", "ALTER", "TRUNCATE", "REPLACE", "LOAD", "CALL", "EXECUTE"];

pub async fn newer(pool: MySqlPool, schema: &str) -> Fake {
    let schema = schema.to_owned();
    Fake::start(move |method, params| {
        let (pool, schema) = (pool.clone(), schema.clone());
        Box::pin(async move {
            match method.as_str() {
                "initialize" => Answer::Result(json!({
                    "protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "proxysql-mcp-mcp-mysql-tools", "version": "0.1"}
                })),
                "tools/list" => Answer::Result(json!({"tools": tools()})),
                "tools/call" => {
                    let args = &params["arguments"];
                    match newer_tool(&pool, &schema, params["name"].as_str().unwrap_or_default(), args).await {
                        Ok(result) => Answer::Result(json!({"content": [{"type": "text", "text": format!("{result:#}")}]})),
                        Err(why) => Answer::Result(json!({"content": [{"type": "text", "text": why}], "isError": true})),
                    }
                }
                _ => Answer::Error(-32_601, "Method not found".to_owned()),
            }
        })
    })
    .await
}

fn tools() -> Value {
    let tool = |name: &str, properties: &[(&str, &str)]| {
        let properties: Map<String, Value> = properties.iter().map(|(name, kind)| ((*name).to_owned(), json!({"type": kind}))).collect();
        json!({"name": name, "description": name, "inputSchema": {"type": "object", "properties": properties}})
    };
    json!([
        tool("list_targets", &[]),
        tool("list_schemas", &[("page_token", "string"), ("page_size", "integer"), ("target_id", "string")]),
        tool("list_tables", &[("schema", "string"), ("page_token", "string"), ("page_size", "integer"), ("target_id", "string")]),
        tool("get_constraints", &[("schema", "string"), ("table", "string")]),
        tool(
            "run_sql_readonly",
            &[("sql", "string"), ("schema", "string"), ("target_id", "string"), ("max_rows", "integer"), ("timeout_sec", "integer")]
        ),
        tool("explain_sql", &[("sql", "string"), ("target_id", "string")]),
    ])
}

async fn newer_tool(pool: &MySqlPool, schema: &str, name: &str, args: &Value) -> Result<Value, String> {
    match name {
        "list_targets" => Ok(json!({"targets": [{"target_id": "shop", "description": "Hostgroup 1 (1 backend(s))"}]})),
        "list_schemas" => Ok(json!({"columns": 1, "rows": [[schema]], "success": true})),
        "list_tables" => mysql_rows(pool, &format!("show tables from `{}`", args["schema"].as_str().unwrap_or_default())).await,
        "get_constraints" => Err("DEPRECATED: The 'get_constraints' tool is deprecated.".to_owned()),
        "run_sql_readonly" => {
            let sql = args["sql"].as_str().unwrap_or_default();
            let upper = sql.to_uppercase();
            let reads = upper.starts_with("SELECT") && upper.contains("FROM")
                || ["WITH", "EXPLAIN", "SHOW", "DESC"].iter().any(|word| upper.starts_with(word));
            if FORBIDDEN.iter().any(|word| upper.contains(word)) || !reads {
                return Err("SQL is not read-only".to_owned());
            }
            mysql_rows(pool, sql).await
        }
        "explain_sql" => mysql_rows(pool, &format!("explain {}", args["sql"].as_str().unwrap_or_default())).await,
        other => Err(format!("Unknown tool: {other}")),
    }
}

/// Every value as a text, and what is missing as an empty one: so ProxySQL has it.
async fn mysql_rows(pool: &MySqlPool, sql: &str) -> Result<Value, String> {
    let rows: Vec<MySqlRow> = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(pool).await.map_err(|error| error.to_string())?;
    let text = |row: &MySqlRow, at: usize| {
        let bytes: Option<Vec<u8>> = row.try_get_unchecked(at).expect("a value as it came");
        json!(String::from_utf8_lossy(&bytes.unwrap_or_default()))
    };
    let columns = rows.first().map_or(0, |row| row.columns().len());
    let rows: Vec<Value> = rows.iter().map(|row| (0..row.columns().len()).map(|at| text(row, at)).collect()).collect();
    Ok(json!({"success": true, "columns": columns, "rows": rows}))
}

pub async fn older(pool: SqlitePool) -> Fake {
    let pool = Arc::new(pool);
    Fake::start(move |method, params| {
        let pool = pool.clone();
        let answering: BoxFuture<'static, Answer> = Box::pin(async move {
            match older_tool(&pool, &method, &params).await {
                Some(Ok(result)) => Answer::Result(json!({"success": true, "result": result})),
                Some(Err(why)) => Answer::Result(json!({"success": false, "error": why})),
                None => Answer::Error(-32_601, "Method not found".to_owned()),
            }
        });
        answering
    })
    .await
}

async fn older_tool(pool: &SqlitePool, name: &str, params: &Value) -> Option<Result<Value, String>> {
    let table = params["table"].as_str().unwrap_or_default().to_owned();
    let quoted = table.replace('\'', "''");
    Some(match name {
        "list_schemas" => Ok(json!(["main"])),
        "list_tables" => {
            sqlite_rows(pool, "select name, case type when 'view' then 'VIEW' else 'BASE TABLE' end as type from sqlite_schema where type in ('table', 'view')").await
                .map(|rows| json!({"tables": rows}))
        }
        "describe_table" => sqlite_rows(pool, &format!("select name as column_name, type as data_type, case \"notnull\" when 1 then 'NO' else 'YES' end as is_nullable from pragma_table_info('{quoted}')"))
            .await
            .map(|rows| json!({"columns": rows})),
        "get_constraints" => constraints(pool, &quoted).await,
        "run_sql_readonly" => sqlite_rows(pool, params["sql"].as_str().unwrap_or_default())
            .await
            .map(|rows| json!({"columns": rows.first().and_then(Value::as_object).map_or(0, Map::len), "rows": rows})),
        _ => return None,
    })
}

async fn constraints(pool: &SqlitePool, table: &str) -> Result<Value, String> {
    let key = sqlite_rows(pool, &format!("select name from pragma_table_info('{table}') where pk > 0 order by pk")).await?;
    let references =
        sqlite_rows(pool, &format!("select \"from\" as column_name, \"table\" as referenced_table, \"to\" as referenced_column from pragma_foreign_key_list('{table}')")).await?;
    Ok(json!({"primary_key": key, "foreign_keys": references}))
}

/// Every value as a text, under its column's name.
async fn sqlite_rows(pool: &SqlitePool, sql: &str) -> Result<Vec<Value>, String> {
    let rows: Vec<SqliteRow> = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(pool).await.map_err(|error| error.to_string())?;
    let object = |row: &SqliteRow| {
        let members = row.columns().iter().enumerate().map(|(at, column)| {
            let text: Option<String> = row.try_get_unchecked(at).expect("SQLite gives every value as a text");
            (column.name().to_owned(), json!(text))
        });
        Value::Object(members.collect())
    };
    Ok(rows.iter().map(object).collect())
}
