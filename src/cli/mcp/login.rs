//! `fathom mcp login`: a person signs in to a remote server in a browser, while this waits.

use std::time::Duration;

use anyhow::bail;

use crate::api::body::Nothing;
use crate::api::logins::{LoginBegun, LoginState};
use crate::cli::client::Client;
use crate::cli::exit::Exit;
use crate::cli::out;
use crate::cli::watching::interrupted;

const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The scopes that may stand in it are bounded, and have room.
const URL_CHARS: usize = 16_000;

pub async fn login(client: &Client, name: &str) -> anyhow::Result<Exit> {
    let begun: LoginBegun = client.post_once(&["servers", name, "login"], &Nothing {}).await?;
    out::note("open this address in a browser; waiting until somebody has signed in there");
    out::line(out::harmless(&begun.url, URL_CHARS))?;
    let done = tokio::select! {
        done = until_done(client, name) => done?,
        () = interrupted() => return Ok(Exit::Interrupted),
    };
    match done.failed {
        Some(why) => bail!("nobody is signed in to `{name}`: {}", out::harmless(&why, 400)),
        None if done.signed_in => out::note(format!("signed in to `{name}`")),
        None => bail!("nobody is signed in to `{name}`: the sign-in was given up"),
    }
    Ok(Exit::Done)
}

async fn until_done(client: &Client, name: &str) -> anyhow::Result<LoginState> {
    loop {
        let state: LoginState = client.get(&["servers", name, "login"], &[]).await?;
        if !state.waiting {
            return Ok(state);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
