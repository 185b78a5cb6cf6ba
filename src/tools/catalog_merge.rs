//! `catalog_merge`: several entries of one kind as one claim of the caller. What the caller claimed itself goes into it; what others
//! claimed stays, and is linked.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{claiming, reading, schema};
use crate::claims::ProposedWrite;
use crate::domain::{Entry, Layer};

pub struct CatalogMerge;

#[derive(Deserialize)]
struct Args {
    keys: Value,
    target_key: String,
    kind: String,
    instructions: Option<String>,
}

#[async_trait]
impl Tool for CatalogMerge {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_merge",
            description: "Makes several findings of one kind into one, under `target_key`: documents, tags, links and evidence are united, the first named leads. Your own claims among them are taken back; claims of others stay and are linked.",
            args: schema::object(
                json!({
                    "keys": schema::texts("Keys of the entries to unite."),
                    "target_key": schema::text("Key of the one that results; may be one of `keys`."),
                    "kind": schema::default_text("domain", "Kind of all of them."),
                    "instructions": schema::text("Why they are one, for who reads it.")
                }),
                &["keys", "target_key"],
            ),
            output: merged_schema(),
            example: json!({"kind": "domain", "keys": ["domain/billing", "domain/invoices"], "target_key": "domain/billing", "instructions": "the same thing"}),
            effect: Effect::Record,
            aliases: &["catalog.merge"],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let (kind, target) = claiming::one_name(call.workspace, &args.kind, &args.target_key)?;
        let entries = found(call, &kind, &schema::texts_in(&args.keys)).await?;
        let mut document = Map::new();
        let (mut tags, mut evidence) = (Vec::new(), Vec::new());
        let mut links: Vec<String> = entries.iter().map(|entry| entry.claim.key.clone()).filter(|key| *key != target).collect();
        let sources = links.clone();
        for Entry { claim, .. } in &entries {
            unite(&mut document, &claim.document);
            tags.extend(claim.tags.iter().cloned());
            links.extend(claim.links.iter().cloned());
            evidence.extend(claim.evidence.iter().cloned().chain([claim.key.clone()]));
        }
        let least = entries.iter().map(|entry| entry.claim.confidence.value()).min_by(f64::total_cmp);
        claiming::sure(&mut document, least);
        document.insert("evidence".to_owned(), json!(evidence));
        document.insert("merged".to_owned(), json!({"keys": sources, "instructions": args.instructions}));
        [&mut tags, &mut links].into_iter().for_each(|words| {
            words.sort_unstable();
            words.dedup();
        });
        links.retain(|link| *link != target);
        let write = ProposedWrite { kind: kind.clone(), key: target.clone(), document: Value::Object(document), tags, links };
        let mut answer = claiming::claim(call, write, None).await?;
        if answer["recorded"] != json!(true) {
            return Ok(answer);
        }
        let author = &call.caller.provenance.author;
        let (mut withdrawn, mut linked) = (Vec::new(), Vec::new());
        for key in sources {
            let store = &call.workspace.store;
            match store.claim_of(&call.workspace.key, &kind, &key, author).await.map_err(reading::store_failure)? {
                Some(_) => {
                    claiming::withdraw(call, &kind, &key).await?;
                    withdrawn.push(key);
                }
                None => linked.push(key),
            }
        }
        answer["withdrawn"] = json!(withdrawn);
        answer["linked"] = json!(linked);
        Ok(answer)
    }
}

async fn found(Call { workspace, .. }: Call<'_>, kind: &str, keys: &[String]) -> Result<Vec<Entry>, Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    for key in keys {
        let (_, key) = claiming::one_name(workspace, kind, key)?;
        let entry = workspace.store.entry(&workspace.key, Layer::Finding, kind, &key).await.map_err(reading::store_failure)?;
        let missing =
            || Failure::Mendable(format!("there is no finding `{key}` of kind `{kind}`; `catalog_list` shows the keys there are"));
        let entry = entry.ok_or_else(missing)?;
        if entries.iter().all(|other| other.claim.key != entry.claim.key) {
            entries.push(entry);
        }
    }
    if entries.len() < 2 {
        return Err(Failure::Mendable("`keys` must name two different entries at least".to_owned()));
    }
    Ok(entries)
}

/// Adds what is not there yet: members that are missing, and items of lists.
fn unite(into: &mut Map<String, Value>, from: &Value) {
    for (name, value) in from.as_object().into_iter().flatten() {
        match (into.get_mut(name), value) {
            (Some(Value::Array(items)), Value::Array(more)) => {
                for item in more {
                    if !items.contains(item) {
                        items.push(item.clone());
                    }
                }
            }
            (Some(Value::Object(members)), Value::Object(_)) => unite(members, value),
            (Some(_), _) => {}
            (None, value) => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

fn merged_schema() -> Value {
    let mut schema = schema::claimed();
    schema["properties"]["withdrawn"] = schema::names();
    schema["properties"]["linked"] = schema::names();
    schema
}
