//! The rows of one answer of `run_sql_readonly`, whatever their shape, in the order of the query's columns.

use serde_json::Value;

use super::answers;
use super::outline::Outline;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerRows {
    /// Empty where the server gives no name.
    pub names: Vec<String>,
    /// As the server calls the types; empty where it does not.
    pub types: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// The server has more, or has left some out.
    pub is_cut: bool,
}

impl AnswerRows {
    pub fn of(mut answer: Value, outline: &Outline) -> Result<Self, String> {
        let is_cut = answers::is_cut(&answer);
        let (names, types) = told(&answer);
        let rows = match answer.get_mut("rows").map(Value::take) {
            Some(Value::Array(rows)) => rows,
            None | Some(Value::Null) if answer.is_array() => match answer {
                Value::Array(rows) => rows,
                _ => Vec::new(),
            },
            _ => return Err("the server answered without rows".to_owned()),
        };
        let wanted: Vec<Option<String>> = match (&names, &outline.columns) {
            (Some(names), _) => names.iter().cloned().map(Some).collect(),
            (None, Some(columns)) => columns.iter().map(|column| column.name.clone()).collect(),
            (None, None) => Vec::new(),
        };
        let keys = match rows.first() {
            Some(Value::Object(first)) => ordered(first.keys().map(String::as_str).collect(), &wanted)?,
            _ => Vec::new(),
        };
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            read.push(match row {
                Value::Array(values) => values,
                Value::Object(mut members) => keys.iter().map(|key| members.remove(key).unwrap_or_default()).collect(),
                single => vec![single],
            });
        }
        let width = read.first().map_or(wanted.len(), Vec::len);
        if let Some(odd) = read.iter().find(|row| row.len() != width) {
            return Err(format!("the server's rows differ in length: {width} and {}", odd.len()));
        }
        let of_place = |at: usize| match keys.get(at) {
            Some(key) => key.clone(),
            None => wanted.get(at).cloned().flatten().unwrap_or_default(),
        };
        Ok(Self { names: (0..width).map(of_place).collect(), types: types.unwrap_or_default(), rows: read, is_cut })
    }

    /// Every value that is there is a text.
    pub fn has_only_texts(&self) -> bool {
        self.rows.iter().flatten().all(|value| matches!(value, Value::String(_) | Value::Null))
    }
}

/// Names and types of columns, where they are more than a number.
fn told(answer: &Value) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let list = ["columns", "column_names", "fields"].into_iter().find_map(|name| answer.get(name)?.as_array());
    let Some(list) = list.filter(|list| !list.is_empty()) else { return (None, None) };
    let name = |item: &Value| answers::name(item, &["name", "column", "column_name"]).unwrap_or_default();
    let types: Option<Vec<String>> = list.iter().map(|item| answers::text_of(item, &["type", "data_type"])).collect();
    (Some(list.iter().map(name).collect()), types)
}

/// The members of a row in the order of the query. JSON's members have none; so each name is looked for, and one may be left over.
fn ordered(mut keys: Vec<&str>, wanted: &[Option<String>]) -> Result<Vec<String>, String> {
    if wanted.is_empty() {
        return Ok(keys.into_iter().map(str::to_owned).collect());
    }
    let mut places: Vec<Option<String>> = vec![None; wanted.len()];
    for (place, name) in places.iter_mut().zip(wanted) {
        let Some(name) = name else { continue };
        let found = keys.iter().position(|key| key == name).or_else(|| keys.iter().position(|key| key.eq_ignore_ascii_case(name)));
        *place = found.map(|at| keys.remove(at).to_owned());
    }
    let open: Vec<usize> = (0..places.len()).filter(|at| places[*at].is_none()).collect();
    match (open.as_slice(), keys.as_slice()) {
        ([], _) => {}
        ([at], [key]) => places[*at] = Some((*key).to_owned()),
        _ => {
            return Err(
                "the server's rows have no order of columns, and their names are not those of the query; name each column".to_owned()
            );
        }
    }
    Ok(places.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::{Dialect, guard};

    fn read(sql: &str, answer: Value) -> Result<AnswerRows, String> {
        AnswerRows::of(answer, &Outline::of(Dialect::Mysql, &guard::check(Dialect::Mysql, sql).unwrap()))
    }

    #[test]
    fn rows_of_every_shape_come_in_the_order_of_the_query() {
        let sql = "select z, a, count(*) from t group by z, a";
        for answer in [
            json!({"columns": 3, "rows": [["1", "x", "7"]]}),
            json!({"columns": ["z", "a", "count(*)"], "rows": [["1", "x", "7"]]}),
            json!({"columns": 3, "rows": [{"a": "x", "count(*)": "7", "z": "1"}]}),
            json!({"columns": [{"name": "z", "type": "int"}, {"name": "a", "type": "text"}, {"name": "count(*)", "type": "int"}],
                   "rows": [{"a": "x", "count(*)": "7", "z": "1"}]}),
            json!([{"a": "x", "count(*)": "7", "z": "1"}]),
        ] {
            let rows = read(sql, answer.clone()).unwrap_or_else(|error| panic!("{answer}: {error}"));
            assert_eq!(rows.rows, [[json!("1"), json!("x"), json!("7")]], "{answer}");
            assert_eq!(&rows.names[..2], ["z", "a"], "{answer}");
            assert!(rows.has_only_texts());
        }
        assert_eq!(read(sql, json!({"columns": 3, "rows": []})).unwrap().names.len(), 3);
    }

    #[test]
    fn rows_whose_order_nobody_can_know_are_refused() {
        let sql = "select count(a), count(b) from t";
        assert!(read(sql, json!({"columns": 2, "rows": [{"count(a)": "1", "count(b)": "2"}]})).unwrap_err().contains("name each column"));
        assert!(read(sql, json!({"rows": [["1", "2"], ["1"]]})).unwrap_err().contains("differ in length"));
        assert!(read(sql, json!({"affected_rows": 3})).unwrap_err().contains("without rows"));
    }
}
