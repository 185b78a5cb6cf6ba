//! Calls of one server's tools: under the names and with the arguments that it knows, and page by page.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answers;
use super::peer::{Peer, PeerError};

/// Items on one page. Small enough for servers that cut long answers.
const PAGE: usize = 100;
/// A list that does not end is not read for ever.
const MOST_PAGES: usize = 10_000;

pub struct Line {
    peer: Arc<dyn Peer>,
    target: Option<String>,
    /// The properties of each tool's arguments; none where the server does not tell its tools.
    tools: Option<HashMap<String, Value>>,
}

impl Line {
    pub async fn open(peer: Arc<dyn Peer>, target: Option<String>) -> Result<Self, PeerError> {
        let tools = peer.tools().await?;
        let properties = |args: Value| args.get("properties").cloned().unwrap_or(Value::Null);
        let tools = tools.map(|tools| tools.into_iter().map(|tool| (tool.name, properties(tool.args))).collect());
        Ok(Self { peer, target, tools })
    }

    /// False where the server tells its tools, and none is called so.
    pub fn has(&self, names: &[&str]) -> bool {
        self.known(names).is_some()
    }

    /// The largest value that an argument may have.
    pub fn maximum(&self, names: &[&str], argument: &str) -> Option<u64> {
        let name = self.known(names)?;
        self.tools.as_ref()?.get(name)?.get(argument)?.get("maximum")?.as_u64()
    }

    /// Calls the first of these tools that there is; arguments that it does not know are left out.
    pub async fn call(&self, names: &[&str], args: Value) -> Result<Value, PeerError> {
        let name = self.known(names).ok_or_else(|| PeerError::NoSuchTool(names.join("` or `")))?;
        let Value::Object(mut args) = args else { unreachable!("arguments are always given as an object") };
        if let Some(target) = &self.target {
            let places = ["target_id", "source", "target"];
            let place = places.into_iter().find(|place| self.takes(name, place)).unwrap_or("target_id");
            args.insert(place.to_owned(), Value::from(target.as_str()));
        }
        args.retain(|argument, _| self.takes(name, argument));
        answers::unwrapped(self.peer.call(name, Value::Object(args)).await?)
    }

    /// The items of all pages of a list.
    pub async fn list(&self, names: &[&str], args: &Value, list: &[&str]) -> Result<Vec<Value>, PeerError> {
        let mut found: Vec<Value> = Vec::new();
        let (mut size, mut after) = (PAGE, None::<Value>);
        for _ in 0..MOST_PAGES {
            let answer = self.call(names, paged(args, size, after.as_ref())).await?;
            if answers::is_cut(&answer) && size > 1 {
                size /= 2;
                continue;
            }
            let items = answers::items(&answer, list);
            let is_repeated = after.is_some() && !items.is_empty() && found.get(..items.len()).is_some_and(|first| first == items);
            if is_repeated {
                break;
            }
            found.extend_from_slice(items);
            let tells_next = ["next", "next_page_token", "next_token", "nextCursor"].into_iter().any(|name| answer.get(name).is_some());
            let next = match answers::next(&answer) {
                Some(next) => next,
                // Some servers take the number of items before the page for its token, and do not say whether there is one.
                None if !tells_next && items.len() >= size => json!(found.len().to_string()),
                None => break,
            };
            if items.is_empty() || after.as_ref() == Some(&next) {
                break;
            }
            after = Some(next);
        }
        Ok(found)
    }

    fn known<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        match &self.tools {
            None => names.first().copied(),
            Some(tools) => names.iter().copied().find(|name| tools.contains_key(*name)),
        }
    }

    /// Whether a tool takes an argument; one whose arguments are not told takes all.
    fn takes(&self, tool: &str, argument: &str) -> bool {
        let properties = self.tools.as_ref().and_then(|tools| tools.get(tool)).and_then(Value::as_object);
        properties.is_none_or(|known| known.is_empty() || known.contains_key(argument))
    }
}

/// The arguments of a page, under both of their usual names.
fn paged(args: &Value, size: usize, after: Option<&Value>) -> Value {
    let mut args: Map<String, Value> = args.as_object().cloned().unwrap_or_default();
    for (count, token) in [("limit", "after"), ("page_size", "page_token")] {
        args.insert(count.to_owned(), Value::from(size));
        if let Some(after) = after {
            args.insert(token.to_owned(), after.clone());
        }
    }
    Value::Object(args)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::source::remote::peer::PeerTool;

    /// Lists numbers in one of the ways that servers have.
    struct Lister {
        way: fn(&Value) -> Value,
        tools: Option<Vec<PeerTool>>,
        asked: Mutex<Vec<Value>>,
    }

    #[async_trait]
    impl Peer for Lister {
        async fn tools(&self) -> Result<Option<Vec<PeerTool>>, PeerError> {
            Ok(self.tools.clone())
        }

        async fn call(&self, _: &str, args: Value) -> Result<Value, PeerError> {
            self.asked.lock().unwrap().push(args.clone());
            Ok((self.way)(&args))
        }
    }

    async fn listed(way: fn(&Value) -> Value) -> Vec<Value> {
        let lister = Lister { way, tools: None, asked: Mutex::default() };
        let line = Line::open(Arc::new(lister), None).await.unwrap();
        line.list(&["list_tables"], &json!({"schema": "s"}), &["tables"]).await.unwrap()
    }

    #[tokio::test]
    async fn every_way_of_paging_gives_every_item_once() {
        let expected: Vec<Value> = (0..230).map(|number| json!(number)).collect();
        let by_token = |args: &Value| {
            let first = args["after"].as_u64().unwrap_or(0);
            let end = (first + args["limit"].as_u64().unwrap()).min(230);
            json!({"tables": (first..end).collect::<Vec<_>>(), "next": if end < 230 { json!(end) } else { Value::Null }})
        };
        assert_eq!(listed(by_token).await, expected);
        let by_offset = |args: &Value| {
            let first: u64 = args["page_token"].as_str().map_or(0, |token| token.parse().unwrap());
            let end = (first + args["page_size"].as_u64().unwrap()).min(230);
            json!({"columns": 1, "rows": (first..end).collect::<Vec<_>>()})
        };
        assert_eq!(listed(by_offset).await, expected);
        let all_at_once = |_: &Value| json!({"tables": (0..230).collect::<Vec<_>>()});
        assert_eq!(listed(all_at_once).await, expected);
        let cut_when_long = |args: &Value| {
            let first = args["after"].as_u64().unwrap_or(0);
            let size = args["limit"].as_u64().unwrap();
            let end = (first + size).min(230);
            let shown = if size > 40 { first + 40 } else { end };
            json!({"tables": (first..shown.min(end)).collect::<Vec<_>>(), "truncated": size > 40, "next": if end < 230 { json!(end) } else { Value::Null }})
        };
        assert_eq!(listed(cut_when_long).await, expected);
    }

    #[tokio::test]
    async fn a_tool_gets_the_arguments_that_it_knows() {
        let args = json!({"type": "object", "properties": {"sql": {}, "max_rows": {"maximum": 50}, "source": {}}});
        let tools = vec![PeerTool { name: "sql.run".to_owned(), args }];
        let lister = Arc::new(Lister { way: |_| json!({}), tools: Some(tools), asked: Mutex::default() });
        let line = Line::open(lister.clone(), Some("shop".to_owned())).await.unwrap();
        let names = ["run_sql_readonly", "sql.run"];
        line.call(&names, json!({"sql": "x", "max_rows": 5, "timeout_sec": 2})).await.unwrap();
        assert_eq!(lister.asked.lock().unwrap()[0], json!({"sql": "x", "max_rows": 5, "source": "shop"}));
        assert_eq!(line.maximum(&names, "max_rows"), Some(50));
        assert_eq!(line.call(&["other"], json!({})).await, Err(PeerError::NoSuchTool("other".to_owned())));
    }
}
