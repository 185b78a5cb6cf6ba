//! Who gives tokens for a server, as the server itself says.

use rmcp::transport::auth::{AuthorizationManager, AuthorizationMetadata};
use url::Url;

use super::error::{Error, plain};
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
    manager.set_metadata(metadata.clone());
    Ok(Discovered { manager, metadata, issuer })
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
