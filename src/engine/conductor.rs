//! The conductor: which runs live here. It admits them, brings them back after a loss, and passes commands on.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::domain::{RunId, Seq};
use crate::store::{self, RunRow, StoredCommand};

use super::run::actor::{self, Loaded, RunActor};
use super::run::state::RunState;
use super::shared::Shared;
use super::{CommandOutcome, Error};

/// Losses of one run's actor without any progress before the run is ended.
const LOSSES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub struct Conductor {
    shared: Arc<Shared>,
    node: String,
    live: HashMap<RunId, Addr<RunActor>>,
    loading: HashSet<RunId>,
    /// Beyond the number of live runs that is allowed; in order of arrival.
    waiting: VecDeque<RunId>,
    /// Commands for runs that are being loaded.
    held: HashMap<RunId, Vec<actor::Deliver>>,
    losses: HashMap<RunId, Loss>,
    tell: mpsc::UnboundedSender<RunOver>,
    over: Option<mpsc::UnboundedReceiver<RunOver>>,
}

/// A run is on disk and is to go on; a new one comes with its row.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StartRun {
    pub run: RunId,
    pub row: Option<Box<RunRow>>,
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct Deliver {
    pub run: RunId,
    pub command: StoredCommand,
    pub reply: oneshot::Sender<Result<CommandOutcome, Error>>,
}

/// The actor of a run is no more.
#[derive(Clone, Copy, Debug)]
pub struct RunOver {
    pub run: RunId,
    pub fate: Fate,
    /// The last event that it committed.
    pub head: Seq,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The last event is written.
    Ended,
    /// Another owner writes the journal now.
    TakenOver,
    /// The store could not write; it is tried again.
    StoreFailed,
    /// A panic, or a stop that nobody asked for.
    Lost,
}

/// What befell a run since its last event.
#[derive(Clone, Copy, Default)]
struct Loss {
    /// Actors that were lost.
    count: u32,
    /// Times that the store could not write or read. They make the wait longer and end no run.
    refused: u32,
    head: Seq,
}

impl Conductor {
    pub fn new(shared: Arc<Shared>, node: String) -> Self {
        let (tell, over) = mpsc::unbounded_channel();
        Self {
            shared,
            node,
            live: HashMap::new(),
            loading: HashSet::new(),
            waiting: VecDeque::new(),
            held: HashMap::new(),
            losses: HashMap::new(),
            tell,
            over: Some(over),
        }
    }

    fn admit(&mut self, run: RunId, row: Option<Box<RunRow>>, ctx: &mut Context<Self>) {
        if self.live.contains_key(&run) || self.loading.contains(&run) || self.waiting.contains(&run) {
            return;
        }
        if self.live.len() + self.loading.len() >= self.shared.settings.max_live_runs {
            self.waiting.push_back(run);
            return;
        }
        self.load(run, row, ctx);
    }

    fn load(&mut self, run: RunId, row: Option<Box<RunRow>>, ctx: &mut Context<Self>) {
        self.loading.insert(run);
        let abandon = self
            .losses
            .get(&run)
            .filter(|loss| loss.count >= LOSSES)
            .map(|loss| format!("the run came to grief {} times after event {}; see the log", loss.count, loss.head));
        // In a task of its own: a panic in it is this run's loss, not the conductor's end.
        let loaded = tokio::spawn(load(self.shared.clone(), run, row, self.node.clone(), abandon));
        ctx.spawn(loaded.into_actor(self).map(move |loaded, conductor, ctx| {
            conductor.loading.remove(&run);
            match loaded {
                Ok(Ok(Some(loaded))) => conductor.bring_to_life(loaded),
                Ok(Ok(None)) => conductor.release(run),
                Ok(Err(error)) => {
                    tracing::error!(run.id = %run, %error, "the run could not be loaded and is tried again");
                    conductor.lost(RunOver { run, fate: Fate::StoreFailed, head: 0 }, ctx);
                }
                Err(_) => conductor.lost(RunOver { run, fate: Fate::Lost, head: 0 }, ctx),
            }
        }));
    }

    fn bring_to_life(&mut self, loaded: Loaded) {
        let run = loaded.run;
        let address = RunActor::start_from(loaded, self.shared.clone(), self.tell.clone());
        for deliver in self.held.remove(&run).unwrap_or_default() {
            forward(&address, deliver);
        }
        self.live.insert(run, address);
    }

    /// The run has ended elsewhere: who waits for an answer gets the refusal that an ended run gives.
    fn release(&mut self, run: RunId) {
        for deliver in self.held.remove(&run).unwrap_or_default() {
            // Who asked may have gone away.
            let _ = deliver.reply.send(Err(Error::Stopping));
        }
    }

    fn lost(&mut self, over: RunOver, ctx: &mut Context<Self>) {
        let loss = self.losses.entry(over.run).or_default();
        if over.head > loss.head {
            *loss = Loss { head: over.head, ..Loss::default() };
        }
        if over.fate == Fate::StoreFailed {
            // A store that cannot write is nobody's fault: it is waited for as long as it takes, and asked often.
            loss.refused = LOSSES.min(loss.refused + 1);
        } else {
            loss.count += 1;
            tracing::error!(run.id = %over.run, losses = loss.count, "the run's actor was lost; it is built anew from the journal");
        }
        let wait = FIRST_WAIT.saturating_mul(1 << (loss.count + loss.refused - 1).min(9)).min(LONGEST_WAIT);
        let run = over.run;
        ctx.run_later(wait, move |conductor, ctx| conductor.admit(run, None, ctx));
    }

    fn admit_waiting(&mut self, ctx: &mut Context<Self>) {
        while self.live.len() + self.loading.len() < self.shared.settings.max_live_runs {
            let Some(run) = self.waiting.pop_front() else { return };
            self.load(run, None, ctx);
        }
    }
}

/// Claims a run and replays its journal; nothing when it has ended.
async fn load(
    shared: Arc<Shared>,
    run: RunId,
    row: Option<Box<RunRow>>,
    node: String,
    abandon: Option<String>,
) -> Result<Option<Loaded>, store::Error> {
    let store = &shared.store;
    let fresh = row.is_some();
    let row = match row {
        Some(row) => *row,
        None => store.claim_run(run, &node).await?,
    };
    if row.status.is_ended() {
        return Ok(None);
    }
    let mut state = RunState::new(row.request);
    if !fresh {
        loop {
            let records = store.records(run, state.head, 1_000).await?;
            for record in &records {
                state.apply(&record.decode(run)?.body, record.at);
            }
            if records.len() < 1_000 {
                break;
            }
        }
    }
    let commands = if fresh { Vec::new() } else { store.open_commands(run).await? };
    Ok(Some(Loaded { run, state, epoch: row.epoch, source: row.source, commands, abandon }))
}

fn forward(address: &Addr<RunActor>, deliver: actor::Deliver) {
    let address = address.clone();
    actix::spawn(async move {
        // A run that is gone drops the reply, which tells who asked.
        let _ = address.send(deliver).await;
    });
}

impl Actor for Conductor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(1_024);
        if let Some(over) = self.over.take() {
            ctx.add_stream(UnboundedReceiverStream::new(over));
        }
    }
}

impl StreamHandler<RunOver> for Conductor {
    fn handle(&mut self, over: RunOver, ctx: &mut Context<Self>) {
        self.live.remove(&over.run);
        match over.fate {
            Fate::Ended | Fate::TakenOver => {
                self.losses.remove(&over.run);
            }
            Fate::StoreFailed | Fate::Lost => self.lost(over, ctx),
        }
        self.admit_waiting(ctx);
    }
}

impl Handler<StartRun> for Conductor {
    type Result = ();

    fn handle(&mut self, start: StartRun, ctx: &mut Context<Self>) {
        self.admit(start.run, start.row, ctx);
    }
}

impl Handler<Deliver> for Conductor {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, ctx: &mut Context<Self>) {
        let Deliver { run, command, reply } = deliver;
        let deliver = actor::Deliver { command, reply };
        if let Some(address) = self.live.get(&run) {
            forward(address, deliver);
            return;
        }
        self.held.entry(run).or_default().push(deliver);
        if !self.loading.contains(&run) {
            // A run that is spoken to gets its place now.
            self.waiting.retain(|waiting| *waiting != run);
            self.load(run, None, ctx);
        }
    }
}
