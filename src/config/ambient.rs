//! The database that is meant where nothing names one: what other tools of databases find in their variables. The lowest of all layers.
//!
//! `DATABASE_URL`, else the variables of PostgreSQL's own tools where they say a database, or a host and a user, else `MCP_ENDPOINT`, a remote
//! server with tools of a database, which with `MCP_AUTH_TOKEN` is the server `endpoint`.

use figment::value::Value;
use url::Url;

use super::environment::Surroundings;
use super::layer::Layer;

const KEY: &str = "default_source";

const ENDPOINT: &str = "MCP_ENDPOINT";
const ENDPOINT_TOKEN: &str = "MCP_AUTH_TOKEN";
/// What its server is called.
const ENDPOINT_NAME: &str = "endpoint";

impl Surroundings {
    pub(super) fn ambient_source(&self) -> Option<Layer> {
        let layer = |origin: String, words: String| Layer::single(origin, &[KEY.to_owned()], words.into());
        if let Some(words) = self.variable("DATABASE_URL") {
            return Some(layer("variable `DATABASE_URL`".to_owned(), words.to_owned()));
        }
        let Some(words) = self.postgresql_url() else {
            self.variable(ENDPOINT)?;
            return Some(layer(format!("variable `{ENDPOINT}`"), format!("mcp:{ENDPOINT_NAME}")));
        };
        let known = ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE"];
        let set: Vec<String> = known.iter().filter(|name| self.variable(name).is_some()).map(|name| format!("`{name}`")).collect();
        Some(layer(format!("variables {}", set.join(", ")), words))
    }

    /// The server that `MCP_ENDPOINT` names, whether or not it is the default source.
    pub(super) fn endpoint(&self) -> Vec<Layer> {
        let Some(url) = self.variable(ENDPOINT) else { return Vec::new() };
        let place = |key: &str| ["mcp", "servers", ENDPOINT_NAME, key].map(str::to_owned);
        let layer = |name: &str, key: &str, value: &str| Layer::single(format!("variable `{name}`"), &place(key), Value::from(value));
        let token = self.variable(ENDPOINT_TOKEN).map(|token| layer(ENDPOINT_TOKEN, "token", token));
        std::iter::once(layer(ENDPOINT, "url", url)).chain(token).collect()
    }

    fn postgresql_url(&self) -> Option<String> {
        let (host, user) = (self.variable("PGHOST"), self.variable("PGUSER"));
        // Without a name, a database is called like its user.
        let database = self.variable("PGDATABASE").or(user.filter(|_| host.is_some()))?;
        // Of several hosts the first.
        let host = host.and_then(|host| host.split(',').next()).unwrap_or("localhost");
        let mut url = Url::parse("postgres://localhost").expect("it is a URL");
        if host.starts_with('/') {
            url.query_pairs_mut().append_pair("host", host);
        } else if host.contains(':') {
            url.set_host(Some(&format!("[{host}]"))).ok()?;
        } else {
            url.set_host(Some(host)).ok()?;
        }
        if let Some(port) = self.variable("PGPORT") {
            url.set_port(Some(port.split(',').next()?.parse().ok()?)).ok()?;
        }
        // The URL takes a percent sign for the beginning of a code.
        let plain = |text: &str| text.replace('%', "%25");
        url.set_username(&plain(user.unwrap_or_default())).ok()?;
        url.set_password(self.variable("PGPASSWORD").map(plain).as_deref()).ok()?;
        url.path_segments_mut().ok()?.push(database);
        if let Some(mode) = self.variable("PGSSLMODE") {
            url.query_pairs_mut().append_pair("sslmode", mode);
        }
        Some(url.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::effective::without_password;
    use super::*;

    fn meant(variables: &[(&str, &str)]) -> Option<String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Surroundings { variables, ..Surroundings::default() }.postgresql_url()
    }

    #[test]
    fn variables_of_postgresql_make_a_url() {
        let all = [
            ("PGHOST", "db.example"),
            ("PGPORT", "6000"),
            ("PGUSER", "a@b"),
            ("PGPASSWORD", "p@ss/w:rd%"),
            ("PGDATABASE", "my shop"),
            ("PGSSLMODE", "require"),
        ];
        let url = meant(&all).unwrap();
        assert_eq!(url, "postgres://a%40b:p%40ss%2Fw%3Ard%25@db.example:6000/my%20shop?sslmode=require");
        assert_eq!(without_password(&url), "postgres://a%40b:***@db.example:6000/my%20shop?sslmode=require");
        assert_eq!(meant(&[("PGDATABASE", "shop")]).unwrap(), "postgres://localhost/shop");
        assert_eq!(meant(&[("PGHOST", "h"), ("PGUSER", "ada")]).unwrap(), "postgres://ada@h/ada");
        assert_eq!(meant(&[("PGHOST", "::1"), ("PGDATABASE", "d")]).unwrap(), "postgres://[::1]/d");
        assert_eq!(meant(&[("PGHOST", "/run/pg"), ("PGDATABASE", "d")]).unwrap(), "postgres://localhost/d?host=%2Frun%2Fpg");
        for too_little in [&[("PGUSER", "ada")][..], &[("PGHOST", "h")], &[("PGPASSWORD", "x")], &[]] {
            assert_eq!(meant(too_little), None);
        }
    }
}
