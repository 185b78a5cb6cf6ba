//! What is claimed of each kind: its arguments, by the names that ProxySQL's tools gave them, and the claim that they become.

use serde_json::{Map, Value, json};

use super::Shape;
use crate::claims::ProposedWrite;
use crate::claims::checks::key;
use crate::claims::checks::question_template::has_parameters;
use crate::claims::text::line;
use crate::domain::Table;
use crate::tools::port::Failure;
use crate::tools::schema::{self, texts};
use crate::tools::{Workspace, reading};

type Args = Map<String, Value>;
type Proposed = Result<ProposedWrite, Failure>;

/// Characters of the part of a key that is made from words.
const SLUG: usize = 80;

pub fn summary() -> Shape {
    Shape {
        properties: json!({
            "object_id": schema::text("The table, view or column: `main.orders`, `main.orders.total`."),
            "summary": {"type": ["object", "string"], "description": "What it means, as text or with members of your own: hypothesis, grain, measures, joins, example questions."},
            "status": {"type": "string", "enum": ["draft", "validated", "stable"], "description": "Accepted for clients that send it; checks and people decide, not the caller."},
            "sources": schema::cited()
        }),
        required: &["object_id", "summary"],
        example: json!({"object_id": "main.orders", "summary": {"hypothesis": "one row an order", "grain": "order"}, "confidence": 0.7, "sources": ["table/main.orders"]}),
        key: "summary/main.orders",
    }
}

pub fn propose_summary(workspace: &Workspace, mut args: Args) -> Proposed {
    let (name, link) = object(workspace, &text(&args, "object_id"))?;
    let document = match args.remove("summary") {
        Some(Value::String(text)) => serde_json::from_str(&text).ok().filter(Value::is_object).unwrap_or_else(|| json!({"summary": text})),
        summary => summary.unwrap_or_default(),
    };
    Ok(proposed("summary", format!("summary/{name}"), document, vec![link]))
}

pub fn relationship() -> Shape {
    Shape {
        properties: json!({
            "child_object_id": schema::text("The table that refers: `main.orders`."),
            "child_column": schema::text("Its column; several with commas."),
            "parent_object_id": schema::text("The table that is referred to: `main.customers`."),
            "parent_column": schema::text("Its column; as many as the child's, in the same order."),
            "rel_type": schema::text("fk_like, bridge, polymorphic, …")
        }),
        required: &["child_object_id", "child_column", "parent_object_id", "parent_column"],
        example: json!({"child_object_id": "main.orders", "child_column": "customer_id", "parent_object_id": "main.customers", "parent_column": "id", "rel_type": "fk_like", "confidence": 0.8}),
        key: "rel/main.orders.customer_id->main.customers.id",
    }
}

pub fn propose_relationship(workspace: &Workspace, args: Args) -> Proposed {
    let side = |which: &str| -> Result<(String, String), Failure> {
        let table = table(workspace, &text(&args, &format!("{which}_object_id")))?;
        let columns = text(&args, &format!("{which}_column"));
        let spelt: Vec<&str> = columns
            .split(',')
            .map(|column| reading::column(table, column.trim()).map(|column| column.name.as_str()))
            .collect::<Result<_, _>>()?;
        Ok((format!("{}.{}", table.full_name(), spelt.join(",")), format!("table/{}", table.full_name())))
    };
    let ((child, child_link), (parent, parent_link)) = (side("child")?, side("parent")?);
    let document = json!({"type": args.get("rel_type")});
    Ok(proposed("relationship", format!("rel/{child}->{parent}"), document, vec![child_link, parent_link]))
}

pub fn domain() -> Shape {
    Shape {
        properties: json!({
            "domain_key": schema::text("A short name: `billing`."),
            "title": schema::text("What people call it."),
            "description": schema::text("What it is about.")
        }),
        required: &["domain_key"],
        example: json!({"domain_key": "sales", "title": "Sales", "description": "orders and who places them", "confidence": 0.6}),
        key: "domain/sales",
    }
}

pub fn propose_domain(_: &Workspace, args: Args) -> Proposed {
    let document = json!({"title": args.get("title"), "description": args.get("description")});
    Ok(proposed("domain", domain_key(&text(&args, "domain_key")), document, Vec::new()))
}

pub fn metric() -> Shape {
    Shape {
        properties: json!({
            "metric_key": schema::text("A short name: `orders.count`."),
            "title": schema::text("What people call it."),
            "description": schema::text("What it measures."),
            "domain_key": schema::text("The domain that it belongs to."),
            "grain": schema::text("For what it is computed: a day, a customer."),
            "unit": schema::text("euro, count, …"),
            "sql_template": {"type": "string", "minLength": 1, "maxLength": 20000, "description": "The query that gives its one value."},
            "depends": {"type": ["array", "object", "string"], "description": "Tables and columns that it is made from."}
        }),
        required: &["metric_key", "title"],
        example: json!({"metric_key": "orders.count", "title": "Number of orders", "sql_template": "select count(*) from orders", "depends": ["main.orders"], "confidence": 0.9}),
        key: "metric/orders.count",
    }
}

pub fn propose_metric(workspace: &Workspace, args: Args) -> Proposed {
    let sql = text(&args, "sql_template");
    let mut links: Vec<String> = crate::tools::claiming::citations(args.get("depends"))
        .iter()
        .map(|name| object(workspace, name).map(|(_, link)| link))
        .collect::<Result<_, _>>()?;
    links.extend(links_of_sql(workspace, &sql));
    links.extend(args.get("domain_key").and_then(Value::as_str).map(domain_key));
    // What has parameters cannot be computed as it is, and is kept under a name that no check runs.
    let member = if has_parameters(&sql) { "sql_template" } else { "sql" };
    let mut document = json!({
        "title": args.get("title"),
        "description": args.get("description"),
        "domain": args.get("domain_key"),
        "grain": args.get("grain"),
        "unit": args.get("unit"),
    });
    document[member] = if sql.is_empty() { Value::Null } else { json!(sql) };
    let name = text(&args, "metric_key");
    let name = name.strip_prefix("metric/").unwrap_or(&name);
    Ok(proposed("metric", format!("metric/{name}"), document, distinct(links)))
}

pub fn question_template() -> Shape {
    Shape {
        properties: json!({
            "title": schema::text("A short name for it; recording under the same title again changes it."),
            "question_nl": schema::text("The question as a person asks it."),
            "template": {"type": ["object", "string"], "description": "How it is answered: SQL with parameters, or a plan."},
            "example_sql": {"type": "string", "minLength": 1, "maxLength": 20000, "description": "A query that answers one such question as it is, without parameters."},
            "related_objects": texts("Tables and views that it needs; those in `example_sql` are found without.")
        }),
        required: &["title", "question_nl", "template"],
        example: json!({"title": "orders by status", "question_nl": "How many orders are there by status?", "template": "select status, count(*) from orders group by status", "example_sql": "select status, count(*) from orders group by status"}),
        key: "question_template/orders_by_status",
    }
}

pub fn propose_question_template(workspace: &Workspace, mut args: Args) -> Proposed {
    let mut links: Vec<String> = schema::texts_in(&args.remove("related_objects").unwrap_or_default())
        .iter()
        .map(|name| table(workspace, name).map(|table| format!("table/{}", table.full_name())))
        .collect::<Result<_, _>>()?;
    let title = text(&args, "title");
    let example = text(&args, "example_sql");
    links.extend(links_of_sql(workspace, &example));
    let links = distinct(links);
    let tables: Vec<&str> = links.iter().filter_map(|link| link.strip_prefix("table/")).collect();
    let document = json!({
        "title": title,
        "question": args.get("question_nl"),
        "template": args.get("template"),
        "example_sql": args.get("example_sql"),
        "related_objects": tables,
    });
    Ok(proposed("question_template", format!("question_template/{}", slug(&title)), document, links))
}

pub fn note() -> Shape {
    Shape {
        properties: json!({
            "scope": {"type": "string", "enum": ["global", "schema", "object", "domain"], "description": "What it is about."},
            "object_id": schema::text("The table, view or column, where the scope is `object`."),
            "schema": schema::text("The schema, where the scope is `schema`."),
            "domain_key": schema::text("The domain, where the scope is `domain`."),
            "title": schema::text("A short name for it; recording under the same title again changes it."),
            "body": {"type": "string", "minLength": 1, "maxLength": 20000, "description": "What is to be remembered."}
        }),
        required: &["scope", "body"],
        example: json!({"scope": "object", "object_id": "main.orders", "title": "status codes", "body": "S is shipped, P is paid", "tags": ["codes"]}),
        key: "note/main.orders/status_codes",
    }
}

pub fn propose_note(workspace: &Workspace, args: Args) -> Proposed {
    let needed = |name: &str| {
        let words = text(&args, name);
        let missing = || Failure::Mendable(format!("`{name}` is needed where `scope` is `{}`", text(&args, "scope")));
        (!words.is_empty()).then_some(words).ok_or_else(missing)
    };
    let (about, links) = match text(&args, "scope").as_str() {
        "object" => {
            let (name, link) = object(workspace, &needed("object_id")?)?;
            (name, vec![link])
        }
        "schema" => (reading::schema(workspace, args.get("schema").and_then(Value::as_str))?.to_owned(), Vec::new()),
        "domain" => {
            let key = domain_key(&needed("domain_key")?);
            (key.clone(), vec![key])
        }
        _ => ("global".to_owned(), Vec::new()),
    };
    let (title, body) = (text(&args, "title"), text(&args, "body"));
    let name = if title.is_empty() { slug(&line(&body, SLUG)) } else { slug(&title) };
    let document = json!({"title": args.get("title"), "text": body, "scope": args.get("scope")});
    Ok(proposed("note", format!("note/{about}/{name}"), document, links))
}

pub fn domain_key(name: &str) -> String {
    format!("domain/{}", name.trim().strip_prefix("domain/").unwrap_or(name.trim()))
}

/// The table of an object's name or key.
pub fn table<'a>(workspace: &'a Workspace, name: &str) -> Result<&'a Table, Failure> {
    let name = bare(name);
    match key::find_table(&workspace.snapshot, name) {
        Some(table) => Ok(table),
        None => reading::table(workspace, None, name),
    }
}

/// The full name and the key of a table, view or column.
fn object(workspace: &Workspace, name: &str) -> Result<(String, String), Failure> {
    let bare = bare(name);
    if key::find_table(&workspace.snapshot, bare).is_none()
        && let Some((table, column)) = key::split_table(&workspace.snapshot, bare)
    {
        let full = format!("{}.{}", table.full_name(), reading::column(table, column)?.name);
        return Ok((full.clone(), format!("col/{full}")));
    }
    let full = table(workspace, name)?.full_name();
    Ok((full.clone(), format!("table/{full}")))
}

fn bare(name: &str) -> &str {
    let name = name.trim();
    ["table/", "view/", "col/", "summary/"].into_iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// Tables whose names stand in the SQL: enough to show them beside it, and no reading of the SQL.
fn links_of_sql(workspace: &Workspace, sql: &str) -> Vec<String> {
    let plain = sql.replace(['"', '`', '[', ']'], "").to_lowercase();
    let words: Vec<&str> = plain.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$' || c == '.')).collect();
    let named = |table: &Table| {
        let (full, name) = (table.full_name().to_lowercase(), table.name.to_lowercase());
        words.iter().any(|word| *word == full || *word == name)
    };
    workspace.snapshot.tables.iter().filter(|table| named(table)).map(|table| format!("table/{}", table.full_name())).collect()
}

fn distinct(links: Vec<String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for link in links {
        if !distinct.contains(&link) {
            distinct.push(link);
        }
    }
    distinct
}

fn slug(words: &str) -> String {
    let letters: String = words.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    letters.split_whitespace().collect::<Vec<_>>().join("_").chars().take(SLUG).collect()
}

fn text(args: &Args, name: &str) -> String {
    args.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn proposed(kind: &str, key: String, document: Value, links: Vec<String>) -> ProposedWrite {
    ProposedWrite { kind: kind.to_owned(), key, document, tags: Vec::new(), links }
}
