//! Results within a size: what is too large is cut where it is longest, stays valid JSON, and says that it was cut.

use std::io;

use serde_json::{Value, json};

/// Longer texts are the first to be cut.
const LONG_TEXT: usize = 512;

/// Size as JSON text, without writing it.
pub fn size(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).expect("counting bytes cannot fail");
    count.0
}

/// Cuts the value to the size. The size before is given by the caller, who has counted.
pub fn cut(mut value: Value, bytes: usize, max_bytes: usize) -> (Value, bool) {
    if bytes <= max_bytes {
        return (value, false);
    }
    shorten_texts(&mut value, LONG_TEXT);
    // Each turn takes away a good part of the largest array; a bounded number of turns always suffices or nothing helps.
    for _ in 0..64 {
        let bytes = size(&value);
        if bytes + 20 <= max_bytes {
            break;
        }
        if !halve_largest_array(&mut value, max_bytes as f64 / bytes as f64) {
            shorten_texts(&mut value, 64);
            break;
        }
    }
    if size(&value) > max_bytes {
        return (
            json!({"truncated": true, "reason": format!("the result of {bytes} bytes cannot be cut to {max_bytes}; ask for less")}),
            true,
        );
    }
    if let Value::Object(members) = &mut value {
        members.insert("truncated".to_owned(), Value::Bool(true));
    }
    (value, true)
}

fn shorten_texts(value: &mut Value, max_chars: usize) {
    match value {
        Value::String(text) if text.len() > max_chars => {
            let kept: String = text.chars().take(max_chars).collect();
            if kept.len() < text.len() {
                *text = format!("{kept}… (cut, {} bytes in all)", text.len());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shorten_texts(item, max_chars)),
        Value::Object(members) => members.values_mut().for_each(|member| shorten_texts(member, max_chars)),
        _ => {}
    }
}

/// Keeps about `share` of the largest array, at most three quarters of it. False where no array has two items.
fn halve_largest_array(value: &mut Value, share: f64) -> bool {
    let mut path = Vec::new();
    let mut largest = (0, Vec::new());
    find_largest(value, &mut path, &mut largest);
    let (bytes, path) = largest;
    if bytes == 0 {
        return false;
    }
    let mut place = value;
    for step in path {
        place = match (place, step) {
            (Value::Object(members), Step::Member(name)) => match members.get_mut(&name) {
                Some(member) => member,
                None => return false,
            },
            (Value::Array(items), Step::Item(at)) => match items.get_mut(at) {
                Some(item) => item,
                None => return false,
            },
            _ => return false,
        };
    }
    let Value::Array(items) = place else { return false };
    let kept = (items.len() as f64 * share.clamp(0.1, 0.75)) as usize;
    items.truncate(kept.max(1));
    true
}

#[derive(Clone)]
enum Step {
    Member(String),
    Item(usize),
}

/// The largest array that has at least two items; an inner one only where it makes up most of an outer one's item.
fn find_largest(value: &Value, path: &mut Vec<Step>, largest: &mut (usize, Vec<Step>)) -> usize {
    match value {
        Value::Array(items) => {
            let place = path.clone();
            let mut bytes = 2;
            for (at, item) in items.iter().enumerate() {
                path.push(Step::Item(at));
                bytes += 1 + find_largest(item, path, largest);
                path.pop();
            }
            if items.len() > 1 && bytes >= largest.0 {
                *largest = (bytes, place);
            }
            bytes
        }
        Value::Object(members) => {
            let mut bytes = 2;
            for (name, member) in members {
                path.push(Step::Member(name.clone()));
                bytes += name.len() + 4 + find_largest(member, path, largest);
                path.pop();
            }
            bytes
        }
        Value::String(text) => text.len() + 2,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_enough_is_not_touched() {
        let value = json!({"rows": [1, 2, 3]});
        assert_eq!(cut(value.clone(), size(&value), 100), (value, false));
    }

    #[test]
    fn a_cut_result_is_within_its_size_and_says_so() {
        for value in [
            json!({"rows": (0..5_000).collect::<Vec<u32>>(), "row_count": 5_000}),
            json!({"a": [["x".repeat(9_000)]], "b": "y".repeat(9_000)}),
            json!({"tables": (0..200).map(|at| json!({"name": at, "columns": vec!["a column"; 50]})).collect::<Vec<_>>()}),
            json!([vec!["x".repeat(100); 9], vec!["y".repeat(100); 9]]),
            json!("z".repeat(10_000)),
        ] {
            let bytes = size(&value);
            let max = 1_000.min(bytes - 1);
            let (short, was_cut) = cut(value, bytes, max);
            assert!(was_cut && size(&short) <= max, "{short}");
            assert!(short.get("truncated") == Some(&json!(true)) || !short.is_object(), "{short}");
        }
    }
}
