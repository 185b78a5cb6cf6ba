//! Who gives tokens for a server, as the server itself says.

use rmcp::transport::auth::{AuthorizationManager, AuthorizationMetadata, AuthorizationMetadataSource};
use url::Url;

use super::error::{Error, plain};
use super::outgoing::{Outgoing, answer};
use super::settings::OAuthSettings;

pub struct Discovered {
    pub manager: AuthorizationManager,
    pub metadata: AuthorizationMetadata,
    pub issuer: String,
}

/// From the challenge with which the server refused us, or the well-known addresses. The SDK bounds time and size, asks http(s) addresses
/// only, and private ones only where the server itself is at one, or the settings allow it.
pub async fn discover(server: &Url, settings: &OAuthSettings, challenge: Option<&str>) -> Result<Discovered, Error> {
    let refused = |error| Error::of(&error, |text| text);
    let made = match settings.private_addresses {
        true => AuthorizationManager::new_allowing_private_addresses(server.clone()).await,
        false => AuthorizationManager::new(server.clone()).await,
    };
    let mut manager = made.map_err(refused)?;
    let resolution = manager.resolve_metadata_from_challenge(challenge).await.map_err(refused)?;
    if !resolution.source.is_discovered() {
        return Err(Error::Refused("it does not say where one signs in".to_owned()));
    }
    let metadata = resolution.metadata;
    let endpoints = [Some(&metadata.authorization_endpoint), Some(&metadata.token_endpoint), metadata.registration_endpoint.as_ref()];
    for endpoint in endpoints.into_iter().flatten().filter(|endpoint| !endpoint.is_empty()) {
        if !may_be_used(server, endpoint) {
            return Err(Error::Refused(format!("its authorization server names `{}`, which is not safe to use", plain(endpoint))));
        }
    }
    let issuer = metadata.issuer.clone().ok_or_else(|| Error::Refused("its authorization server does not say who it is".to_owned()))?;
    if resolution.source == AuthorizationMetadataSource::ProtectedResourceMetadata {
        confirm(server, settings, &issuer, &metadata).await?;
    }
    manager.set_metadata(metadata.clone());
    Ok(Discovered { manager, metadata, issuer })
}

/// The server chose the document, and a document may claim to be anybody's. Whose it is, the issuer says at its own address: the same
/// endpoints have to stand there.
async fn confirm(server: &Url, settings: &OAuthSettings, issuer: &str, claimed: &AuthorizationMetadata) -> Result<(), Error> {
    let unknown = || Error::Refused(format!("`{}` does not confirm that it gives tokens for this server", plain(issuer)));
    let places = Url::parse(issuer).ok().filter(|url| may_be_used(server, url.as_str())).map(|url| well_known(&url)).ok_or_else(unknown)?;
    let outgoing = Outgoing::new(server, settings)?;
    for place in places {
        let (status, body) = answer(outgoing.get(&place)?).await?;
        let Some(own) = serde_json::from_slice::<AuthorizationMetadata>(&body).ok().filter(|_| status.is_success()) else { continue };
        let is_issuers = own.issuer.as_deref().is_some_and(|own| own.trim_end_matches('/') == issuer.trim_end_matches('/'));
        let is_same = own.token_endpoint == claimed.token_endpoint
            && own.authorization_endpoint == claimed.authorization_endpoint
            && own.registration_endpoint == claimed.registration_endpoint;
        return if is_issuers && is_same { Ok(()) } else { Err(unknown()) };
    }
    Err(unknown())
}

/// Where an issuer describes itself: RFC 8414, and OpenID Connect in both forms.
fn well_known(issuer: &Url) -> [Url; 3] {
    let path = issuer.path().trim_end_matches('/');
    let paths = [
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
        format!("{path}/.well-known/openid-configuration"),
    ];
    paths.map(|path| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        url
    })
}

/// Encrypted, unless the server itself is not.
fn may_be_used(server: &Url, endpoint: &str) -> bool {
    let Ok(url) = Url::parse(endpoint) else { return false };
    url.host_str().is_some() && (url.scheme() == "https" || (url.scheme() == "http" && server.scheme() == "http"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_describes_itself_at_its_own_addresses() {
        let of = |issuer: &str| well_known(&Url::parse(issuer).unwrap()).map(|url| url.to_string());
        let root = of("https://a/");
        assert_eq!(root[0], "https://a/.well-known/oauth-authorization-server");
        assert_eq!(root[1], root[2]);
        let tenant = [
            "/.well-known/oauth-authorization-server/t/1",
            "/.well-known/openid-configuration/t/1",
            "/t/1/.well-known/openid-configuration",
        ];
        assert_eq!(of("https://a/t/1?x=y#z"), tenant.map(|path| format!("https://a{path}")));
    }

    #[test]
    fn a_server_that_is_encrypted_leads_to_no_place_that_is_not() {
        let (safe, bare) = (Url::parse("https://h/mcp").unwrap(), Url::parse("http://127.0.0.1/mcp").unwrap());
        for (server, endpoint, expect) in [
            (&safe, "https://a/token", true),
            (&safe, "http://a/token", false),
            (&bare, "http://127.0.0.1/token", true),
            (&bare, "javascript:alert(1)", false),
            (&bare, "file:///etc/passwd", false),
            (&safe, "/token", false),
        ] {
            assert_eq!(may_be_used(server, endpoint), expect, "{server} {endpoint}");
        }
    }
}
