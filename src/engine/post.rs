//! A post: the bounded way to an actor that does work. A permit travels with the message and is free again when the *work* ends,
//! so that the bound holds for what is going on and not only for what is queued.

use std::sync::{Arc, Mutex};

use crate::telemetry::names;
use actix::dev::ToEnvelope;
use actix::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The right to have one piece of work waiting or done at a post.
pub struct Permit {
    _place: OwnedSemaphorePermit,
    agent: Arc<str>,
}

pub struct Post<A: Actor> {
    agent: Arc<str>,
    places: Arc<Semaphore>,
    /// Makes the actor anew when it is gone: supervision by factory.
    make: Box<dyn Fn() -> Addr<A> + Send + Sync>,
    actor: Mutex<Addr<A>>,
}

/// The actor is gone and could not be made anew.
#[derive(Debug, thiserror::Error)]
#[error("the actor of `{0}` does not answer")]
pub struct Unmanned(pub Arc<str>);

impl<A: Actor> Post<A> {
    pub fn new(agent: &str, mailbox: usize, make: impl Fn() -> Addr<A> + Send + Sync + 'static) -> Self {
        let actor = Mutex::new(make());
        Self {
            agent: agent.into(),
            places: Arc::new(Semaphore::new(mailbox.clamp(1, Semaphore::MAX_PERMITS))),
            make: Box::new(make),
            actor,
        }
    }

    /// Waits for a place, in order of arrival.
    pub async fn permit(&self) -> Permit {
        let place = self.places.clone().acquire_owned().await.expect("the places of a post are never closed");
        metrics::gauge!(names::MAILBOX_PERMITS_IN_USE, "agent" => self.agent.clone()).increment(1.0);
        Permit { _place: place, agent: self.agent.clone() }
    }

    pub async fn send<M>(&self, message: M) -> Result<(), Unmanned>
    where
        M: Message<Result = ()> + Send + 'static,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        let actor = self.current();
        actor.send(message).await.map_err(|_| Unmanned(self.agent.clone()))
    }

    fn current(&self) -> Addr<A> {
        let mut actor = self.actor.lock().expect("nothing panics while it holds the address");
        if !actor.connected() {
            tracing::warn!(agent = %self.agent, "the actor was gone and is made anew");
            *actor = (self.make)();
        }
        actor.clone()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        metrics::gauge!(names::MAILBOX_PERMITS_IN_USE, "agent" => self.agent.clone()).decrement(1.0);
    }
}
