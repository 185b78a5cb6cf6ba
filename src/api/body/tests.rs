//! What clients get wrong in bodies, and what they are told.

use super::*;
use crate::api::start::StartRequest;

fn check(body: &str, code: &str, field: Option<&str>, valid: &[&str]) {
    let problem = match parse::<StartRequest>(body.as_bytes()) {
        Ok(_) => panic!("{body} was taken"),
        Err(problem) => problem.document(),
    };
    assert_eq!(problem.code, code, "{body}: {}", problem.detail);
    assert_eq!(problem.field.as_deref(), field, "{body}: {}", problem.detail);
    for item in valid {
        assert!(problem.valid.iter().any(|known| known == item), "{body}: `{item}` is not among {:?}", problem.valid);
    }
}

#[test]
fn every_mistake_names_its_field() {
    check("{", "malformed_json", None, &[]);
    check("nonsense", "malformed_json", None, &[]);
    check("[]", "malformed_json", None, &[]);
    check("null", "malformed_json", None, &[]);
    check("\u{feff}{}", "malformed_json", None, &[]);
    check(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), "malformed_json", None, &[]);
    check(r#"{"sauce": "x"}"#, "unknown_field", Some("sauce"), &["source", "max_iterations"]);
    check(r#"{"budget": {"token": 5}}"#, "unknown_field", Some("budget.token"), &["tokens", "usd"]);
    check(r#"{"intent": {"goal": "x"}}"#, "unknown_field", Some("intent.goal"), &["goals"]);
    check(r#"{"max_iterations": "many"}"#, "invalid_field", Some("max_iterations"), &["a whole number of 0 or more"]);
    check(r#"{"max_iterations": 1.5}"#, "invalid_field", Some("max_iterations"), &["a whole number of 0 or more"]);
    check(r#"{"max_iterations": -1}"#, "invalid_field", Some("max_iterations"), &["a whole number of 0 or more"]);
    check(r#"{"source": 7}"#, "invalid_field", Some("source"), &["a text"]);
    check(r#"{"intent": {"goals": "one"}}"#, "invalid_field", Some("intent.goals"), &["a list"]);
    check(r#"{"intent": {"goals": ["one", 2]}}"#, "invalid_field", Some("intent.goals[1]"), &["a text"]);
    check(r#"{"budget": 5}"#, "invalid_field", Some("budget"), &["an object"]);
    check(r#"{"source": "a", "source": "b"}"#, "invalid_field", Some("source"), &[]);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[expect(dead_code, reason = "only its absence is tested")]
    name: String,
}

#[test]
fn a_missing_field_is_named() {
    let problem = parse::<Named>(b"{}").err().unwrap();
    assert_eq!((problem.code, problem.field.as_deref()), (Code::MissingField, Some("name")));
}

#[test]
fn a_call_without_fields_names_what_it_does_not_know() {
    assert!(parse::<Nothing>(b"").is_ok());
    assert!(parse::<Nothing>(b" {} ").is_ok());
    assert_eq!(parse::<Nothing>(br#"{"force":true}"#).err().unwrap().field.as_deref(), Some("force"));
}

#[test]
fn the_digest_is_of_what_was_said_not_of_how() {
    let digest = |text: &str| parse::<StartRequest>(text.as_bytes()).ok().unwrap().digest;
    assert_eq!(digest(r#"{"source":"a","model":"b"}"#), digest("{ \"model\": \"b\",\n \"source\": \"a\" }"));
    assert_ne!(digest(r#"{"source":"a"}"#), digest(r#"{"source":"b"}"#));
    assert_eq!(digest(""), digest("{}"));
}

#[test]
fn only_json_is_read() {
    let headers = |pairs: &[(HeaderName, &str)]| pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
    let cases: [(HeaderMap, bool); 6] = [
        (headers(&[(CONTENT_TYPE, "application/json")]), true),
        (headers(&[(CONTENT_TYPE, "Application/JSON; charset=utf-8")]), true),
        (headers(&[(CONTENT_TYPE, "application/merge-patch+json")]), true),
        (headers(&[(CONTENT_TYPE, "text/plain")]), false),
        (headers(&[]), false),
        (headers(&[(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")]), false),
    ];
    for (given, taken) in cases {
        assert_eq!(check_media_type(&given).is_ok(), taken, "{given:?}");
    }
}
