//! Findings by their kinds: `llm.<kind>_upsert`, `_list`, `_get`, `_delete` and `_set_status`, made from the table below, and the few
//! tools that are not alike. The kinds differ by the shape of what is claimed (`shapes`), and by nothing else.

mod change;
mod domain_members;
mod look;
mod record;
mod search;
mod shapes;

use serde_json::{Map, Value};

use super::Workspace;
use super::port::{Failure, Tool};
use crate::claims::ProposedWrite;

/// One kind of finding and its tools.
struct Kind {
    kind: &'static str,
    /// The argument that names one finding of this kind.
    named_by: &'static str,
    record: &'static str,
    list: &'static str,
    get: &'static str,
    delete: &'static str,
    set_status: &'static str,
    /// What recording one does, for who calls.
    says: &'static str,
    /// Properties of the arguments, those that are needed, and a valid call.
    shape: fn() -> Shape,
    propose: fn(&Workspace, Map<String, Value>) -> Result<ProposedWrite, Failure>,
}

struct Shape {
    properties: Value,
    required: &'static [&'static str],
    example: Value,
    /// The key of what the example records.
    key: &'static str,
}

const KINDS: [Kind; 6] = [
    Kind {
        kind: "summary",
        named_by: "object_id",
        record: "llm.summary_upsert",
        list: "llm.summary_list",
        get: "llm.summary_get",
        delete: "llm.summary_delete",
        set_status: "llm.summary_set_status",
        says: "Records what a table, view or column means: grain, keys, measures, joins, questions that it answers. It is a proposal: the answer says what a check and the evidence made of it.",
        shape: shapes::summary,
        propose: shapes::propose_summary,
    },
    Kind {
        kind: "relationship",
        named_by: "key",
        record: "llm.relationship_upsert",
        list: "llm.relationship_list",
        get: "llm.relationship_get",
        delete: "llm.relationship_delete",
        set_status: "llm.relationship_set_status",
        says: "Records that columns of one table refer to another. It is counted out on the data: what most rows contradict is recorded as refuted. It is a proposal: the answer says what a check and the evidence made of it.",
        shape: shapes::relationship,
        propose: shapes::propose_relationship,
    },
    Kind {
        kind: "domain",
        named_by: "domain_key",
        record: "llm.domain_upsert",
        list: "llm.domain_list",
        get: "llm.domain_get",
        delete: "llm.domain_delete",
        set_status: "llm.domain_set_status",
        says: "Records a domain, which is a group of tables that belong together, like `billing`; `llm.domain_set_members` names its tables. It is a proposal: the answer says what a check and the evidence made of it.",
        shape: shapes::domain,
        propose: shapes::propose_domain,
    },
    Kind {
        kind: "metric",
        named_by: "metric_key",
        record: "llm.metric_upsert",
        list: "llm.metric_list",
        get: "llm.metric_get",
        delete: "llm.metric_delete",
        set_status: "llm.metric_set_status",
        says: "Records a measure of the business. Its SQL is run, and must give one value; SQL with parameters is kept unchecked. It is a proposal: the answer says what a check and the evidence made of it.",
        shape: shapes::metric,
        propose: shapes::propose_metric,
    },
    Kind {
        kind: "question_template",
        named_by: "key",
        record: "llm.question_template_add",
        list: "llm.question_template_list",
        get: "llm.question_template_get",
        delete: "llm.question_template_delete",
        set_status: "llm.question_template_set_status",
        says: "Records a question that the data can answer, and how. Its example is planned and run. It is a proposal: the answer says what a check and the evidence made of it.",
        shape: shapes::question_template,
        propose: shapes::propose_question_template,
    },
    Kind {
        kind: "note",
        named_by: "key",
        record: "llm.note_add",
        list: "llm.note_list",
        get: "llm.note_get",
        delete: "llm.note_delete",
        set_status: "llm.note_set_status",
        says: "Records a note on the whole source, a schema, an object or a domain. It is a proposal: the answer says what a check and the evidence made of it.",
        shape: shapes::note,
        propose: shapes::propose_note,
    },
];

/// All of them, kind by kind.
pub fn tools() -> Vec<Box<dyn Tool>> {
    let mut tools: Vec<Box<dyn Tool>> = vec![Box::new(search::Search), Box::new(domain_members::SetMembers)];
    for kind in &KINDS {
        tools.push(Box::new(record::Record(kind)));
        tools.push(Box::new(look::List(kind)));
        tools.push(Box::new(look::Get(kind)));
        tools.push(Box::new(change::SetStatus(kind)));
        tools.push(Box::new(change::Delete(kind)));
    }
    tools
}

impl Kind {
    /// The finding that is named, by its key or by the argument that this kind is named by.
    fn key(&self, args: &Map<String, Value>) -> Result<String, Failure> {
        let named = args.get("key").or_else(|| args.get(self.named_by)).and_then(Value::as_str);
        let name = named.ok_or_else(|| Failure::Mendable(format!("`{}` or `key` is needed", self.named_by)))?;
        Ok(self.key_of(name))
    }

    /// `summary/main.orders` of `main.orders` and of `table/main.orders`.
    fn key_of(&self, name: &str) -> String {
        let prefix = if self.kind == "relationship" { "rel" } else { self.kind };
        let rest = match name.split_once('/') {
            Some((first, rest)) if first == prefix || (self.kind == "summary" && ["table", "view", "col"].contains(&first)) => rest,
            _ => name,
        };
        format!("{prefix}/{rest}")
    }

    /// The arguments that name one finding, with more of them.
    fn naming(&self, more: Value) -> Value {
        let mut properties = Map::new();
        properties.insert("key".to_owned(), super::schema::text("The finding's key, as the list shows it."));
        if self.named_by != "key" {
            let words = format!("What the finding is of, in place of its key: the `{}` that it was recorded with.", self.named_by);
            properties.insert(self.named_by.to_owned(), super::schema::text(&words));
        }
        if let Value::Object(more) = more {
            properties.extend(more);
        }
        accepted(&mut properties);
        Value::Object(properties)
    }
}

/// What clients of ProxySQL also send: which harvest they looked at. There is one catalog a source, so that it says nothing here.
fn accepted(properties: &mut Map<String, Value>) {
    let words = "Accepted for clients that send it; a source has one catalog, whichever harvest was looked at.";
    let run = "The run that you carry out, as `agent.run_start` answered it; what is recorded carries it.";
    properties.insert("agent_run_id".to_owned(), super::schema::text(run));
    properties.insert("run_id".to_owned(), serde_json::json!({"type": ["string", "integer"], "description": words}));
}
