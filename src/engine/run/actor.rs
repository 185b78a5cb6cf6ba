//! The actor of one run: the only writer of its journal, the owner of its state.
//!
//! Order: decide and apply in memory, journal, publish, perform. Nothing leaves the actor before the commit; when a commit
//! fails, the actor ends with its state, and a new one is built from the journal. One append is in flight at a time;
//! what arrives meanwhile goes into the next.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::domain::crash::CrashPoint;
use crate::domain::{EventBody, RunId, Seq, SourceKey};
use crate::engine::clock::now_ms;
use crate::engine::conductor::{Fate, RunOver};
use crate::engine::feed::{self, Batch, Feed};
use crate::engine::shared::Shared;
use crate::engine::{Command, CommandOutcome, Error};
use crate::store::{self, Append, ConsumedCommand, Record, StoredCommand};

use super::batch::{Due, Reply, Undertaken, Waiting};
use super::effects::{self, Effect};
use super::fate::FateTeller;
use super::input::{Input, Refusal};
use super::perform::{self, Site};
use super::silence::Silence;
use super::state::{Phase, RunState};
use super::{headline, machine, report::Report};
use crate::telemetry::{names, spans};

/// Facts that one append takes at most; more wait for the next.
const FACTS_AN_APPEND: usize = 256;
/// Messages that wait for the actor before senders do.
const MAILBOX: usize = 64;

pub struct RunActor {
    run: RunId,
    shared: Arc<Shared>,
    feed: Arc<Feed>,
    state: RunState,
    epoch: i64,
    source: Option<SourceKey>,
    waiting: VecDeque<Waiting>,
    /// An append is in flight.
    writing: bool,
    in_flight: HashMap<Effect, CancellationToken>,
    /// What came of each command of this life, for whoever asks again.
    outcomes: HashMap<String, Result<CommandOutcome, Refusal>>,
    site: Site,
    span: tracing::Span,
    fate: FateTeller,
}

/// Everything that an actor starts from.
pub struct Loaded {
    pub run: RunId,
    pub state: RunState,
    pub epoch: i64,
    pub source: Option<SourceKey>,
    pub commands: Vec<StoredCommand>,
    /// Set when earlier actors of this run came to grief again and again: the run is ended with this reason.
    pub abandon: Option<String>,
}

/// A person's command, stored already.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Deliver {
    pub command: StoredCommand,
    pub reply: oneshot::Sender<Result<CommandOutcome, Error>>,
}

/// Work that was performed for this run is over, whatever came of it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EffectOver {
    pub effect: Effect,
}

impl RunActor {
    pub fn start_from(loaded: Loaded, shared: Arc<Shared>, tell: mpsc::UnboundedSender<RunOver>) -> Addr<Self> {
        let Loaded { run, state, epoch, source, commands, abandon } = loaded;
        let fate = FateTeller { run, fate: Fate::Lost, head: state.head, tell };
        let feed = shared.feeds.of(run);
        Self::create(|ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            let site = Site::new(run, shared.clone(), ctx.address(), &state);
            let span = spans::run(run, &state.request.model);
            let mut actor = Self {
                run,
                shared,
                feed,
                state,
                epoch,
                source,
                waiting: VecDeque::new(),
                writing: false,
                in_flight: HashMap::new(),
                outcomes: HashMap::new(),
                site,
                span,
                fate,
            };
            actor.prepare(commands, abandon);
            actor
        })
    }

    /// What a life begins with: the first event, or the commands that nobody has consumed yet.
    fn prepare(&mut self, commands: Vec<StoredCommand>, abandon: Option<String>) {
        if self.state.phase == Phase::Created {
            let (reasoning, experts) = self.shared.introduce(&self.state.request);
            self.push(Input::Begin { reasoning, experts });
        }
        if let Some(reason) = abandon {
            self.push(Input::Abandoned { reason });
        }
        for command in commands {
            self.push_command(&command, Reply::Nobody);
        }
    }

    fn push(&mut self, input: Input) {
        self.waiting.push_back(Waiting { input, step: None, entries: Vec::new(), command_id: None, answer: Reply::Nobody });
    }

    fn push_command(&mut self, stored: &StoredCommand, answer: Reply) {
        match serde_json::from_str::<Command>(&stored.body) {
            Ok(command) => self.waiting.push_back(Waiting {
                input: Input::Commanded(command),
                step: None,
                entries: Vec::new(),
                command_id: Some(stored.command_id.clone()),
                answer,
            }),
            Err(error) => tracing::error!(run.id = %self.run, %error, "a stored command cannot be read and is passed over"),
        }
    }

    /// Decides everything that waits, and journals what follows. Does nothing while an append is in flight.
    fn turn(&mut self, ctx: &mut Context<Self>) {
        if self.writing {
            return;
        }
        let at = now_ms();
        let first_seq = self.state.head + 1;
        let mut batch = Undertaken::default();
        for waiting in self.waiting.drain(..self.waiting.len().min(FACTS_AN_APPEND)) {
            if let Some(outcome) = waiting.command_id.as_ref().and_then(|id| self.outcomes.get(id)) {
                batch.due.push(Due { reply: waiting.answer, outcome: outcome.clone() });
                continue;
            }
            let decided = machine::handle(&mut self.state, self.shared.rules, waiting.input, at);
            let outcome = match decided {
                Ok(events) => {
                    batch.events.extend(events);
                    batch.steps.extend(waiting.step);
                    batch.entries.extend(waiting.entries);
                    Ok(CommandOutcome { seq: self.state.head })
                }
                Err(refusal) => Err(refusal),
            };
            if let Some(command_id) = waiting.command_id {
                let text = serde_json::to_string(&outcome).expect("outcomes are plain data and always serialise");
                batch.consumed.push(ConsumedCommand { command_id: command_id.clone(), outcome: text });
                self.outcomes.insert(command_id, outcome.clone());
            }
            batch.due.push(Due { reply: waiting.answer, outcome });
        }
        if batch.is_empty() {
            self.answer(batch.due);
            self.reconcile(ctx);
            return;
        }
        self.write(batch, first_seq, at, ctx);
    }

    fn write(&mut self, batch: Undertaken, first_seq: Seq, at: i64, ctx: &mut Context<Self>) {
        let records: Vec<Record> = (first_seq..).zip(&batch.events).map(|(seq, event)| Record::encode(seq, at, event)).collect();
        let ends = batch.events.last().is_some_and(EventBody::is_last);
        let concludes = batch.events.iter().any(|event| matches!(event, EventBody::TaskDone { .. }));
        if ends {
            CrashPoint::BeforeLastEvent.passed();
        }
        let frames = feed::encode(self.run, &records);
        let last = self.state.head;
        let append = Append {
            run: self.run,
            epoch: self.epoch,
            first_seq,
            at,
            records,
            steps: batch.steps,
            entries: batch.entries,
            source: self.source.clone(),
            consumed: batch.consumed,
            status: self.state.status(),
            summary: self.state.summary(),
        };
        self.writing = true;
        let store = self.shared.store.clone();
        let (due, events) = (batch.due, batch.events);
        let committed = async move { store.append(append).await }.into_actor(self).map(move |stored, actor, ctx| match stored {
            Ok(()) => {
                CrashPoint::BeforePublish.passed();
                for event in &events {
                    actor.shared.count_event(event, &actor.state);
                }
                if concludes {
                    CrashPoint::TaskConcluded.passed();
                }
                if last >= first_seq {
                    actor.feed.publish(Batch { first: first_seq, last, ends, frames });
                    actor.shared.feeds.publish_headline(|| headline::frame(actor.run, &actor.state));
                }
                actor.fate.head = last;
                actor.committed(due, ends, ctx);
            }
            Err(error) => actor.give_up(&error, due, ctx),
        });
        ctx.spawn(committed);
    }

    fn committed(&mut self, due: Vec<Due>, ends: bool, ctx: &mut Context<Self>) {
        self.writing = false;
        self.answer(due);
        if ends {
            CrashPoint::AfterLastEvent.passed();
            self.fate.fate = Fate::Ended;
            self.refuse_what_waits();
            self.stop_all();
            self.shared.feeds.forget(self.run);
            ctx.stop();
            return;
        }
        if self.waiting.is_empty() {
            self.reconcile(ctx);
        } else {
            self.turn(ctx);
        }
    }

    /// Brings what goes on in line with what the state wants.
    fn reconcile(&mut self, ctx: &mut Context<Self>) {
        self.site.guide(&self.state);
        let wanted = effects::wanted(&self.state);
        self.in_flight.retain(|effect, cancel| {
            let keep = wanted.iter().any(|wanted| wanted.effect == *effect);
            if !keep {
                cancel.cancel();
            }
            keep
        });
        for want in wanted {
            if !want.may_start || self.in_flight.contains_key(&want.effect) {
                continue;
            }
            let cancel = CancellationToken::new();
            self.in_flight.insert(want.effect, cancel.clone());
            perform::begin(&self.site, &self.state, want, cancel, &self.span);
        }
        self.stop_orphans(ctx);
    }

    /// Tasks that ran when an earlier process died and that nobody is to take up again.
    fn stop_orphans(&mut self, ctx: &mut Context<Self>) {
        if !matches!(self.state.phase, Phase::Stopping(_)) || !self.site.has_no_tasks() {
            return;
        }
        for task in self.state.tasks_in(crate::engine::TaskState::Running) {
            self.push(Input::TaskStopped { task });
        }
        if !self.waiting.is_empty() {
            self.turn(ctx);
        }
    }

    fn answer(&mut self, due: Vec<Due>) {
        for Due { reply, outcome } in due {
            // Who asked may have gone away; what came of it is on disk all the same.
            match reply {
                Reply::Nobody => {}
                Reply::Reporter(reporter) => {
                    let _ = reporter.send(outcome.is_ok());
                }
                Reply::Person(person) => {
                    let _ = person.send(outcome.map_err(|refusal| refusal.into_error(self.run)));
                }
            }
        }
    }

    fn refuse_what_waits(&mut self) {
        let status = self.state.status();
        let refused =
            self.waiting.drain(..).map(|waiting| Due { reply: waiting.answer, outcome: Err(Refusal::Ended { status }) }).collect();
        self.answer(refused);
    }

    fn give_up(&mut self, error: &store::Error, due: Vec<Due>, ctx: &mut Context<Self>) {
        self.fate.fate = match error {
            store::Error::Fenced(_) => {
                tracing::warn!(run.id = %self.run, "another owner has taken the run over");
                Fate::TakenOver
            }
            error => {
                tracing::error!(run.id = %self.run, %error, "the journal could not be written; the run goes on from its last event later");
                Fate::StoreFailed
            }
        };
        let waiting = self.waiting.drain(..).map(|waiting| waiting.answer);
        for reply in due.into_iter().map(|due| due.reply).chain(waiting) {
            match reply {
                Reply::Nobody | Reply::Reporter(_) => {}
                Reply::Person(person) => {
                    let _ = person.send(Err(Error::Store(error.clone())));
                }
            }
        }
        self.stop_all();
        ctx.stop();
    }

    fn stop_all(&mut self) {
        for (_, cancel) in self.in_flight.drain() {
            cancel.cancel();
        }
    }
}

impl Actor for RunActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        metrics::gauge!(names::RUNS_LIVE).increment(1.0);
        if let Some(seconds) = self.state.request.budget.seconds {
            let spent = self.state.spent_by(now_ms()).seconds;
            let left = Duration::from_secs(seconds.saturating_sub(spent)) + Duration::from_millis(50);
            ctx.run_later(left, |actor, ctx| {
                actor.push(Input::Ticked);
                actor.turn(ctx);
            });
        }
        if let Some(mut silence) = Silence::of(&self.state, &self.shared.settings) {
            ctx.run_interval(silence.every(), move |actor, ctx| {
                if let Some(input) = silence.over(&actor.state) {
                    actor.push(input);
                    actor.turn(ctx);
                }
            });
        }
        self.turn(ctx);
    }
}

impl Drop for RunActor {
    fn drop(&mut self) {
        metrics::gauge!(names::RUNS_LIVE).decrement(1.0);
        self.stop_all();
    }
}

impl Handler<Report> for RunActor {
    type Result = ();

    fn handle(&mut self, report: Report, ctx: &mut Context<Self>) {
        if let Some(source) = report.source {
            self.source = Some(source);
        }
        let answer = report.stored.map_or(Reply::Nobody, Reply::Reporter);
        self.waiting.push_back(Waiting { input: report.input, step: report.step, entries: report.entries, command_id: None, answer });
        self.turn(ctx);
    }
}

impl Handler<Deliver> for RunActor {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, ctx: &mut Context<Self>) {
        self.push_command(&deliver.command, Reply::Person(deliver.reply));
        self.turn(ctx);
    }
}

impl Handler<EffectOver> for RunActor {
    type Result = ();

    fn handle(&mut self, over: EffectOver, ctx: &mut Context<Self>) {
        self.in_flight.remove(&over.effect);
        // While an append is in flight the state is ahead of the journal; what is wanted is looked at after it.
        if !self.writing {
            self.reconcile(ctx);
        }
    }
}
