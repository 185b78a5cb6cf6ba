//! Bodies of errors as servers really send them.

use super::*;

fn parsed(status: u16, body: &str) -> (Complaint, Error) {
    let refusal = Refusal::from_response(status, &HeaderMap::new(), body.as_bytes(), None);
    (*refusal.complaint.expect("a complaint"), refusal.error)
}

#[test]
fn every_form_of_body_gives_its_message() {
    let check = |body: &str, message: &str| assert_eq!(parsed(400, body).0.message, message, "{body}");
    check(r#"{"error":{"message":"no such thing","code":"x"}}"#, "no such thing");
    check(
        r#"{"error":"'response_format.type' must be 'json_schema' or 'text'"}"#,
        "'response_format.type' must be 'json_schema' or 'text'",
    );
    check(r#"{"detail":"Not here"}"#, "Not here");
    check(
        r#"{"detail":[{"loc":["body","n"],"msg":"Extra inputs are not permitted","type":"extra_forbidden"}]}"#,
        "body.n: Extra inputs are not permitted",
    );
    check(r#"{"object":"error","message":"bad","type":"BadRequestError"}"#, "bad");
    check(
        r#"{"object":"error","message":{"detail":[{"loc":["body","user"],"msg":"no"}]},"type":"invalid_request_error"}"#,
        "body.user: no",
    );
    check(r#"[{"error":{"code":400,"message":"Unknown name","status":"INVALID_ARGUMENT"}}]"#, "Unknown name");
    check(
        r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"upstream said no"}}}"#,
        "Provider returned error: upstream said no",
    );
    check("<html><head><title>502 Bad Gateway</title></head></html>", "a web page `502 Bad Gateway`; check the base URL");
    check("", "the answer has no body");
    check("plain  text\nin lines", "plain text in lines");
}

#[test]
fn the_class_follows_status_and_code() {
    let class = |status: u16, body: &str| parsed(status, body).1;
    assert!(matches!(class(429, r#"{"error":{"code":"insufficient_quota","message":"You exceeded"}}"#), Error::QuotaUsedUp(_)));
    assert!(matches!(class(429, r#"{"error":{"message":"slow down"}}"#), Error::RateLimited { retry_after: None }));
    assert!(
        matches!(class(429, r#"{"error":{"message":"Please try again in 20s."}}"#), Error::RateLimited { retry_after: Some(wait) } if wait.as_secs() == 20)
    );
    assert!(matches!(class(401, r#"{"detail":"no"}"#), Error::Unauthorized(_)));
    assert!(matches!(class(400, r#"{"error":{"code":"content_filter","message":"x"}}"#), Error::Filtered(_)));
    assert!(matches!(class(400, r#"{"error":{"code":400,"type":"exceed_context_size_error","message":"x"}}"#), Error::TooLong(_)));
    assert!(matches!(class(400, r#"{"error":{"message":"This model's maximum context length is 4096 tokens"}}"#), Error::TooLong(_)));
    assert!(matches!(class(404, "<html></html>"), Error::Refused(_)));
    assert!(matches!(class(529, ""), Error::Unavailable(_)));
}

#[test]
fn an_error_inside_a_200_is_found_and_its_number_counts() {
    let inside = |text: &str| Refusal::inside(&serde_json::from_str(text).expect("JSON"), None).map(|refusal| refusal.error);
    assert!(matches!(inside(r#"{"error":{"code":429,"message":"x"}}"#), Some(Error::RateLimited { .. })));
    assert!(matches!(inside(r#"{"error":{"code":"503","message":"x"},"choices":[]}"#), Some(Error::Unavailable(_))));
    assert!(matches!(inside(r#"{"error":"boom"}"#), Some(Error::Unavailable(_))));
    assert!(matches!(inside(r#"{"error":{"message":"x","type":"invalid_request_error"}}"#), Some(Error::Refused(_))));
    assert_eq!(inside(r#"{"error":null,"choices":[]}"#), None);
    assert_eq!(inside(r#"{"choices":[]}"#), None);
}

#[test]
fn parameters_are_found_by_field_path_and_word() {
    let (complaint, _) = parsed(
        400,
        r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}"#,
    );
    assert!(complaint.names_any(&["max_tokens"]) && !complaint.is_about_size());
    let (complaint, _) = parsed(422, r#"{"detail":[{"loc":["body","temperature"],"msg":"Extra inputs","type":"extra_forbidden"}]}"#);
    assert!(complaint.names_any(&["temperature"]) && !complaint.names_any(&["max_tokens"]));
    let (complaint, _) = parsed(400, r#"{"error":{"message":"This response_format type is unavailable now"}}"#);
    assert!(complaint.names_any(&["response_format"]));
    let (complaint, _) = parsed(400, r#"{"error":{"message":"upstream closed"}}"#);
    assert!(!complaint.names_any(&["stream"]), "a word inside of another is none");
}

#[test]
fn an_echoed_key_is_taken_out() {
    let key = ApiKey::new("sk-very-secret");
    let body = br#"{"error":{"message":"Incorrect API key provided: sk-very-secret"}}"#;
    let refusal = Refusal::from_response(401, &HeaderMap::new(), body, Some(&key));
    assert!(!format!("{refusal:?} {refusal}").contains("sk-very-secret"));
    assert!(refusal.to_string().contains("***"));
}
