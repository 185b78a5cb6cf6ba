//! Signing in: what is sent to whom, how often, and what is kept.

use std::sync::Arc;
use std::time::Duration;

use fathom::mcp::client::{Callback, Error, Grant, OAuthSettings, RemoteServers, Returned, ServerSettings, Settings};
use fathom::model::ApiKey;
use fathom::store::{Keyring, SourceBook};
use serde_json::{Value, json};
use url::Url;

use super::issuer::Issuer;
use super::{Scene, args, logins, quick};

const BACK: &str = "http://127.0.0.1:1/servers/login/callback";

fn wanting(issuer: &Issuer, oauth: Option<OAuthSettings>) -> ServerSettings {
    ServerSettings { url: Some(issuer.url.clone()), trusted: true, oauth, ..ServerSettings::default() }
}

fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// What the browser of somebody who agrees brings back.
fn agreed(issuer: &Issuer, url: &str) -> Callback {
    let named = issuer.said(|said| said.named);
    let iss = Some(format!("{}/{named}", issuer.base));
    Callback { state: parameter(url, "state"), issuer: iss, returned: Returned::Code("hidden-code".to_owned()) }
}

async fn sign_in(issuer: &Issuer, servers: &RemoteServers) -> String {
    let url = servers.begin_login("hub", BACK).await.unwrap();
    assert_eq!(servers.finish_login(agreed(issuer, &url)).await.unwrap(), "hub");
    url
}

/// The same store in another process.
fn another(scene: &Scene, hub: ServerSettings) -> RemoteServers {
    let settings = Settings { servers: [("hub".to_owned(), hub)].into(), ..quick() };
    RemoteServers::new(&settings, scene.store.clone(), &logins(scene.folder.path(), &scene.store)).unwrap()
}

/// What is kept has run out.
async fn run_out(scene: &Scene) {
    let book = logins(scene.folder.path(), &scene.store);
    let kept = book.of("hub").await.unwrap().remove(0);
    let mut text: Value = serde_json::from_str(&kept.text).unwrap();
    text["tokens"]["token_received_at"] = json!(1);
    book.put("hub", &kept.issuer, &text.to_string()).await.unwrap();
}

async fn call(servers: &RemoteServers) -> Result<String, Error> {
    let hub = servers.find("hub").unwrap();
    hub.call("look", &args(json!({})), None).await.map(|reply| reply.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_it_is_signed_in_to_and_the_sign_in_outlives_the_process() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    let error = call(&scene.servers).await.unwrap_err();
    assert_eq!(error, Error::SignIn { server: "hub".to_owned(), scope: None });
    let text = error.to_string();
    assert!(text.contains("fathom mcp login hub") && text.contains("POST /servers/hub/login"), "{text}");

    let url = sign_in(&issuer, &scene.servers).await;
    assert_eq!((parameter(&url, "redirect_uri").as_str(), parameter(&url, "scope").as_str()), (BACK, "read"));
    assert_eq!(parameter(&url, "resource"), issuer.url);
    assert_eq!(call(&scene.servers).await.unwrap(), "seen");
    let progress = scene.servers.login_progress("hub").await.unwrap();
    assert!(progress.signed_in && !progress.waiting && progress.scopes == ["read"], "{progress:?}");

    let again = another(&scene, wanting(&issuer, None));
    assert_eq!(call(&again).await.unwrap(), "seen");
    assert_eq!(issuer.said(|said| (said.asked.len(), said.registered)), (1, 1), "nothing was asked for twice");
    assert!(again.forget_login("hub").await.unwrap() && !again.forget_login("hub").await.unwrap());
    for servers in [&scene.servers, &again] {
        assert!(matches!(call(servers).await, Err(Error::SignIn { .. })), "the tokens are forgotten by everybody");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_runs_out_is_renewed_once_for_all_who_wait() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    sign_in(&issuer, &scene.servers).await;
    assert_eq!(call(&scene.servers).await.unwrap(), "seen", "the connection stands");
    let all_at_once = async || {
        let all: Vec<_> = (0..8).map(|_| call(&scene.servers)).collect();
        for answer in futures::future::join_all(all).await {
            assert_eq!(answer.unwrap(), "seen");
        }
        issuer.asked_by("refresh_token").len()
    };
    run_out(&scene).await;
    assert_eq!(all_at_once().await, 1);
    let basic = issuer.said(|said| said.asked[1].2.clone());
    assert!(basic.is_some_and(|header| header.starts_with("Basic ")), "the registered client shows its secret after a while, too");

    // One that is refused before it has run out is renewed as well; and without a way to renew it, a person is asked.
    issuer.said(|said| said.good = None);
    assert_eq!(all_at_once().await, 2);
    issuer.said(|said| {
        said.good = None;
        said.asked.clear();
    });
    assert!(matches!(call(&scene.servers).await, Err(Error::SignIn { .. })));
    assert!(!scene.servers.login_progress("hub").await.unwrap().signed_in);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_issuer_gave_is_not_sent_to_another() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    sign_in(&issuer, &scene.servers).await;
    issuer.said(|said| (said.named, said.good) = ("two", None));
    assert!(matches!(call(&scene.servers).await, Err(Error::SignIn { .. })));
    assert_eq!(issuer.asked_by("refresh_token").len(), 0);
    sign_in(&issuer, &scene.servers).await;
    assert_eq!(call(&scene.servers).await.unwrap(), "seen");
    let (to, client) = issuer.said(|said| (said.asked[1].0.clone(), said.registered));
    assert_eq!((to.as_str(), client), ("two", 2));
    let kept: Vec<String> = scene.store.remote_logins().await.unwrap().into_iter().map(|row| row.issuer).collect();
    assert_eq!(kept, [format!("{}/two", issuer.base)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_claims_to_be_anothers_gets_nothing_of_what_that_one_gave() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    sign_in(&issuer, &scene.servers).await;
    issuer.said(|said| (said.named, said.good) = ("forged", None));
    assert!(call(&scene.servers).await.is_err());
    let error = scene.servers.begin_login("hub", BACK).await.unwrap_err().to_string();
    assert!(error.contains("does not confirm"), "{error}");
    assert_eq!(issuer.said(|said| said.asked.len()), 1, "only the one that was signed in to was asked, before");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_one_address_are_not_sent_to_another_that_has_the_name_now() {
    let (issuer, other) = (Issuer::start().await, Issuer::start().await);
    let scene = Scene::of(wanting(&issuer, None)).await;
    sign_in(&issuer, &scene.servers).await;
    let moved = another(&scene, wanting(&other, None));
    assert!(!moved.login_progress("hub").await.unwrap().signed_in);
    assert!(matches!(call(&moved).await, Err(Error::SignIn { .. })));
    assert_eq!(call(&scene.servers).await.unwrap(), "seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_kept_though_who_wanted_it_has_gone() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    sign_in(&issuer, &scene.servers).await;
    run_out(&scene).await;
    issuer.said(|said| said.slow = Duration::from_millis(400));
    let gone = tokio::time::timeout(Duration::from_millis(150), call(&another(&scene, wanting(&issuer, None)))).await;
    assert!(gone.is_err(), "it took longer");
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(call(&scene.servers).await.unwrap(), "seen");
    assert_eq!(issuer.asked_by("refresh_token").len(), 1, "what the issuer gave was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_waits_until_the_tokens_are_there_and_one_begun_anew_is_not_disturbed() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    issuer.said(|said| said.slow = Duration::from_millis(500));
    let first = agreed(&issuer, &scene.servers.begin_login("hub", BACK).await.unwrap());
    let (finished, seen) = tokio::join!(scene.servers.finish_login(first), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        scene.servers.login_progress("hub").await.unwrap()
    });
    assert!(seen.waiting && !seen.signed_in, "{seen:?}");
    assert!(finished.is_ok() && scene.servers.login_progress("hub").await.unwrap().signed_in);

    let wrong =
        Callback { returned: Returned::Code("no".to_owned()), ..agreed(&issuer, &scene.servers.begin_login("hub", BACK).await.unwrap()) };
    let (failed, second) = tokio::join!(scene.servers.finish_login(wrong), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        scene.servers.begin_login("hub", BACK).await.unwrap()
    });
    assert!(failed.is_err());
    assert_eq!(scene.servers.finish_login(agreed(&issuer, &second)).await.unwrap(), "hub");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_client_is_shown_to_the_issuer_that_it_is_known_to_and_to_no_other() {
    let issuer = Issuer::start().await;
    let own = |known: Option<String>| {
        let secret = Some(ApiKey::new("hidden-own-secret"));
        Some(OAuthSettings { client_id: Some("own".to_owned()), client_secret: secret, issuer: known, ..OAuthSettings::default() })
    };
    let scene = Scene::of(wanting(&issuer, own(Some("https://elsewhere.example".to_owned())))).await;
    let error = scene.servers.begin_login("hub", BACK).await.unwrap_err().to_string();
    assert!(error.contains("https://elsewhere.example") && !error.contains("hidden"), "{error}");

    let scene = Scene::of(wanting(&issuer, own(None))).await;
    sign_in(&issuer, &scene.servers).await;
    assert_eq!(issuer.said(|said| said.registered), 0);
    issuer.said(|said| (said.named, said.good) = ("two", None));
    assert!(call(&scene.servers).await.is_err());
    let error = scene.servers.begin_login("hub", BACK).await.unwrap_err().to_string();
    assert!(error.contains("/two") && error.contains("/one"), "{error}");
    assert!(issuer.said(|said| said.asked.iter().all(|(to, _, _)| to == "one")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_taken_once_and_from_who_was_asked() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    let first = scene.servers.begin_login("hub", BACK).await.unwrap();
    let second = scene.servers.begin_login("hub", BACK).await.unwrap();
    assert!(matches!(scene.servers.finish_login(agreed(&issuer, &first)).await, Err(Error::NoSuchLogin(_))), "it was begun anew");
    assert!(scene.servers.login_progress("hub").await.unwrap().waiting);

    let forged = Callback { issuer: Some("https://evil.example".to_owned()), ..agreed(&issuer, &second) };
    let error = scene.servers.finish_login(forged).await.unwrap_err();
    assert!(matches!(&error, Error::LoginFailed { reason, .. } if reason.contains("evil.example")), "{error}");
    assert!(matches!(scene.servers.finish_login(agreed(&issuer, &second)).await, Err(Error::NoSuchLogin(_))), "its state is used up");
    assert_eq!(issuer.said(|said| said.asked.len()), 0, "no code was sent anywhere");

    let third = scene.servers.begin_login("hub", BACK).await.unwrap();
    let denied = Callback { returned: Returned::Denied("access_denied: no\u{1b}".to_owned()), ..agreed(&issuer, &third) };
    let error = scene.servers.finish_login(denied).await.unwrap_err().to_string();
    assert!(error.contains("did not let us in: access_denied: no "), "{error:?}");
    let progress = scene.servers.login_progress("hub").await.unwrap();
    assert!(!progress.waiting && progress.failed.is_some_and(|why| why.contains("access_denied")));

    let fourth = scene.servers.begin_login("hub", BACK).await.unwrap();
    let wrong = Callback { returned: Returned::Code("hidden-wrong-code".to_owned()), ..agreed(&issuer, &fourth) };
    let error = scene.servers.finish_login(wrong).await.unwrap_err().to_string();
    assert!(!error.contains("hidden"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_is_told_and_asked_for_with_those_of_before() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    sign_in(&issuer, &scene.servers).await;
    issuer.said(|said| {
        said.wanted = Some("write");
        said.good.as_mut().unwrap().1 = "read".to_owned();
    });
    let error = call(&scene.servers).await.unwrap_err();
    assert_eq!(error, Error::SignIn { server: "hub".to_owned(), scope: Some("write".to_owned()) });
    assert!(error.to_string().contains("`write`"), "{error}");
    let url = sign_in(&issuer, &another(&scene, wanting(&issuer, None))).await;
    assert_eq!(parameter(&url, "scope"), "read write", "another process asks for it, too");
    assert_eq!(call(&scene.servers).await.unwrap(), "seen");
    assert_eq!(issuer.said(|said| (said.registered, said.calls)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_credentials_of_its_own_needs_nobody() {
    let issuer = Issuer::start().await;
    let own = OAuthSettings {
        grant: Grant::ClientCredentials,
        client_id: Some("own".to_owned()),
        client_secret: Some(ApiKey::new("hidden-own-secret")),
        scopes: vec!["all".to_owned()],
        ..OAuthSettings::default()
    };
    let scene = Scene::of(wanting(&issuer, Some(own))).await;
    assert_eq!(call(&scene.servers).await.unwrap(), "seen");
    issuer.said(|said| said.good = None);
    assert_eq!(call(&scene.servers).await.unwrap(), "seen");
    let asked = issuer.asked_by("client_credentials");
    assert_eq!((asked.len(), asked[0]["scope"].as_str(), asked[0]["resource"].as_str()), (2, "all", issuer.url.as_str()));
    let error = scene.servers.begin_login("hub", BACK).await.unwrap_err().to_string();
    assert!(error.contains("credentials of its own"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_outlives_a_change_of_keys_and_lies_sealed() {
    let issuer = Issuer::start().await;
    let scene = Scene::of(wanting(&issuer, None)).await;
    let book = Arc::new(SourceBook::new(scene.store.clone(), Keyring::open(scene.folder.path(), None).unwrap()));
    let settings = Settings { servers: [("hub".to_owned(), wanting(&issuer, None))].into(), ..quick() };
    let servers = RemoteServers::new(&settings, scene.store.clone(), &book.logins()).unwrap();
    sign_in(&issuer, &servers).await;
    let before = scene.store.remote_logins().await.unwrap();
    book.rotate().await.unwrap();
    assert_ne!(scene.store.remote_logins().await.unwrap(), before);
    assert_eq!(call(&servers).await.unwrap(), "seen");
    let fresh = RemoteServers::new(&settings, scene.store.clone(), &logins(scene.folder.path(), &scene.store)).unwrap();
    assert_eq!(call(&fresh).await.unwrap(), "seen");
    for file in std::fs::read_dir(scene.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"hidden"), "{} holds a secret in clear", path.display());
    }
}
