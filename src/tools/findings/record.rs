//! Recording a finding: the arguments of its kind become a claim, which goes through the one gate.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{Kind, accepted};
use crate::tools::port::{Call, Effect, Failure, Spec, Tool};
use crate::tools::{claiming, schema};

pub struct Record(pub(super) &'static Kind);

#[async_trait]
impl Tool for Record {
    fn spec(&self) -> Spec {
        let shape = (self.0.shape)();
        let mut properties = shape.properties.as_object().cloned().unwrap_or_default();
        properties.insert("confidence".to_owned(), schema::share("How sure you are; bounded by the evidence."));
        properties.insert("tags".to_owned(), schema::texts("Words to find it by."));
        properties.entry("evidence").or_insert_with(schema::cited);
        if !self.0.is_its_own_proof() {
            properties.insert("sql".to_owned(), schema::proof());
        }
        accepted(&mut properties);
        Spec {
            name: self.0.record,
            description: self.0.says,
            args: schema::object(Value::Object(properties), shape.required),
            output: schema::claimed(),
            example: shape.example,
            effect: Effect::Record,
            aliases: &[],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let Value::Object(mut args) = args else { return Err(Failure::Mendable("the arguments must be an object".to_owned())) };
        args.remove("run_id");
        args.remove("agent_run_id");
        let confidence = args.remove("confidence").and_then(|value| value.as_f64());
        let tags = schema::texts_in(&args.remove("tags").unwrap_or_default());
        let evidence = args.remove("evidence").or_else(|| args.remove("sources"));
        let sql = if self.0.is_its_own_proof() { None } else { args.remove("sql") };
        let mut write = (self.0.propose)(call.workspace, args)?;
        write.tags.extend(tags);
        let mut document = match write.document {
            Value::Object(members) => members,
            other => Map::from_iter([("text".to_owned(), other)]),
        };
        document.retain(|_, value| !value.is_null());
        claiming::sure(&mut document, confidence);
        if let Some(evidence) = evidence {
            if evidence.is_object() {
                document.insert("reasons".to_owned(), evidence.clone());
            }
            document.insert("evidence".to_owned(), json!(claiming::citations(Some(&evidence))));
        }
        write.document = Value::Object(document);
        claiming::claim(call, write, sql.as_ref().and_then(Value::as_str)).await
    }
}

impl Kind {
    /// Metrics and templates are SQL that is run as it is.
    fn is_its_own_proof(&self) -> bool {
        matches!(self.kind, "metric" | "question_template")
    }
}
