//! `llm.domain_set_members`: which tables a domain is made of, in place of what was said before.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{accepted, shapes};
use crate::claims::ProposedWrite;
use crate::domain::Layer;
use crate::tools::port::{Call, Effect, Failure, Spec, Tool};
use crate::tools::{claiming, reading, schema};

pub struct SetMembers;

#[async_trait]
impl Tool for SetMembers {
    fn spec(&self) -> Spec {
        let member = json!({
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": 400},
                {
                    "type": "object",
                    "required": ["object_id"],
                    "properties": {
                        "object_id": {"type": "string", "minLength": 1, "maxLength": 400},
                        "role": {"type": "string", "maxLength": 80},
                        "confidence": {"type": "number", "minimum": 0, "maximum": 1}
                    },
                    "additionalProperties": false
                }
            ]
        });
        let mut properties = Map::from_iter([
            ("domain_key".to_owned(), schema::text("The domain's short name: `billing`.")),
            (
                "members".to_owned(),
                json!({"type": "array", "minItems": 1, "maxItems": 200, "items": member, "description": "All its tables: names, or objects with `object_id`, `role` (entity, fact, dimension, bridge, log, lookup) and `confidence`."}),
            ),
            ("confidence".to_owned(), schema::share("How sure you are of the whole; bounded by the evidence.")),
        ]);
        accepted(&mut properties);
        Spec {
            name: "llm.domain_set_members",
            description: "Names the tables of a domain, all at once, in place of those that you named before. What you said of the domain besides stays.",
            args: schema::object(Value::Object(properties), &["domain_key", "members"]),
            output: schema::claimed(),
            example: json!({"domain_key": "sales", "members": [{"object_id": "main.orders", "role": "fact"}, "main.customers"], "confidence": 0.6}),
            effect: Effect::Record,
            aliases: &[],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let Call { workspace, caller, .. } = call;
        let name = args["domain_key"].as_str().unwrap_or_default();
        let (kind, key) = claiming::one_name(workspace, "domain", &shapes::domain_key(name))?;
        let (mut members, mut tables) = (Vec::new(), Vec::new());
        for member in args["members"].as_array().into_iter().flatten() {
            let named = member.as_str().or_else(|| member["object_id"].as_str()).unwrap_or_default();
            let table = shapes::table(workspace, named)?.full_name();
            if !tables.contains(&table) {
                members.push(json!({"object": table, "role": member.get("role"), "confidence": member.get("confidence")}));
                tables.push(table);
            }
        }
        let store = &workspace.store;
        let own = store.claim_of(&workspace.key, &kind, &key, &caller.provenance.author).await.map_err(reading::store_failure)?;
        let said = match own {
            Some(own) => Some(own),
            // Named beside what somebody else says of the domain, so that the claim can be read alone.
            None => {
                store.entry(&workspace.key, Layer::Finding, &kind, &key).await.map_err(reading::store_failure)?.map(|entry| entry.claim)
            }
        };
        let mut document = said.as_ref().and_then(|claim| claim.document.as_object().cloned()).unwrap_or_default();
        let links: Vec<String> = tables.iter().map(|table| format!("table/{table}")).collect();
        claiming::sure(&mut document, args["confidence"].as_f64().or_else(|| said.as_ref().map(|claim| claim.confidence.value())));
        document.insert("members".to_owned(), json!(members));
        document.insert("tables".to_owned(), json!(tables));
        document.insert("evidence".to_owned(), json!(links));
        let tags = said.map(|claim| claim.tags).unwrap_or_default();
        claiming::claim(call, ProposedWrite { kind, key, document: Value::Object(document), tags, links }, None).await
    }
}
