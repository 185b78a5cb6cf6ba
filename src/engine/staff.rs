//! The actors that do the work of runs: one planner, and one expert for each agent file. They own nothing lasting:
//! a message brings the work and its permit, and the work goes on in a task of its own.

use std::sync::Arc;

use actix::prelude::*;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tracing::Instrument;

use super::post::Permit;

/// Thinks about what a run should do next.
pub struct Planner;

/// Performs tasks of its kind, a bounded number at once.
pub struct Expert {
    at_once: Arc<Semaphore>,
}

/// Work that was made ready by a run, with the permit to have it done.
pub struct Job {
    pub permit: Permit,
    pub span: tracing::Span,
    pub work: BoxFuture<'static, ()>,
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct Plan(pub Job);

#[derive(Message)]
#[rtype(result = "()")]
pub struct Perform(pub Job);

impl Expert {
    pub fn new(concurrency: usize) -> Self {
        Self { at_once: Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS))) }
    }
}

impl Actor for Planner {
    type Context = Context<Self>;
}

impl Actor for Expert {
    type Context = Context<Self>;
}

impl Handler<Plan> for Planner {
    type Result = ();

    fn handle(&mut self, Plan(job): Plan, _: &mut Context<Self>) {
        let Job { permit, span, work } = job;
        tokio::spawn(
            async move {
                work.await;
                drop(permit);
            }
            .instrument(span),
        );
    }
}

impl Handler<Perform> for Expert {
    type Result = ();

    fn handle(&mut self, Perform(job): Perform, _: &mut Context<Self>) {
        let Job { permit, span, work } = job;
        let at_once = self.at_once.clone();
        tokio::spawn(
            async move {
                let place = at_once.acquire_owned().await;
                work.await;
                drop(place);
                drop(permit);
            }
            .instrument(span),
        );
    }
}
