//! Where requests go, and with which headers.

use fathom::model::{ApiKey, AuthHeader, ModelSettings, Prices, Settings, UrlStyle, build};
use serde_json::json;

use super::server::{Answer, KEY, Seen, Server, good, request};

async fn seen_by(change: impl FnOnce(&mut Settings)) -> Seen {
    let server = Server::scripted([good as fn() -> Answer]).await;
    let mut settings = server.settings();
    change(&mut settings);
    build(&settings, Prices::builtin()).unwrap().get("m").unwrap().reply(&request()).await.unwrap();
    server.seen().remove(0)
}

#[tokio::test]
async fn azure_names_the_deployment_in_the_url_and_the_key_in_its_own_header() {
    let seen = seen_by(|settings| {
        settings.url_style = UrlStyle::Azure;
        settings.models.insert("m".to_owned(), ModelSettings { id: Some("my-deployment".to_owned()), ..ModelSettings::default() });
    })
    .await;
    assert_eq!(seen.path, "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21");
    assert_eq!(seen.headers["api-key"], KEY);
    assert!(!seen.headers.contains_key("authorization"));
    assert_eq!(seen.body.get("model"), None);
}

#[tokio::test]
async fn azure_without_versions_and_with_a_bearer() {
    let seen = seen_by(|settings| {
        settings.url_style = UrlStyle::Azure;
        settings.auth_header = Some(AuthHeader::Bearer);
        settings.base_url.push_str("/openai/v1");
    })
    .await;
    assert_eq!(seen.path, "/openai/v1/chat/completions");
    assert_eq!(seen.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(seen.body["model"], "m");
}

#[tokio::test]
async fn databricks_and_whole_urls() {
    let seen = seen_by(|settings| settings.url_style = UrlStyle::Databricks).await;
    assert_eq!(seen.path, "/serving-endpoints/m/invocations");
    assert_eq!(seen.headers["authorization"], format!("Bearer {KEY}"));

    let seen = seen_by(|settings| settings.base_url.push_str("/serving-endpoints")).await;
    assert_eq!(seen.path, "/serving-endpoints/chat/completions");
    assert_eq!(seen.body["model"], "m");

    let seen = seen_by(|settings| {
        settings.url_style = UrlStyle::Full;
        settings.base_url.push_str("/any/{model}/place?x=1");
    })
    .await;
    assert_eq!(seen.path, "/any/m/place?x=1");
}

#[tokio::test]
async fn what_differs_for_a_model_goes_before_and_its_server_never_sees_another_key() {
    let (main, own) = (Server::scripted([good as fn() -> Answer]).await, Server::scripted([good as fn() -> Answer]).await);
    let mut settings = main.settings();
    let special = ModelSettings {
        id: Some("real-name".to_owned()),
        base_url: Some(own.url()),
        temperature: Some(0.7),
        max_tokens: Some(100),
        price: Some(fathom::model::Price { input: 1.0, output: 2.0 }),
        ..ModelSettings::default()
    };
    settings.models.insert("special".to_owned(), special);
    let models = build(&settings, Prices::builtin()).unwrap();
    assert_eq!(models.configured(), ["m", "special"]);
    assert_eq!(models.default_name(), Some("m"));

    let reply = models.get("special").unwrap().reply(&request()).await.unwrap();
    assert_eq!(reply.usage.usd, (10.0 + 2.0 * 5.0) / 1e6);
    let seen = own.seen().remove(0);
    assert!(!seen.headers.contains_key("authorization"), "the key of another server was sent");
    assert_eq!((&seen.body["model"], &seen.body["max_tokens"]), (&json!("real-name"), &json!(100)));
    assert!((seen.body["temperature"].as_f64().unwrap() - 0.7).abs() < 1e-6);

    // A name that nobody listed is asked of the main server.
    models.get("any-other").unwrap().reply(&request()).await.unwrap();
    assert_eq!(main.seen()[0].body["model"], "any-other");
}

#[tokio::test]
async fn without_a_server_or_a_name_there_is_no_model() {
    let models = build(&Settings::default(), Prices::builtin()).unwrap();
    assert!(models.default_name().is_none() && models.configured().is_empty());
    assert!(models.get("").is_none() && models.get("builtin").is_none() && models.get("gpt").is_none());

    let nowhere = Settings { name: "m".to_owned(), ..Settings::default() };
    assert!(build(&nowhere, Prices::builtin()).err().unwrap().to_string().contains("model.base_url"));
    let bad_key = Settings { name: "m".to_owned(), api_key: Some(ApiKey::new("line\nbreak")), ..Settings::default() };
    let error = build(&bad_key, Prices::builtin()).err().unwrap().to_string();
    assert!(error.contains("`m`") && !error.contains("break"), "{error}");
}
