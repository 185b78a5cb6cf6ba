//! What we ask of authorization servers ourselves, beside the SDK: bounded in time and size, led nowhere else, and to no private address
//! unless the server itself is at one or the settings allow it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::StreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use url::{Host, Url};

use super::error::{Error, plain};
use super::settings::OAuthSettings;
use crate::mcp::client::setup::is_loopback;

const TIME: Duration = Duration::from_secs(30);
const MOST_BYTES: usize = 1024 * 1024;

pub struct Outgoing {
    client: Client,
    names: Names,
}

/// Which addresses names may lead to.
#[derive(Clone, Copy)]
struct Names {
    may_be_private: bool,
}

impl Outgoing {
    pub fn new(server: &Url, settings: &OAuthSettings) -> Result<Self, Error> {
        let is_private = match server.host() {
            Some(Host::Ipv4(address)) => !is_public(address.into()),
            Some(Host::Ipv6(address)) => !is_public(address.into()),
            _ => is_loopback(server),
        };
        let names = Names { may_be_private: is_private || settings.private_addresses };
        let mut builder = Client::builder().timeout(TIME).redirect(Policy::none()).dns_resolver(std::sync::Arc::new(names));
        if is_loopback(server) {
            builder = builder.no_proxy();
        }
        Ok(Self { client: builder.build().map_err(away)?, names })
    }

    pub fn get(&self, url: &Url) -> Result<RequestBuilder, Error> {
        self.allowed(url).map(|()| self.client.get(url.clone()).header("accept", "application/json"))
    }

    pub fn post(&self, url: &Url) -> Result<RequestBuilder, Error> {
        self.allowed(url).map(|()| self.client.post(url.clone()).header("accept", "application/json"))
    }

    /// A number instead of a name is not looked up, so it is looked at here.
    fn allowed(&self, url: &Url) -> Result<(), Error> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
            _ => None,
        };
        match address.is_none_or(|address| self.names.may_lead_to(address)) {
            true => Ok(()),
            false => Err(Error::Refused(format!("`{}` is a private address; see `oauth.private_addresses`", plain(url.as_str())))),
        }
    }
}

/// Status and body of an answer.
pub async fn answer(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Error> {
    let response = request.send().await.map_err(away)?;
    let (status, mut body, mut pieces) = (response.status(), Vec::new(), response.bytes_stream());
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.map_err(away)?);
        if body.len() > MOST_BYTES {
            return Err(Error::Refused(format!("the issuer's answer is larger than {MOST_BYTES} bytes")));
        }
    }
    Ok((status, body))
}

fn away(error: reqwest::Error) -> Error {
    Error::Away(plain(&error.without_url().to_string()))
}

impl Names {
    fn may_lead_to(self, address: IpAddr) -> bool {
        is_public(address) || (self.may_be_private && !is_of_the_link(address))
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| names.may_lead_to(address.ip())).collect();
            match allowed.is_empty() {
                true => Err("the name leads to private addresses only; see `oauth.private_addresses`".into()),
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// Where clouds keep what machines should not tell, among others.
fn is_of_the_link(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn is_public(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(address) => is_public_v4(address),
        // 2000::/3 is all that was given out; what leads to IPv4 by another way is left out.
        IpAddr::V6(address) => {
            let segments = address.segments();
            segments[0] & 0xe000 == 0x2000 && segments[0] != 0x2002 && !(segments[0] == 0x2001 && segments[1] < 0x200)
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && second & 0xc0 == 64;
    let is_reserved = first == 0 || first >= 240 || (first == 192 && second == 0 && third == 0) || (first == 198 && second & 0xfe == 18);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_reserved)
}

fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_however_they_are_written() {
        for private in [
            "10.0.0.9",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.9",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_server_outside_leads_to_no_private_address_and_none_leads_to_the_link() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let at = |server: &str, private_addresses: bool| {
            let settings = OAuthSettings { private_addresses, ..OAuthSettings::default() };
            Outgoing::new(&Url::parse(server).unwrap(), &settings).unwrap()
        };
        let leads = |outgoing: &Outgoing, url: &str| outgoing.get(&Url::parse(url).unwrap()).is_ok();
        let (outside, here, allowed) =
            (at("https://hub.example/mcp", false), at("http://127.0.0.1:1/mcp", false), at("https://hub.example/mcp", true));
        assert!(leads(&outside, "https://8.8.8.8/") && !leads(&outside, "http://127.0.0.1/") && !leads(&outside, "http://[::1]/"));
        assert!(leads(&here, "http://127.0.0.1:2/") && leads(&allowed, "http://10.0.0.9/"));
        assert!(!leads(&allowed, "http://169.254.169.254/"));
    }
}
