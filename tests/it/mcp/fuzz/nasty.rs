//! Messages that somebody thought of: each is wrong in its own way, or right in a way that is easily taken for wrong.

use serde_json::{Value, json};

pub fn bodies() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = texts().into_iter().map(String::into_bytes).collect();
    all.extend(messages().iter().map(|message| message.to_string().into_bytes()));
    all.extend([
        b"\xff\xfe\x00".to_vec(),
        b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xc3\x28\"}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":\"\xed\xa0\x80\",\"method\":\"ping\"}".to_vec(),
        b"\x00\x00\x00".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\x00ng\"}".to_vec(),
    ]);
    all
}

/// What is no JSON, or JSON that a tree of values cannot hold.
fn texts() -> Vec<String> {
    let deep = |open: &str, close: &str, depth: usize| open.repeat(depth) + &close.repeat(depth);
    let with_id = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#);
    let with_params = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    let mut texts: Vec<String> = [
        "",
        " ",
        "null",
        "true",
        "1",
        "\"ping\"",
        "[]",
        "{}",
        "[{}]",
        "{",
        "}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"meth",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} and more",
        "{'jsonrpc':'2.0','id':1,'method':'ping'}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",}",
        "{\"jsonrpc\":\"2.0\",/* a comment */\"id\":1,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\",\"method\":\"tools/list\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"tables\",\"name\":\"run_sql_readonly\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\u0000\"}",
        "<?xml version=\"1.0\"?><methodCall/>",
        "GET /mcp HTTP/1.1",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.extend(
        ["1e400", "-1e400", "1.5", "-0", "NaN", "Infinity", "0x10", "99999999999999999999999999", "-9223372036854775809", "01"]
            .map(with_id),
    );
    texts.extend([("[", "]"), ("{\"a\":", "}")].map(|(open, close)| with_params(&deep(open, close, 100))));
    texts.extend([("[", "]"), ("{\"a\":", "}")].map(|(open, close)| with_params(&deep(open, close, 50_000))));
    texts.push("[".repeat(500_000));
    texts.push(format!("[{}]", vec![r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#; 2_000].join(",")));
    texts.push(with_id(&format!("\"{}\"", "x".repeat(100_000))));
    texts.push(format!("\"{}", "x".repeat(2_000_000)));
    texts
}

/// JSON that is no message, or one about what is not there.
fn messages() -> Vec<Value> {
    let mut messages = vec![
        json!({"id": 1, "method": "ping"}),
        json!({"jsonrpc": "1.0", "id": 1, "method": "ping"}),
        json!({"jsonrpc": 2.0, "id": 1, "method": "ping"}),
        json!({"jsonrpc": "2.0", "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": 1}),
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "id": "nobody", "result": {"action": "accept", "content": {}}}),
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "no"}}),
        json!({"jsonrpc": "2.0", "id": 1, "error": "no"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "result": {}, "error": {}}),
        json!([{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}]),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": {}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/nothing", "params": []}),
        json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": "much"}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": 1, "capabilities": [], "clientInfo": null}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "", "capabilities": {}, "clientInfo": {"name": "", "version": ""}}}),
    ];
    let request = |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    for id in [json!(null), json!(true), json!({}), json!([]), json!(""), json!(-1), json!("\u{0}")] {
        messages.push(json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"}));
    }
    for method in [
        json!(1),
        json!(null),
        json!({}),
        json!(""),
        json!("tools"),
        json!("\u{0}"),
        json!("tools/\nlist"),
        json!("__proto__"),
        json!("x".repeat(10_000)),
    ] {
        messages.push(json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}));
    }
    for params in [
        json!(null),
        json!([]),
        json!("x"),
        json!(1),
        json!({"_meta": 1}),
        json!({"_meta": {"progressToken": {}}}),
        json!({"cursor": 7}),
        json!({"cursor": "nonsense"}),
    ] {
        messages.extend(
            ["tools/list", "tools/call", "resources/list", "prompts/get", "server/discover"].map(|method| request(method, params.clone())),
        );
    }
    let call = |name: Value, arguments: Value| request("tools/call", json!({"name": name, "arguments": arguments}));
    for name in [json!(1), json!(""), json!("nothing"), json!("\u{0}"), json!(["run_sql_readonly"]), json!("catalog.search")] {
        messages.push(call(name, json!({})));
    }
    for arguments in [
        json!([]),
        json!("select 1"),
        json!({"sql": 1}),
        json!({"sql": null}),
        json!({"sql": ""}),
        json!({"sql": "\u{0}"}),
        json!({"sql": "select '\u{0}'"}),
        json!({"sql": "select 1", "max_rows": -1}),
        json!({"sql": "select 1", "max_rows": 1e300}),
        json!({"sql": "select 1", "max_rows": "many"}),
        json!({"sql": "select 1", "nonsense": {}}),
        json!({"sql": "select 1", "source": 7}),
        json!({"sql": "select 1", "source": "nobody://nowhere"}),
        json!({"sql": "select 1", "source": "", "target_id": ""}),
        json!({"sql": format!("select {}1", "(".repeat(10_000))}),
        json!({"sql": format!("select '{}'", "x".repeat(500_000))}),
    ] {
        messages.push(call(json!("run_sql_readonly"), arguments));
    }
    for (tool, arguments) in [
        ("catalog_search", json!({"query": "\" or 1=1 -- * ( ) : ^ NEAR"})),
        ("catalog_search", json!({"query": "x".repeat(200_000)})),
        ("catalog_search", json!({"query": "orders", "limit": 0})),
        ("catalog_search", json!({"query": "orders", "after": "nonsense"})),
        ("catalog_get_object", json!({"name": "../../etc/passwd"})),
        ("catalog_sql", json!({"sql": "attach 'x' as y"})),
        ("find_join_path", json!({"from": "main.orders", "to": {}})),
        ("discovery_watch", json!({"run_id": "run_nonsense", "wait_seconds": 1e18})),
        ("answer_question", json!({"question_id": "", "answer": []})),
    ] {
        messages.push(call(json!(tool), arguments));
    }
    for uri in [
        "",
        "nonsense",
        "file:///etc/passwd",
        "fathom://",
        "fathom://object/",
        "fathom://object/%ff%00",
        "fathom://finding/../..",
        "fathom://report/run_x",
        "\u{0}",
    ] {
        messages.push(request("resources/read", json!({ "uri": uri })));
    }
    for (name, arguments) in [
        ("answer", json!({"question": {"a": 1}})),
        ("answer", json!([])),
        ("explore", json!({"topic": "x".repeat(100_000)})),
        ("", json!(null)),
    ] {
        messages.push(request("prompts/get", json!({"name": name, "arguments": arguments})));
    }
    for reference in [
        json!({"type": "ref/nothing"}),
        json!({"type": "ref/prompt", "name": 1}),
        json!({"type": "ref/resource", "uri": "fathom://object/{name}"}),
        json!(null),
    ] {
        messages.push(request("completion/complete", json!({"ref": reference, "argument": {"name": "x", "value": "\u{0}%"}})));
    }
    for method in [
        "subscriptions/listen",
        "tasks/get",
        "tasks/cancel",
        "logging/setLevel",
        "resources/subscribe",
        "roots/list",
        "sampling/createMessage",
        "elicitation/create",
    ] {
        messages.push(request(method, json!({"uri": 1, "taskId": [], "level": "loud", "notifications": {"toolsListChanged": true}})));
    }
    messages
}
