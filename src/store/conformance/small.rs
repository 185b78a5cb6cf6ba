//! Promises about snapshots, access tokens and the probe.

use std::sync::Arc;

use super::source;
use crate::domain::{Grant, Scope, Scopes, Snapshot, SnapshotId, TokenKind};
use crate::store::{RemoteCallRow, RemoteLoginRow, RemoteToolRow, SourceRow, Store, TokenRow};

type Subject = Arc<dyn Store>;

pub async fn a_snapshot_is_read_back(store: Subject) {
    let snapshot = Snapshot {
        id: SnapshotId("snap_1".to_owned()),
        source: source("shop"),
        engine: "sqlite".to_owned(),
        schemas: vec!["main".to_owned(), "ü".to_owned()],
        ..Snapshot::default()
    };
    assert_eq!(store.snapshot(&snapshot.id).await, Ok(None));
    for _ in 0..2 {
        store.put_snapshot(&snapshot).await.expect("stored");
    }
    assert_eq!(store.snapshot(&snapshot.id).await, Ok(Some(snapshot.clone())));
    let ids = async |source, limit| {
        let rows = store.snapshots(&source, limit).await.expect("read");
        rows.into_iter().map(|row| row.id.0).collect::<Vec<_>>()
    };
    let later = Snapshot { id: SnapshotId("snap_0".to_owned()), ..snapshot.clone() };
    let foreign = Snapshot { id: SnapshotId("snap_2".to_owned()), source: source("other"), ..snapshot.clone() };
    for (position, next) in [&later, &foreign, &snapshot].into_iter().enumerate() {
        // Found at different moments.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        store.put_snapshot(next).await.unwrap_or_else(|error| panic!("{position}: {error}"));
    }
    assert_eq!(ids(source("shop"), 9).await, ["snap_1", "snap_0"], "found again is found last");
    assert_eq!(ids(source("shop"), 1).await, ["snap_1"]);
}

pub async fn tokens_are_kept_until_revoked(store: Subject) {
    let assistant = Grant::new(TokenKind::Assistant, Scopes::of(&[Scope::Sql, Scope::Read])).expect("it may have these");
    let a = TokenRow { grant: assistant, expires_at: Some(7), ..token("a", "2") };
    for row in [token("b", "1"), a.clone()] {
        assert_eq!(store.put_token(row).await, Ok(true));
    }
    assert_eq!(store.tokens().await, Ok(vec![a.clone(), token("b", "1")]));
    assert_eq!(store.revoke_token("b").await, Ok(true));
    assert_eq!(store.revoke_token("b").await, Ok(false));
    assert_eq!(store.revoke_token("c").await, Ok(false));
    let left = store.tokens().await.expect("read");
    assert_eq!((left.len(), &left[0]), (2, &a));
    let revoked = &left[1];
    assert!(revoked.revoked_at.is_some() && revoked.hash.is_empty(), "a name is kept, and nothing that could match: {revoked:?}");
}

pub async fn the_name_of_a_token_is_given_once(store: Subject) {
    assert_eq!(store.put_token(token("a", "1")).await, Ok(true));
    assert_eq!(store.put_token(token("a", "2")).await, Ok(false), "it is somebody's");
    assert_eq!(store.tokens().await, Ok(vec![token("a", "1")]));
    assert_eq!(store.revoke_token("a").await, Ok(true));
    assert_eq!(store.put_token(token("a", "3")).await, Ok(false), "it was somebody's");
    assert!(store.tokens().await.expect("read").iter().all(|row| !row.is_valid(4)));
}

fn token(name: &str, hash: &str) -> TokenRow {
    TokenRow { name: name.to_owned(), hash: hash.to_owned(), created_at: 3, grant: Grant::EVERYTHING, expires_at: None, revoked_at: None }
}

pub async fn sources_are_kept_until_removed(store: Subject) {
    let row = |name: &str, sealed: &[u8]| SourceRow {
        name: name.to_owned(),
        shown: "postgresql://h:5432/ü".to_owned(),
        sealed: sealed.to_vec(),
        limits: "{}".to_owned(),
        created_at: 3,
    };
    store.put_sources(vec![row("b", &[0, 255]), row("a", b"2")]).await.expect("stored");
    store.put_sources(vec![row("b", b"3")]).await.expect("stored");
    assert_eq!(store.sources().await, Ok(vec![row("a", b"2"), row("b", b"3")]));
    assert_eq!(store.remove_source("b").await, Ok(true));
    assert_eq!(store.remove_source("b").await, Ok(false));
    assert_eq!(store.sources().await, Ok(vec![row("a", b"2")]));
}

pub async fn tools_are_accepted_again(store: Subject) {
    let tool = |server: &str, name: &str, hash: &str| RemoteToolRow {
        server: server.to_owned(),
        tool: name.to_owned(),
        hash: hash.to_owned(),
        accepted_at: 3,
    };
    store.put_remote_tools(vec![tool("hub", "b", "1"), tool("hub", "a", "2"), tool("other", "a", "3")]).await.expect("stored");
    store.put_remote_tools(vec![tool("hub", "b", "4")]).await.expect("stored");
    store.put_remote_tools(Vec::new()).await.expect("nothing is stored");
    assert_eq!(store.remote_tools("hub").await, Ok(vec![tool("hub", "a", "2"), tool("hub", "b", "4")]));
    assert_eq!(store.remote_tools("none").await, Ok(Vec::new()));
}

pub async fn calls_without_an_answer_are_kept(store: Subject) {
    let call = |id: &str, at: i64, reason: &str| RemoteCallRow {
        id: id.to_owned(),
        server: "hub".to_owned(),
        tool: "pay".to_owned(),
        arguments: "{\"to\":\"ü\"}".to_owned(),
        reason: reason.to_owned(),
        at,
    };
    for row in [call("b", 2, "under way"), call("a", 3, "under way"), call("b", 2, "the stream broke")] {
        store.put_remote_call(row).await.expect("stored");
    }
    assert_eq!(store.remote_calls().await, Ok(vec![call("b", 2, "the stream broke"), call("a", 3, "under way")]));
    assert_eq!(store.remove_remote_call("b").await, Ok(true));
    assert_eq!(store.remove_remote_call("b").await, Ok(false));
    assert_eq!(store.remote_calls().await, Ok(vec![call("a", 3, "under way")]));
}

pub async fn logins_are_kept_by_issuer(store: Subject) {
    let login = |server: &str, issuer: &str, sealed: &[u8]| RemoteLoginRow {
        server: server.to_owned(),
        issuer: issuer.to_owned(),
        sealed: sealed.to_vec(),
        at: 3,
    };
    let (a, b, other) = (login("hub", "https://a", &[0, 255]), login("hub", "https://b", b"1"), login("other", "https://a", b"2"));
    store.put_remote_logins(vec![other.clone(), b, a.clone()]).await.expect("stored");
    store.put_remote_logins(vec![login("hub", "https://b", b"3")]).await.expect("stored");
    assert_eq!(store.remote_logins().await, Ok(vec![a.clone(), login("hub", "https://b", b"3"), other.clone()]));
    assert_eq!(store.remove_remote_login("hub", "https://b").await, Ok(true));
    assert_eq!(store.remove_remote_login("hub", "https://b").await, Ok(false));
    assert_eq!(store.remote_logins().await, Ok(vec![a, other]));
}

pub async fn a_probe_succeeds(store: Subject) {
    for _ in 0..2 {
        store.probe().await.expect("the store reads and writes");
    }
}
