//! What a client says of itself, signed with its key (RFC 7523), in place of a secret. The SDK could do it, with a second provider of
//! cryptography that we do not want.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RsaEncoding, RsaKeyPair,
};
use rmcp::transport::auth::{AuthorizationMetadata, OAuthTokenResponse};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::error::{Error, plain};
use super::outgoing::{Outgoing, answer};

const LASTS_S: u64 = 300;
const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub enum SigningKey {
    Es256(EcdsaKeyPair),
    Es384(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// Who asks, and for what.
pub struct Asking<'a> {
    pub client_id: &'a str,
    pub scopes: &'a [String],
    pub resource: &'a str,
    pub now_s: u64,
}

impl SigningKey {
    pub fn parse(pem: &str) -> Result<Self, &'static str> {
        const VALID: &str = "not a private key in PEM; valid are PKCS#8 of RSA, P-256 and P-384, and PKCS#1";
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| VALID)?;
        let random = SystemRandom::new();
        match &key {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map(Self::Rsa).map_err(|_| VALID),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random).map(Self::Es256);
                let p384 = || EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der, &random).map(Self::Es384);
                p256.or_else(|_| p384()).or_else(|_| RsaKeyPair::from_pkcs8(der).map(Self::Rsa)).map_err(|_| VALID)
            }
            _ => Err(VALID),
        }
    }

    /// The first of the key's algorithms that the issuer takes; one that does not say takes all.
    fn algorithm(&self, metadata: &AuthorizationMetadata) -> Result<&'static str, Error> {
        let own: &[&str] = match self {
            Self::Es256(_) => &["ES256"],
            Self::Es384(_) => &["ES384"],
            Self::Rsa(_) => &["RS256", "RS384", "RS512"],
        };
        let taken = metadata.additional_fields.get("token_endpoint_auth_signing_alg_values_supported").and_then(Value::as_array);
        let is_taken = |name: &&&str| taken.is_none_or(|taken| taken.iter().any(|other| other.as_str() == Some(**name)));
        let chosen = own.iter().find(is_taken).copied();
        chosen.ok_or_else(|| Error::Refused(format!("the issuer takes no signature by this key; it would be {}", own.join(" or "))))
    }

    fn sign(&self, algorithm: &str, text: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        let failed = |_| Error::Refused("the key does not sign".to_owned());
        let rsa: &'static dyn RsaEncoding = match algorithm {
            "RS384" => &RSA_PKCS1_SHA384,
            "RS512" => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        match self {
            Self::Es256(pair) | Self::Es384(pair) => pair.sign(&random, text).map(|signed| signed.as_ref().to_vec()).map_err(failed),
            Self::Rsa(pair) => sign_rsa(pair, rsa, &random, text).map_err(failed),
        }
    }
}

/// A token for who signs. It is asked for where the issuer itself is, and no redirect is followed.
pub async fn exchange(
    outgoing: &Outgoing,
    key: &SigningKey,
    metadata: &AuthorizationMetadata,
    asking: &Asking<'_>,
) -> Result<OAuthTokenResponse, Error> {
    let issuer = metadata.issuer.as_deref().unwrap_or_default();
    let (issuer_url, endpoint) = (Url::parse(issuer).ok(), Url::parse(&metadata.token_endpoint).ok());
    let Some(endpoint) = endpoint.filter(|endpoint| issuer_url.is_some_and(|issuer| issuer.origin() == endpoint.origin())) else {
        return Err(Error::Refused(format!("`{}` is not a place of the issuer", plain(&metadata.token_endpoint))));
    };
    let form = form(&assertion(key, metadata, asking)?, asking);
    let request = outgoing.post(&endpoint)?.header("content-type", "application/x-www-form-urlencoded").body(form);
    let (status, body) = answer(request).await?;
    if status.is_server_error() {
        return Err(Error::Away(format!("the issuer answers with status {status}")));
    }
    if !status.is_success() {
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let word = said.get("error").and_then(Value::as_str).unwrap_or("no reason");
        return Err(Error::Refused(format!("the issuer refuses the client: {} (status {status})", plain(word))));
    }
    // What is wrong with it is not told, because it may hold a token.
    serde_json::from_slice(&body).map_err(|_| Error::Refused("the issuer's answer is no token".to_owned()))
}

fn form(assertion: &str, asking: &Asking<'_>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_assertion_type", KIND);
    form.append_pair("client_assertion", assertion);
    form.append_pair("resource", asking.resource);
    if !asking.scopes.is_empty() {
        form.append_pair("scope", &asking.scopes.join(" "));
    }
    form.finish()
}

fn assertion(key: &SigningKey, metadata: &AuthorizationMetadata, asking: &Asking<'_>) -> Result<String, Error> {
    let algorithm = key.algorithm(metadata)?;
    let header = json!({"alg": algorithm, "typ": "client-authentication+jwt"});
    let claims = json!({
        "iss": asking.client_id,
        "sub": asking.client_id,
        "aud": metadata.issuer,
        "iat": asking.now_s,
        "exp": asking.now_s + LASTS_S,
        "jti": uuid::Uuid::new_v4().to_string(),
    });
    let text = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let signed = key.sign(algorithm, text.as_bytes())?;
    Ok(format!("{text}.{}", BASE64.encode(signed)))
}

fn sign_rsa(
    pair: &RsaKeyPair,
    encoding: &'static dyn RsaEncoding,
    random: &SystemRandom,
    text: &[u8],
) -> Result<Vec<u8>, ring::error::Unspecified> {
    let mut signed = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, random, text, &mut signed)?;
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, UnparsedPublicKey};

    use super::*;

    fn metadata(algorithms: Option<&[&str]>) -> AuthorizationMetadata {
        let mut text = json!({"authorization_endpoint": "http://a/x", "token_endpoint": "http://a/y", "issuer": "http://a"});
        if let Some(algorithms) = algorithms {
            text["token_endpoint_auth_signing_alg_values_supported"] = json!(algorithms);
        }
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_client_says_who_it_is_in_words_that_its_key_signs() {
        let fresh = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            base64::prelude::BASE64_STANDARD.encode(fresh.as_ref())
        );
        let key = SigningKey::parse(&pem).unwrap();
        let asking = Asking { client_id: "me", scopes: &[], resource: "http://h/mcp", now_s: 100 };
        let said = assertion(&key, &metadata(None), &asking).unwrap();
        let (text, signed) = said.rsplit_once('.').unwrap();
        let SigningKey::Es256(pair) = &key else { panic!("the key is of P-256") };
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
        public.verify(text.as_bytes(), &BASE64.decode(signed).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&BASE64.decode(text.split_once('.').unwrap().1).unwrap()).unwrap();
        assert_eq!((&claims["sub"], &claims["aud"], &claims["exp"]), (&json!("me"), &json!("http://a"), &json!(400)));

        let refused = assertion(&key, &metadata(Some(&["RS256"])), &asking).unwrap_err();
        assert!(refused.to_string().contains("ES256"), "{refused}");
        assert!(SigningKey::parse("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").is_err());
    }
}
