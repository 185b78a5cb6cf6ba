//! Every error has a code, every code a page, and the document says what it must.

use std::collections::BTreeSet;

use super::*;
use crate::domain::{RunId, RunStatus};

fn run() -> RunId {
    RunId::from_uuid(uuid::Uuid::from_u128(7))
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors");
    let pages: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".md").unwrap_or_else(|| panic!("`{name}` in {folder} is not a page")).to_owned())
        .collect();
    let codes: BTreeSet<String> = Code::ALL.into_iter().map(|code| code.name().to_owned()).collect();
    assert_eq!(codes.len(), Code::ALL.len(), "two codes share a name");
    assert_eq!(codes, pages);
}

#[test]
fn a_page_opens_with_its_code_and_says_what_to_do() {
    for code in Code::ALL {
        let page = code.page();
        let name = code.name();
        assert!(page.starts_with(&format!("# {name}\n")), "docs/errors/{name}.md must open with its code");
        assert!(page.contains("## What happened\n") && page.contains("## What to do\n"), "docs/errors/{name}.md lacks a section");
        assert!(page.contains(&format!("HTTP {}", code.status().as_u16())), "docs/errors/{name}.md names another status");
    }
}

#[test]
fn engine_errors_become_problems() {
    use engine::Error as E;
    let first = Answer::Answer("the shop".to_owned());
    let cases: Vec<(E, u16, &str)> = vec![
        (E::NoSuchRun(run()), 404, "no_such_run"),
        (E::RunEnded { run: run(), status: RunStatus::Finished }, 409, "run_ended"),
        (E::NoSuchQuestion { run: run(), question_id: "q9".into(), open: vec!["q1".into()] }, 404, "no_such_question"),
        (E::AnsweredBefore { question_id: "q1".into(), first: first.clone() }, 409, "answered_before"),
        (E::NoSuchOption { question_id: "q1".into(), option: "c".into(), options: vec!["a".into(), "b".into()] }, 422, "no_such_option"),
        (E::WrongState { run: run(), status: RunStatus::Paused, what: "resume it first".into() }, 409, "wrong_state"),
        (E::Invalid { field: "source".into(), reason: "no such file".into() }, 400, "invalid_field"),
        (E::Invalid { field: "after".into(), reason: "no page token".into() }, 400, "invalid_parameter"),
        (E::KeyMisused, 422, "key_misused"),
        (E::BeyondHead { run: run(), after: 9, head: 4 }, 416, "beyond_head"),
        (E::Stopping, 503, "stopping"),
        (E::Store(store::Error::Full("no space".into())), 507, "disk_full"),
        (E::Store(store::Error::ReadOnly("read-only".into())), 507, "data_folder_read_only"),
        (E::Store(store::Error::Fenced(run())), 503, "run_moved"),
        (E::Store(store::Error::Failed("secret inside".into())), 500, "internal"),
    ];
    for (error, status, code) in cases {
        let text = error.to_string();
        let document = Problem::from(error).document();
        assert_eq!((document.status, document.code.as_str()), (status, code), "{text}");
        assert_eq!(document.r#type, format!("/errors/{code}"));
        assert!(!document.detail.contains("secret"), "an internal error tells its cause");
    }
    let second = Problem::from(E::AnsweredBefore { question_id: "q1".into(), first: first.clone() });
    assert_eq!(second.document().first, Some(first));
}

#[test]
fn a_problem_is_a_problem_document_on_the_wire() {
    let response = Problem::new(Code::Unauthorized, "no token").into_response();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
    assert!(response.headers().contains_key(WWW_AUTHENTICATE));
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    let allow = HeaderValue::from_static("GET,HEAD,POST");
    let problem = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED, Some(&allow));
    assert_eq!(problem.valid, ["GET", "HEAD", "POST"]);
    assert_eq!(problem.into_response().headers()[ALLOW], "GET,HEAD,POST");
}
