//! Taking a finding back, and doubting it: its author only, by the rules of `claiming`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Kind;
use crate::domain::EntryStatus;
use crate::tools::port::{Call, Effect, Failure, Spec, Tool};
use crate::tools::{claiming, schema};

pub struct Delete(pub(super) &'static Kind);
pub struct SetStatus(pub(super) &'static Kind);

#[async_trait]
impl Tool for Delete {
    fn spec(&self) -> Spec {
        Spec {
            name: self.0.delete,
            description: "Takes back a finding that you recorded yourself; findings of others are not yours to delete. The history keeps it.",
            args: schema::object(self.0.naming(json!({})), &[]),
            output: schema::withdrawn(),
            example: json!({"key": (self.0.shape)().key}),
            effect: Effect::Record,
            aliases: &[],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let key = self.0.key(args.as_object().unwrap_or(&serde_json::Map::new()))?;
        claiming::withdraw(call, self.0.kind, &key).await
    }
}

#[async_trait]
impl Tool for SetStatus {
    fn spec(&self) -> Spec {
        let statuses: Vec<&str> = EntryStatus::ALL.iter().map(|status| status.name()).collect();
        let more = json!({
            "status": {"type": "string", "enum": statuses, "description": "`draft`: you doubt it; `stale`: it was true once. The others come from checks and from people."},
            "reason": schema::text("Why, for who reads it.")
        });
        Spec {
            name: self.0.set_status,
            description: "Says of a finding that you recorded yourself that it is doubtful (`draft`) or no longer true (`stale`). A tool never validates and never rejects: that is for exact checks and for people.",
            args: schema::object(self.0.naming(more), &["status"]),
            output: schema::result(json!({
                "kind": {"type": "string"},
                "key": {"type": "string"},
                "status": {"type": "string"},
                "confidence": {"type": "number"},
                "stands_now": schema::standing()
            })),
            example: json!({"key": (self.0.shape)().key, "status": "draft", "reason": "a newer table takes its place"}),
            effect: Effect::Record,
            aliases: &[],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args = args.as_object().cloned().unwrap_or_default();
        let key = self.0.key(&args)?;
        let text = |name: &str| args.get(name).and_then(Value::as_str);
        let status = text("status").and_then(EntryStatus::from_name).ok_or_else(|| Failure::Mendable("`status` is needed".to_owned()))?;
        claiming::set_status(call, self.0.kind, &key, status, text("reason")).await
    }
}
