//! Tools as clients see them. The whole set has every word of the definitions; the few that are offered first say only what an assistant
//! needs, because each word of them stands in its context from the first question on.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::own;
use crate::tools::{Effect, Registry, Spec};

/// The argument that says which source is meant; it belongs to the call, not to the tool.
pub const SOURCE: &str = "source";

/// A tool in few words: the arguments that are shown, with their words here, and defaults that are its own.
struct Face {
    tool: &'static str,
    description: &'static str,
    args: &'static [(&'static str, &'static str)],
    defaults: &'static [(&'static str, &'static str)],
}

const FACES: [Face; 5] = [
    Face {
        tool: "catalog_search",
        description: "Find tables, columns, metrics and findings by any words. Start here.",
        args: &[
            ("query", ""),
            ("kind", "table, column, metric, question_template, relationship, …"),
            ("detail", ""),
            ("limit", ""),
            ("after", "`next` of the page before"),
        ],
        defaults: &[],
    },
    Face {
        tool: "catalog_get_object",
        description: "One table or view: columns, keys, joins, findings with their evidence.",
        args: &[("name", "`schema.table`"), ("detail", "")],
        defaults: &[("detail", "summary")],
    },
    Face {
        tool: "find_join_path",
        description: "The joins from one table to another, declared or found in the data, with a warning where rows multiply.",
        args: &[("from", ""), ("to", "")],
        defaults: &[],
    },
    Face {
        tool: "run_sql_readonly",
        description: "Run one SELECT in the database's dialect. Writes are refused. `truncated`: there are more rows.",
        args: &[("sql", ""), ("max_rows", "")],
        defaults: &[],
    },
    Face {
        tool: "catalog_sql",
        description: "Read the catalog with one SQLite SELECT: objects(key,type,schema,name,rows,columns,comment), columns(key,\"table\",name,type,nullable,in_primary_key,comment), relationships(child_table,child_columns,parent_table,parent_columns,known_from,confidence,status), findings(kind,key,text,document,confidence,status).",
        args: &[("sql", ""), ("max_rows", "")],
        defaults: &[],
    },
];

/// What a short definition has by default where its long one has something else.
pub fn defaults(tool: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    FACES.iter().filter(move |face| face.tool == tool).flat_map(|face| face.defaults.iter().copied())
}

/// The handful, in the order in which an assistant needs them.
pub fn few(tools: &Registry, needs_source: bool) -> Vec<Tool> {
    let faces = FACES.iter().map(|face| {
        let spec = tools.spec(face.tool).expect("the registry has the tools that are offered first, which a test shows");
        shortened(spec, face)
    });
    let mut few: Vec<Tool> = faces.chain(own::tools()).collect();
    if needs_source {
        few.iter_mut().for_each(|tool| tool.input_schema = with_source(&tool.input_schema, "Name or DSN"));
    }
    few
}

/// Every tool with every word, in the order of the registry, and our own at the end.
pub fn all(tools: &Registry) -> Vec<Tool> {
    let whole = tools.specs().map(|spec| define(spec, spec.description, object(&spec.args), object(&spec.output)));
    let words = "The source to look into: a registered name or a DSN; the server's default source where left out.";
    let with = |mut tool: Tool| {
        tool.input_schema = with_source(&tool.input_schema, words);
        tool
    };
    whole.chain(own::tools()).map(with).collect()
}

fn shortened(spec: &Spec, face: &Face) -> Tool {
    let shown = face.args.iter().map(|(name, words)| {
        let mut property = spec.args["properties"][*name].clone();
        if let Value::Object(members) = &mut property {
            members.retain(|member, _| matches!(member.as_str(), "type" | "enum" | "default" | "maximum"));
            if !words.is_empty() {
                members.insert("description".to_owned(), json!(words));
            }
            if let Some((_, default)) = face.defaults.iter().find(|(with, _)| with == name) {
                members.insert("default".to_owned(), json!(default));
            }
        }
        ((*name).to_owned(), property)
    });
    let shown: Map<String, Value> = shown.collect();
    let required: Vec<&Value> = spec.args["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|name| name.as_str().is_some_and(|name| shown.contains_key(name)))
        .collect();
    // What identifies an object is optional by itself in the long form, which has several ways to say it.
    let required = match face.tool {
        "catalog_get_object" => json!(["name"]),
        _ => json!(required),
    };
    let args = json!({"type": "object", "properties": shown, "required": required});
    define(spec, face.description, object(&args), object(&outline(&spec.output)))
}

/// The members of a result and their types, not what is in them.
fn outline(output: &Value) -> Value {
    let properties = output["properties"].as_object().into_iter().flatten();
    let outlined: Map<String, Value> =
        properties.map(|(name, schema)| (name.clone(), schema.get("type").map_or(json!({}), of_type))).collect();
    json!({"type": "object", "properties": outlined})
}

/// Several types side by side are said one by one: some clients know only schemas with one.
fn of_type(kind: &Value) -> Value {
    match kind.as_array() {
        Some(kinds) => json!({"anyOf": kinds.iter().map(|kind| json!({ "type": kind })).collect::<Vec<_>>()}),
        None => json!({ "type": kind }),
    }
}

fn define(spec: &Spec, description: &'static str, args: JsonObject, output: JsonObject) -> Tool {
    let annotations = ToolAnnotations::from_raw(
        None,
        Some(spec.effect == Effect::Read),
        Some(spec.effect == Effect::Mutate),
        Some(spec.effect == Effect::Read),
        Some(false),
    );
    Tool::new(spec.name, description, Arc::new(args))
        .with_title(spec.title())
        .with_raw_output_schema(Arc::new(output))
        .with_annotations(annotations)
}

fn with_source(schema: &JsonObject, words: &str) -> Arc<JsonObject> {
    let mut schema = schema.clone();
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    properties[SOURCE] = json!({"type": "string", "description": words});
    Arc::new(schema)
}

pub fn object(value: &Value) -> JsonObject {
    value.as_object().cloned().unwrap_or_default()
}
