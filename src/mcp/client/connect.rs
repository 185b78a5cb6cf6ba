//! How a connection comes about, and in which form.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::link::{Fault, Link};
use super::mcp_link::{McpLink, NoLink};
use super::oauth::Keeper;
use super::plain_link::PlainLink;
use super::setup::{Reach, Setup};
use crate::source::remote::Form;

/// In MCP, or in the plain form where the server speaks no other, which is then remembered.
pub async fn connect(setup: &Setup, keeper: Option<&Arc<Keeper>>, is_plain: &AtomicBool) -> Result<Arc<dyn Link>, Fault> {
    let mcp = || McpLink::open(setup, keeper);
    let Reach::Http { url, token, form } = &setup.reach else {
        return mcp().await.map(linked).map_err(of_no_link);
    };
    let form = if is_plain.load(Ordering::Relaxed) { Form::Plain } else { *form };
    let not_mcp = match form {
        Form::Plain => return PlainLink::open(url, token.as_ref(), setup).await.map(linked),
        Form::Mcp => return mcp().await.map(linked).map_err(of_no_link),
        Form::Auto => match mcp().await {
            Ok(link) => return Ok(linked(link)),
            Err(NoLink::NotMcp(why)) => why,
            Err(none) => return Err(of_no_link(none)),
        },
    };
    let link = PlainLink::open(url, token.as_ref(), setup).await.map_err(|fault| match fault {
        Fault::Odd(plain) | Fault::Refused { message: plain, .. } => {
            Fault::Odd(format!("it speaks neither MCP ({not_mcp}) nor plain JSON-RPC ({plain})"))
        }
        other => other,
    })?;
    is_plain.store(true, Ordering::Relaxed);
    Ok(linked(link))
}

fn linked(link: impl Link + 'static) -> Arc<dyn Link> {
    Arc::new(link)
}

/// Nothing was asked of a tool yet, so nothing can have taken place.
fn of_no_link(none: NoLink) -> Fault {
    match none {
        NoLink::Fault(fault) => fault,
        NoLink::NotMcp(why) => Fault::Odd(format!("it does not speak MCP: {why}")),
    }
}
