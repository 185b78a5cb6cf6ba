//! The gate's decisions, as a table.

use super::*;

fn rules(bound: &str) -> Rules {
    let settings = Settings {
        allowed_hosts: vec!["Fathom.example.org".into(), "proxy:8443".into()],
        allowed_origins: vec!["https://pages.example.org/".into()],
        ..Settings::default()
    };
    Rules::new(&settings, bound.parse().unwrap())
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
    for (bound, path, wanted) in [
        ("127.0.0.1:7700", "/runs", false),
        ("[::1]:7700", "/runs", false),
        ("0.0.0.0:7700", "/runs", true),
        ("[::]:7700", "/runs", true),
        ("192.168.1.5:7700", "/runs", true),
        ("192.168.1.5:7700", "/metrics", true),
        ("192.168.1.5:7700", "/tokens", true),
        ("192.168.1.5:7700", "/healthz", false),
        ("192.168.1.5:7700", "/healthz/x", true),
        ("192.168.1.5:7700", "/errors/unauthorized", false),
    ] {
        assert_eq!(rules(bound).wants_token(path), wanted, "bound to {bound}: {path}");
    }
}

#[test]
fn only_a_bearer_header_is_a_token() {
    assert_eq!(bearer(Some("Bearer abc")), Some("abc"));
    assert_eq!(bearer(Some("bearer  abc ")), Some("abc"));
    for none in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic abc"), Some("abc")] {
        assert_eq!(bearer(none), None, "{none:?}");
    }
}
