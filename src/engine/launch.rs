//! Starting the engine: the staff, the conductor and the door, from the parts that the wiring hands in.

use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::prelude::*;

use crate::experts::Desk;
use crate::store::Store;
use crate::tools::Workbench;

use super::conductor::Conductor;
use super::feed::Feeds;
use super::post::Post;
use super::run::machine::Rules;
use super::shared::{ReasoningByName, Shared};
use super::staff::{Expert, Planner};
use super::{Runs, Settings};

pub struct Parts {
    pub store: Arc<dyn Store>,
    pub workbench: Arc<dyn Workbench>,
    pub desk: Arc<Desk>,
    pub reasoning: ReasoningByName,
    pub settings: Settings,
    /// Names this process in the rows of runs that it owns.
    pub node: String,
}

/// Starts the actors. To be called on the thread of the actor system.
pub fn launch(parts: Parts) -> Runs {
    let Parts { store, workbench, desk, reasoning, settings, node } = parts;
    let arbiter = Arbiter::current();
    let planner = desk.agents.planner();
    let planner_post = {
        let arbiter = arbiter.clone();
        Post::new(&planner.name, planner.mailbox, move || Planner::start_in_arbiter(&arbiter, |_| Planner))
    };
    let experts = desk.agents.experts().iter().map(|agent| {
        let (arbiter, concurrency) = (arbiter.clone(), agent.concurrency);
        let make = move || Expert::start_in_arbiter(&arbiter, move |_| Expert::new(concurrency));
        (agent.name.clone(), Post::new(&agent.name, agent.mailbox, make))
    });
    let shared = Arc::new(Shared {
        feeds: Feeds::new(&settings),
        rules: Rules::from(&settings),
        planner: planner_post,
        experts: experts.collect(),
        store,
        workbench,
        desk,
        reasoning,
        settings,
    });
    tokio::spawn(keep_readers_awake(Arc::downgrade(&shared)));
    let conductor = Conductor::new(shared.clone(), node).start();
    Runs::new(shared, conductor)
}

/// Goes on as long as the engine is there.
async fn keep_readers_awake(shared: Weak<Shared>) {
    loop {
        let Some(pause) = shared.upgrade().map(|shared| Duration::from_secs(shared.settings.keep_alive_s.max(1))) else { return };
        tokio::time::sleep(pause).await;
        match shared.upgrade() {
            Some(shared) => shared.feeds.keep_awake(),
            None => return,
        }
    }
}
