//! What the experts' tests stand on: a small shop as snapshot, and ports that answer from scripts.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fathom::domain::event::ModelCall;
use fathom::domain::rows::RowColumn;
use fathom::domain::{
    Change, Column, Egress, Entry, EntryWrite, EventBody, ForeignKey, Hit, Layer, PlannedTask, Rival, Rows, RunId, Snapshot, SnapshotId,
    SourceKey, StaleMark, Table, Task, TaskId,
};
use fathom::experts::flow::{Recorder, StepRecord, Stopped};
use fathom::experts::thought::{Act, Plan, PlanBrief, Reasoning, Reflection, TaskBrief, Thought, ThoughtError, ToolResult};
use fathom::experts::{Desk, DeskFolders, Guidance, TaskContext};
use fathom::model::{self, Finish, Model, Reply, Request, Usage};
use fathom::source::{self, Consumer, Dialect, ReadLimits, ReadQuery, Source, Streamed};
use fathom::store::{self, StepRow, Store};
use fathom::tools::survey::Extent;
use fathom::tools::{Call, Effect, Failure, Registry, Settings, Spec, Tool, Workspace};
use serde_json::{Value, json};
use tokio::sync::watch;

pub fn run_id() -> RunId {
    "run_0190aaaaaaaa7aaaaaaaaaaaaaaaaaaa".parse().unwrap()
}

// --- the shop

pub fn shop() -> Snapshot {
    let column = |position: usize, (name, kind): (&str, &str)| Column {
        name: name.to_owned(),
        position: position as u32 + 1,
        declared_type: kind.to_owned(),
        r#type: kind.to_owned(),
        nullable: position > 0,
        ..Column::default()
    };
    let table = |name: &str, rows: u64, columns: &[(&str, &str)]| Table {
        schema: "shop".to_owned(),
        name: name.to_owned(),
        columns: columns.iter().copied().enumerate().map(|(position, given)| column(position, given)).collect(),
        primary_key: vec!["id".to_owned()],
        row_count: Some(rows),
        ..Table::default()
    };
    let reference = |column: &str, to: &str| ForeignKey {
        columns: vec![column.to_owned()],
        to_schema: "shop".to_owned(),
        to_table: to.to_owned(),
        to_columns: vec!["id".to_owned()],
        ..ForeignKey::default()
    };
    let customers = table("customers", 40, &[("id", "integer"), ("name", "text"), ("email", "text")]);
    let mut order_items =
        table("order_items", 3000, &[("id", "integer"), ("order_id", "integer"), ("product_id", "integer"), ("quantity", "integer")]);
    order_items.foreign_keys = vec![reference("order_id", "orders"), reference("product_id", "products")];
    let mut orders = table(
        "orders",
        1000,
        &[("id", "integer"), ("customer_id", "integer"), ("status", "integer"), ("ordered_at", "timestamp"), ("total", "decimal")],
    );
    orders.foreign_keys = vec![];
    let products = table("products", 60, &[("id", "integer"), ("title", "text"), ("price", "decimal")]);
    Snapshot {
        id: SnapshotId("snap_test".to_owned()),
        source: SourceKey("sqlite:shop".to_owned()),
        engine: "sqlite".to_owned(),
        schemas: vec!["shop".to_owned()],
        tables: vec![customers, order_items, orders, products],
        ..Snapshot::default()
    }
}

pub type Answering = Arc<dyn Fn(&str) -> Result<Rows, source::Error> + Send + Sync>;

pub struct FakeSource {
    key: SourceKey,
    answering: Answering,
}

/// Five counts for an anti-join, one number for everything else.
pub fn counting(counts: [u64; 5]) -> Answering {
    Arc::new(move |sql| {
        let row: Vec<Value> =
            if sql.contains("rows_without") || sql.contains("as orphans") { counts.map(Value::from).to_vec() } else { vec![json!(42)] };
        let columns = row.iter().map(|_| RowColumn { name: "n".to_owned(), r#type: "integer".to_owned() }).collect();
        Ok(Rows { columns, rows: vec![row], row_count: 1, truncated: false, elapsed_ms: 1 })
    })
}

#[async_trait]
impl Source for FakeSource {
    fn key(&self) -> &SourceKey {
        &self.key
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn harvest_telling(&self, _: &source::Progress) -> Result<Snapshot, source::Error> {
        Ok(shop())
    }

    async fn stream(&self, _: &ReadQuery, _: &ReadLimits, _: &mut Consumer<'_>) -> Result<Streamed, source::Error> {
        // A survey goes by names then.
        Err(source::Error::Statement("there are no rows here".to_owned()))
    }

    async fn read(&self, query: &ReadQuery, _: &ReadLimits) -> Result<Rows, source::Error> {
        (self.answering)(query.sql())
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, source::Error> {
        (self.answering)(query.sql()).map(|_| vec!["SCAN".to_owned()])
    }
}

/// A catalog that holds what it was made with.
#[derive(Default)]
pub struct FakeStore {
    pub entries: Vec<Entry>,
}

#[async_trait]
#[rustfmt::skip]
impl Store for FakeStore {
    async fn entries(&self, _: &SourceKey, filter: &store::EntryFilter, page: &store::Page) -> Result<store::Paged<Entry>, store::Error> {
        let fits = |entry: &&Entry| {
            let claim = &entry.claim;
            filter.kind.as_ref().is_none_or(|kind| *kind == claim.kind)
                && filter.prefix.as_ref().is_none_or(|prefix| claim.key.contains(prefix.as_str()))
        };
        Ok(store::Paged { items: self.entries.iter().filter(fits).take(page.limit).cloned().collect(), next: None })
    }
    async fn search(&self, _: &SourceKey, _: &str, _: &store::EntryFilter, _: usize) -> Result<Vec<Hit>, store::Error> { Ok(Vec::new()) }
    async fn create_run(&self, _: store::NewRun) -> Result<store::Created, store::Error> { unreachable!() }
    async fn run(&self, _: RunId) -> Result<Option<store::RunRow>, store::Error> { unreachable!() }
    async fn runs(&self, _: &store::RunFilter, _: &store::Page) -> Result<store::Paged<store::RunRow>, store::Error> { unreachable!() }
    async fn unfinished_runs(&self) -> Result<Vec<RunId>, store::Error> { unreachable!() }
    async fn claim_run(&self, _: RunId, _: &str) -> Result<store::RunRow, store::Error> { unreachable!() }
    async fn append(&self, _: store::Append) -> Result<(), store::Error> { unreachable!() }
    async fn records(&self, _: RunId, _: u64, _: usize) -> Result<Vec<store::Record>, store::Error> { unreachable!() }
    async fn steps(&self, _: RunId, _: TaskId) -> Result<Vec<StepRow>, store::Error> { unreachable!() }
    async fn put_command(&self, _: store::NewCommand) -> Result<store::StoredCommand, store::Error> { unreachable!() }
    async fn command(&self, _: RunId, _: &str) -> Result<Option<store::StoredCommand>, store::Error> { unreachable!() }
    async fn open_commands(&self, _: RunId) -> Result<Vec<store::StoredCommand>, store::Error> { unreachable!() }
    async fn put_entries(&self, _: &SourceKey, _: Vec<EntryWrite>) -> Result<(), store::Error> { unreachable!() }
    async fn restate(&self, _: &SourceKey, _: Vec<EntryWrite>) -> Result<(), store::Error> {
        unreachable!("experts restate nothing")
    }
    async fn claim_of(&self, _: &SourceKey, _: &str, _: &str, _: &str) -> Result<Option<EntryWrite>, store::Error> {
        unreachable!("experts look at what stands")
    }
    async fn entry(&self, _: &SourceKey, _: Layer, _: &str, _: &str) -> Result<Option<Entry>, store::Error> { unreachable!() }
    async fn entry_as_of(&self, _: &SourceKey, _: Layer, _: &str, _: &str, _: i64) -> Result<Option<Entry>, store::Error> { unreachable!() }
    async fn entries_as_of(&self, _: &SourceKey, _: &store::EntryFilter, _: i64, _: &store::Page) -> Result<store::Paged<Entry>, store::Error> { unreachable!() }
    async fn rivals(&self, _: &SourceKey, _: Layer, _: &str, _: &str) -> Result<Vec<Rival>, store::Error> { unreachable!() }
    async fn history(&self, _: &SourceKey, _: Layer, _: &str, _: &str, _: &store::Page) -> Result<store::Paged<Change>, store::Error> { unreachable!() }
    async fn counts(&self, _: &SourceKey) -> Result<Vec<store::KindCount>, store::Error> { unreachable!() }
    async fn mark_stale(&self, _: &SourceKey, _: Vec<StaleMark>) -> Result<(), store::Error> { unreachable!() }
    async fn put_snapshot(&self, _: &Snapshot) -> Result<(), store::Error> { unreachable!() }
    async fn snapshot(&self, _: &SnapshotId) -> Result<Option<Snapshot>, store::Error> { unreachable!() }
    async fn put_token(&self, _: store::TokenRow) -> Result<bool, store::Error> { unreachable!() }
    async fn tokens(&self) -> Result<Vec<store::TokenRow>, store::Error> { unreachable!() }
    async fn snapshots(&self, _: &SourceKey, _: usize) -> Result<Vec<store::SnapshotRow>, store::Error> { unreachable!() }
    async fn put_sources(&self, _: Vec<store::SourceRow>) -> Result<(), store::Error> { unreachable!() }
    async fn sources(&self) -> Result<Vec<store::SourceRow>, store::Error> { unreachable!() }
    async fn remove_source(&self, _: &str) -> Result<bool, store::Error> { unreachable!() }
    async fn revoke_token(&self, _: &str) -> Result<bool, store::Error> { unreachable!() }
    async fn add_queries(&self, _: Vec<store::QueryRow>, _: usize) -> Result<(), store::Error> { unreachable!() }
    async fn queries(&self, _: &SourceKey) -> Result<Vec<store::QueryRow>, store::Error> { unreachable!() }
    async fn add_audit(&self, _: Vec<store::AuditRow>, _: store::AuditKept) -> Result<(), store::Error> { unreachable!() }
    async fn audit(&self, _: &store::AuditFilter, _: &store::Page) -> Result<store::Paged<store::AuditRow>, store::Error> { unreachable!() }
    async fn put_remote_tools(&self, _: Vec<store::RemoteToolRow>) -> Result<(), store::Error> { unreachable!() }
    async fn remote_tools(&self, _: &str) -> Result<Vec<store::RemoteToolRow>, store::Error> { unreachable!() }
    async fn put_remote_call(&self, _: store::RemoteCallRow) -> Result<(), store::Error> { unreachable!() }
    async fn remote_calls(&self) -> Result<Vec<store::RemoteCallRow>, store::Error> { unreachable!() }
    async fn remove_remote_call(&self, _: &str) -> Result<bool, store::Error> { unreachable!() }
    async fn put_remote_logins(&self, _: Vec<store::RemoteLoginRow>) -> Result<(), store::Error> { unreachable!() }
    async fn remote_logins(&self) -> Result<Vec<store::RemoteLoginRow>, store::Error> { unreachable!() }
    async fn remove_remote_login(&self, _: &str, _: &str) -> Result<bool, store::Error> { unreachable!() }
    async fn probe(&self) -> Result<(), store::Error> { unreachable!() }
}

pub fn workspace(answering: Answering) -> Arc<Workspace> {
    workspace_with(shop(), answering, Vec::new())
}

pub fn workspace_with(snapshot: Snapshot, answering: Answering, entries: Vec<Entry>) -> Arc<Workspace> {
    let key = snapshot.source.clone();
    let source = Arc::new(FakeSource { key: key.clone(), answering });
    Arc::new(Workspace::new(key, Arc::new(snapshot), source, Arc::new(FakeStore { entries }), Extent::default()).with_egress(Egress::Full))
}

// --- tools

pub type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// A tool that answers by rule and notes that it was called.
struct FakeTool {
    spec: Spec,
    calls: Calls,
}

#[async_trait]
impl Tool for FakeTool {
    fn spec(&self) -> Spec {
        self.spec.clone()
    }

    async fn call(&self, _: Call<'_>, args: Value) -> Result<Value, Failure> {
        self.calls.lock().unwrap().push((self.spec.name.to_owned(), args.clone()));
        let text = |name: &str| args.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("column") == "broken" {
            return Err(Failure::Broken("the source does not answer".to_owned()));
        }
        if text("column") == "missing" {
            return Err(Failure::Mendable("there is no column `missing`; there are `id`".to_owned()));
        }
        Ok(match self.spec.name {
            "find_reference_candidates" => json!({ "candidates": [
                { "schema": "shop", "table": "customers", "column": "id", "score": 0.8 },
                { "schema": "shop", "table": "products", "column": "id", "score": 0.6 },
            ] }),
            "column_profile" if text("column") == "status" => {
                json!({ "row_count": 1000, "null_count": 0, "distinct_count": 4, "top_values": [{ "value": 1 }, { "value": 2 }, { "value": 3 }, { "value": 9 }] })
            }
            "column_profile" => json!({ "row_count": 1000, "null_count": 300, "distinct_count": 500, "min": 1, "max": 99 }),
            "sample_rows" => {
                json!({ "columns": [{ "name": "id" }, { "name": "name" }, { "name": "email" }], "rows": [[1, "Ada", "ada@example.org"]] })
            }
            name => json!({ "tool": name, "args": args }),
        })
    }
}

pub fn registry() -> (Arc<Registry>, Calls) {
    const NAMES: [&str; 13] = [
        "describe_table",
        "get_constraints",
        "suggest_joins",
        "find_reference_candidates",
        "table_profile",
        "column_profile",
        "sample_rows",
        "sample_distinct",
        "explain_sql",
        "run_sql_readonly",
        "catalog_search",
        "catalog_list",
        "catalog_get",
    ];
    let calls = Calls::default();
    let tools = NAMES.into_iter().map(|name| {
        let spec = Spec {
            name,
            description: "for tests",
            args: json!({ "type": "object" }),
            output: json!({ "type": "object" }),
            example: json!({}),
            effect: Effect::Read,
            aliases: &[],
        };
        Box::new(FakeTool { spec, calls: calls.clone() }) as Box<dyn Tool>
    });
    (Arc::new(Registry::of(tools.collect(), Settings::default())), calls)
}

pub fn desk() -> (Desk, Calls) {
    let (registry, calls) = registry();
    (Desk::load(&DeskFolders::default(), registry).expect("the embedded files are valid"), calls)
}

// --- thinking

/// Answers from a script, and notes what it was asked.
pub struct ScriptedReasoning {
    pub acts: Mutex<VecDeque<Act>>,
    pub reflection: Reflection,
    pub plan: Plan,
    pub asked: Mutex<Vec<String>>,
    pub seen: Mutex<Vec<Vec<ToolResult>>>,
    pub briefs: Mutex<Vec<TaskBrief>>,
    pub plan_briefs: Mutex<Vec<PlanBrief>>,
}

impl ScriptedReasoning {
    pub fn new(acts: Vec<Act>, reflection: Reflection) -> Arc<Self> {
        Arc::new(Self {
            acts: Mutex::new(acts.into()),
            reflection,
            plan: Plan::default(),
            asked: Mutex::default(),
            seen: Mutex::default(),
            briefs: Mutex::default(),
            plan_briefs: Mutex::default(),
        })
    }

    pub fn planning(plan: Plan) -> Arc<Self> {
        let mut reasoning = Self::new(Vec::new(), Reflection::default());
        Arc::get_mut(&mut reasoning).unwrap().plan = plan;
        reasoning
    }
}

fn thought<T>(value: T) -> Thought<T> {
    Thought { value, call: ModelCall { model: "scripted".to_owned(), calls: 1, ..ModelCall::default() } }
}

#[async_trait]
impl Reasoning for ScriptedReasoning {
    fn name(&self) -> &str {
        "scripted"
    }

    async fn plan(&self, brief: &PlanBrief) -> Result<Thought<Plan>, ThoughtError> {
        self.plan_briefs.lock().unwrap().push(brief.clone());
        Ok(thought(self.plan.clone()))
    }

    async fn act(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Act>, ThoughtError> {
        self.asked.lock().unwrap().push("act".to_owned());
        self.seen.lock().unwrap().push(rounds.to_vec());
        self.briefs.lock().unwrap().push(brief.clone());
        let act = self.acts.lock().unwrap().pop_front().expect("the script has another act");
        Ok(thought(act))
    }

    async fn reflect(&self, _: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Reflection>, ThoughtError> {
        self.asked.lock().unwrap().push("reflect".to_owned());
        self.seen.lock().unwrap().push(rounds.to_vec());
        Ok(thought(self.reflection.clone()))
    }
}

type Answer = Box<dyn Fn(&Request) -> Result<String, model::Error> + Send + Sync>;

/// A model that answers each request by a function of it, and keeps the requests.
pub struct ScriptedModel {
    answer: Answer,
    pub requests: Mutex<Vec<Request>>,
}

impl ScriptedModel {
    pub fn new(answer: impl Fn(&Request) -> Result<String, model::Error> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), requests: Mutex::default() })
    }
}

#[async_trait]
impl Model for ScriptedModel {
    fn name(&self) -> &str {
        "scripted"
    }

    async fn reply(&self, request: &Request) -> Result<Reply, model::Error> {
        self.requests.lock().unwrap().push(request.clone());
        let text = (self.answer)(request)?;
        Ok(Reply {
            text,
            finish: Finish::Stop,
            usage: Usage { prompt_tokens: 10, answer_tokens: 5, usd: 0.0 },
            model: "scripted-1".to_owned(),
            attempts: 1,
            duration: Duration::from_millis(3),
            remarks: Vec::new(),
        })
    }
}

// --- recording

/// Keeps what is recorded, and may refuse from the nth record on, as a process that dies there.
#[derive(Default)]
pub struct MemoryRecorder {
    pub records: Mutex<Vec<StepRecord>>,
    pub dies_after: Option<usize>,
}

impl MemoryRecorder {
    pub fn dying_after(records: usize) -> Arc<Self> {
        Arc::new(Self { records: Mutex::default(), dies_after: Some(records) })
    }

    pub fn rows(&self) -> Vec<StepRow> {
        let row = |record: &StepRecord| StepRow { task: record.task, step: record.step.clone(), result: record.result.clone() };
        self.records.lock().unwrap().iter().map(row).collect()
    }

    pub fn steps(&self) -> Vec<String> {
        self.records.lock().unwrap().iter().map(|record| record.step.clone()).collect()
    }

    pub fn events(&self) -> Vec<EventBody> {
        self.records.lock().unwrap().iter().flat_map(|record| record.events.clone()).collect()
    }

    /// Entries by key.
    pub fn entries(&self) -> HashMap<String, EntryWrite> {
        let records = self.records.lock().unwrap();
        records.iter().flat_map(|record| record.entries.clone()).map(|entry| (entry.key.clone(), entry)).collect()
    }
}

#[async_trait]
impl Recorder for MemoryRecorder {
    async fn record(&self, record: StepRecord) -> Result<(), Stopped> {
        let mut records = self.records.lock().unwrap();
        if self.dies_after.is_some_and(|bound| records.len() >= bound) {
            return Err(Stopped);
        }
        records.push(record);
        Ok(())
    }
}

// --- tasks

pub fn task(expert: &str, table: &str, goal: &str) -> Task {
    let planned = PlannedTask {
        expert: expert.to_owned(),
        goal: goal.to_owned(),
        schema: "shop".to_owned(),
        table: Some(table.to_owned()),
        priority: 0.5,
    };
    Task { task: TaskId(3), iteration: 1, planned }
}

pub fn context(workspace: Arc<Workspace>, reasoning: Arc<dyn Reasoning>) -> TaskContext {
    guided(workspace, reasoning, Guidance::default())
}

/// A task that hears what the person has said, and nothing more after that.
pub fn guided(workspace: Arc<Workspace>, reasoning: Arc<dyn Reasoning>, guidance: Guidance) -> TaskContext {
    TaskContext { run_id: run_id(), guidance: watch::channel(guidance).1, workspace, reasoning }
}
