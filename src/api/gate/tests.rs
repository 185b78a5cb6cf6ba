//! The gate's decisions, as a table.

use super::*;
use crate::domain::Scope;

fn rules(bound: &str) -> Rules {
    let settings = Settings {
        allowed_hosts: vec!["Fathom.example.org".into(), "proxy:8443".into()],
        allowed_origins: vec!["https://pages.example.org/".into()],
        ..Settings::default()
    };
    Rules::new(&settings, bound.parse().unwrap(), Needs::default())
}

#[test]
fn a_server_answers_to_its_own_names_only() {
    let local = "127.0.0.1:7700";
    let open = "0.0.0.0:7700";
    let lan = "192.168.1.5:7700";
    let cases = [
        (local, Some("localhost:7700"), true),
        (local, Some("LOCALHOST"), true),
        (local, Some("localhost."), true),
        (local, Some("127.0.0.1:7700"), true),
        (local, Some("[::1]:7700"), true),
        (local, Some("fathom.example.org"), true),
        (local, Some("fathom.example.org:443"), true),
        (local, Some("proxy:8443"), true),
        (local, Some("proxy:8444"), false),
        (local, Some("evil.example.com"), false),
        (local, Some("evil.example.com:7700"), false),
        (local, Some("localhost.evil.example.com"), false),
        (local, Some("127.0.0.1.evil.example.com"), false),
        (local, Some("192.168.1.5:7700"), false),
        (local, Some("user@localhost"), false),
        (local, Some(""), false),
        (local, Some("\u{fffd}"), false),
        (local, None, false),
        (open, Some("192.168.1.5:7700"), true),
        (open, Some("evil.example.com:7700"), false),
        (lan, Some("192.168.1.5:7700"), true),
        (lan, Some("192.168.1.6:7700"), false),
        ("[::1]:7700", Some("[::1]:7700"), true),
    ];
    for (bound, host, allowed) in cases {
        assert_eq!(rules(bound).check_host(host).is_ok(), allowed, "bound to {bound}, called {host:?}");
    }
}

#[test]
fn only_own_and_configured_pages_call_it() {
    let cases = [
        (None, true),
        (Some("http://localhost:7700"), true),
        (Some("HTTP://LOCALHOST:7700"), true),
        (Some("http://localhost:5173"), false),
        (Some("http://127.0.0.1:7700"), false),
        (Some("https://pages.example.org"), true),
        (Some("https://pages.example.org:444"), false),
        (Some("http://pages.example.org"), false),
        (Some("https://evil.example.com"), false),
        (Some("null"), false),
        (Some(""), false),
    ];
    for (origin, allowed) in cases {
        assert_eq!(rules("127.0.0.1:7700").check_origin(origin, "localhost:7700").is_ok(), allowed, "{origin:?}");
    }
}

#[test]
fn a_token_is_wanted_where_others_can_reach_the_server() {
    let read = Need::Scope(Scope::Read);
    for (bound, need, wanted) in [
        ("127.0.0.1:7700", read, false),
        ("[::1]:7700", Need::Scope(Scope::Admin), false),
        ("0.0.0.0:7700", read, true),
        ("[::]:7700", read, true),
        ("192.168.1.5:7700", read, true),
        ("192.168.1.5:7700", Need::Known, true),
        ("192.168.1.5:7700", Need::Nothing, false),
    ] {
        assert_eq!(rules(bound).wants_token(need), wanted, "bound to {bound}: {need:?}");
    }
}

/// Whoever shows something that is no token is not taken for one who shows nothing.
#[test]
fn only_a_bearer_header_is_a_token() {
    let check = |given: &[&'static str], expect: Presented| {
        let headers = given.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value)));
        assert_eq!(presented(&headers.collect()), expect, "{given:?}");
    };
    check(&["Bearer abc"], Presented::Token("abc"));
    check(&["bearer  abc "], Presented::Token("abc"));
    check(&[], Presented::Nothing);
    for odd in ["", "Bearer", "Bearer ", "Basic abc", "abc", "fathom_abc"] {
        check(&[odd], Presented::Unreadable);
    }
    check(&["Bearer abc", "Bearer abd"], Presented::Unreadable);
}

#[test]
fn a_token_in_a_url_is_refused_by_name() {
    let text = crate::api::Token::fresh();
    let text = text.reveal();
    let check = |uri: &str, expect: Option<&str>| {
        let refused = nothing_in_url(&uri.parse().unwrap()).err();
        assert_eq!(refused.as_ref().and_then(|problem| problem.field.as_deref()), expect, "{uri}");
        assert!(refused.is_none_or(|problem| problem.code == Code::TokenInUrl && !problem.detail.contains(text)), "{uri}");
    };
    check("/runs?token=x", Some("token"));
    check("/runs?limit=1&Access_Token=x", Some("Access_Token"));
    check("/runs?to%6ben=x", Some("token"));
    check(&format!("/runs?after={text}"), Some("after"));
    check(&format!("/runs?{text}"), Some("the query"));
    check(&format!("/runs/{text}/events"), Some("the path"));
    check("/runs?after=fathom_7&limit=3", None);
    check("/tokens/first", None);
    check("/sources/postgres%3A%2F%2Fh%2Ffathom_tokens/diff", None);
}
