//! `catalog_list_objects`: tables, views, routines and sequences in a chosen order, by pages.

use std::cmp::Reverse;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::{self, Object};
use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{paging, reading, schema};

pub struct CatalogListObjects;

#[derive(Deserialize)]
struct Args {
    #[serde(alias = "schema_name")]
    schema: Option<String>,
    #[serde(rename = "type", alias = "object_type")]
    kind: Option<String>,
    name: Option<String>,
    order_by: String,
    limit: usize,
    page_size: Option<usize>,
    #[serde(alias = "page_token")]
    after: Option<String>,
}

#[async_trait]
impl Tool for CatalogListObjects {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_list_objects",
            description: "Lists the objects that were harvested (tables, views, routines, sequences) of one schema or all, in order of name, rows or size, with the key that `catalog_get_object` takes. What has no rows or size stands last.",
            args: schema::object(
                json!({
                    "schema": schema::text("Only objects of this schema; of all where left out."),
                    "schema_name": schema::text("Another name of `schema`."),
                    "type": kind("Only objects of this type."),
                    "object_type": kind("Another name of `type`."),
                    "name": schema::text("Only objects with this in their names, in either case; with `*` for any letters it is the whole name: `*_log`."),
                    "order_by": schema::one_of(&["name", "rows", "size", "rows_est_desc", "size_desc"], "name", "`name`; `rows` or `size`, the largest first (also as `rows_est_desc`, `size_desc`)."),
                    "limit": schema::integer(1, 200, 50, "Objects on one page."),
                    "page_size": {"type": "integer", "minimum": 1, "maximum": 200, "description": "Another name of `limit`."},
                    "after": paging::after(),
                    "page_token": schema::text("Another name of `after`.")
                }),
                &[],
            ),
            output: schema::result(json!({
                "objects": {"type": "array", "items": {
                    "type": "object",
                    "required": ["key", "type", "schema", "name"],
                    "properties": {
                        "key": {"type": "string"}, "type": {"type": "string"}, "schema": {"type": "string"}, "name": {"type": "string"},
                        "kind": {"type": "string"}, "rows": {"type": ["integer", "null"]}, "rows_estimated": {"type": "boolean"},
                        "bytes": {"type": ["integer", "null"]}, "columns": {"type": "integer"}, "comment": {"type": "string"}
                    }
                }},
                "count": {"type": "integer", "description": "On all pages."},
                "next": paging::next()
            })),
            example: json!({"type": "table", "order_by": "rows", "limit": 20}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let schema = args.schema.as_deref().map(|name| reading::schema(workspace, Some(name))).transpose()?;
        let name = args.name.map(|name| name.to_lowercase());
        let fits = |object: &Object<'_>| {
            schema.is_none_or(|schema| schema == object.schema())
                && args.kind.as_deref().is_none_or(|kind| kind == object.kind())
                && name.as_ref().is_none_or(|name| matches(name, &object.name().to_lowercase()))
        };
        let found: Vec<Object<'_>> = objects::all(&workspace.snapshot).filter(fits).collect();
        let order = args.order_by.as_str();
        // A token of one order means nothing in another.
        let list = match order {
            "rows" | "rows_est_desc" => "objects by rows",
            "size" | "size_desc" => "objects by size",
            _ => "objects by name",
        };
        let key = |object: &Object<'_>| {
            let figure = match list {
                "objects by rows" => object.rows(),
                "objects by size" => object.bytes(),
                _ => None,
            };
            (Reverse(figure), object.schema().to_owned(), object.name().to_owned(), object.key())
        };
        let page = paging::page(list, found, key, args.page_size.unwrap_or(args.limit), args.after.as_deref())?;
        Ok(json!({"objects": page.items.iter().map(Object::line).collect::<Vec<_>>(), "count": page.count, "next": page.next}))
    }
}

fn kind(description: &str) -> Value {
    json!({"type": "string", "enum": objects::TYPES, "description": description})
}

/// Both in lower case. Without `*`, the pattern may stand anywhere in the name.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return name.contains(pattern) };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match name.find(piece) {
            Some(at) => name = &name[at + piece.len()..],
            None => return false,
        }
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, name, expect) in [
            ("ord", "my_orders", true),
            ("ord*", "my_orders", false),
            ("*ord*", "my_orders", true),
            ("*_log", "audit_log", true),
            ("*_log", "audit_logs", false),
            ("a*t*g", "audit_log", true),
            ("a*z*g", "audit_log", false),
            ("*", "", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }
}
