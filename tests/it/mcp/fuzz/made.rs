//! Messages that nobody thought of: drawn at random, always the same ones.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const METHODS: [&str; 14] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "subscriptions/listen",
    "notifications/cancelled",
    "notifications/initialized",
];
const WORDS: [&str; 16] = [
    "name",
    "arguments",
    "uri",
    "cursor",
    "_meta",
    "ref",
    "argument",
    "value",
    "sql",
    "query",
    "max_rows",
    "source",
    "catalog_search",
    "run_sql_readonly",
    "fathom://guide",
    "answer",
];

pub fn bodies(count: usize) -> Vec<Vec<u8>> {
    let mut runner = TestRunner::deterministic();
    let body = body();
    (0..count).map(|_| body.new_tree(&mut runner).expect("a body can be drawn").current()).collect()
}

/// A message that is nearly one, and sometimes a byte of it changed, cut or put twice.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let message = (id(), method(), params(), any::<u8>()).prop_map(|(id, method, params, choice)| {
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let members = message.as_object_mut().expect("an object");
        match choice {
            0..20 => drop(members.remove("jsonrpc")),
            20..40 => drop(members.remove("id")),
            40..50 => drop(members.remove("method")),
            50..70 => drop(members.remove("params")),
            _ => {}
        }
        message.to_string().into_bytes()
    });
    let bytes = (message, any::<prop::sample::Index>(), any::<u8>(), 0..6_u8);
    bytes.prop_map(|(mut bytes, at, byte, what)| {
        let at = at.index(bytes.len());
        match what {
            0 => bytes[at] = byte,
            1 => bytes.truncate(at),
            2 => bytes.insert(at, byte),
            _ => {}
        }
        bytes
    })
}

fn id() -> impl Strategy<Value = Value> {
    prop_oneof![4 => (1..1000_i64).prop_map(Value::from), 2 => ".{0,12}".prop_map(Value::from), 1 => anything()]
}

fn method() -> impl Strategy<Value = Value> {
    prop_oneof![8 => prop::sample::select(&METHODS[..]).prop_map(Value::from), 1 => ".{0,20}".prop_map(Value::from), 1 => anything()]
}

fn params() -> impl Strategy<Value = Value> {
    let call = (
        prop::sample::select(vec!["run_sql_readonly", "catalog_search", "catalog_get_object", "catalog_sql", "list_tables", "questions"]),
        anything(),
    )
        .prop_map(|(name, arguments)| json!({"name": name, "arguments": arguments}));
    prop_oneof![3 => anything(), 2 => call]
}

fn anything() -> impl Strategy<Value = Value> {
    let word = prop_oneof![prop::sample::select(&WORDS[..]).prop_map(str::to_owned), ".{0,10}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(word.clone(), inner, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
