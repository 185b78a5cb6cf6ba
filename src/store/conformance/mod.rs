//! What every store must keep: one function a promise, run on each database of ours by its tests.
//!
//! Every promise gets a store of its own that holds nothing yet, and panics where it is broken.

mod audit;
mod catalog;
mod claims;
mod commands;
mod journal;
mod many;
mod past;
mod queries;
mod runs;
mod search;
mod small;

use std::future::Future;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Append, Created, NewRun, Record, RunRow, Store};
use crate::domain::{
    Budget, Confidence, EntryStatus, EntryWrite, EventType, Intent, Layer, Provenance, RunId, RunRequest, RunStatus, RunSummary, Seq,
    SourceKey, TaskId,
};

/// Runs every promise.
pub async fn all<Make, Made>(make: Make)
where
    Make: Fn() -> Made,
    Made: Future<Output = Arc<dyn Store>>,
{
    macro_rules! promises {
        ($($room:ident: $($promise:ident),+;)+) => {
            $($(
                eprintln!(concat!("promise ", stringify!($room), "::", stringify!($promise)));
                $room::$promise(make().await).await;
            )+)+
        };
    }
    promises! {
        runs: a_run_is_created_once, a_key_finds_its_run, a_key_for_another_request_is_misused, keys_belong_to_their_owner,
              lists_are_newest_first_and_paged, lists_are_filtered, unfinished_runs_are_found_oldest_first, a_claim_raises_the_epoch,
              bad_page_tokens_are_refused;
        journal: an_append_is_read_back_whole, records_are_read_in_pages, an_append_in_the_wrong_place_is_fenced,
                 an_earlier_owner_is_fenced, a_fenced_append_leaves_nothing, an_append_to_no_run_is_refused,
                 numbers_must_follow_each_other, steps_belong_to_their_task, many_runs_append_at_once,
                 one_run_appends_in_order_without_waiting, one_fenced_append_does_not_harm_others;
        commands: a_command_is_stored_once, commands_are_open_until_consumed, a_command_needs_its_run;
        catalog: an_entry_is_read_back_whole, entries_are_listed_in_order_and_paged, entries_are_filtered, prefixes_are_components,
                 entries_of_a_run_are_scoped_to_its_source, sources_do_not_mix, entries_of_a_sourceless_run_are_refused;
        claims: the_most_certain_claim_stands_in_any_order, other_authors_compete, writing_the_same_changes_nothing,
                a_newer_harvest_replaces_an_older_one, an_unmentioned_harvest_entry_stays, an_author_keeps_its_most_certain_claim,
                an_author_may_restate_its_own_claim, a_withdrawn_claim_is_shown_no_more;
        past: history_tells_who_changed_what, claims_that_do_not_stand_are_kept, an_entry_is_read_as_it_was, a_list_is_read_as_it_was,
              what_changed_under_a_claim_makes_it_stale, a_harvest_takes_its_mark_away, entries_are_found_by_what_they_link_to,
              entries_are_counted;
        many: many_new_entries_are_kept_as_one_by_one, many_entries_of_which_some_are_there_change_what_they_should;
        search: cases, names_with_digits_are_found_however_they_are_written,
                a_beginning_that_very_many_words_have_finds_the_word_itself_first, best_hits_come_first, hits_are_filtered_and_scoped, changed_words_are_found, any_text_is_a_query,
                a_hit_shows_what_was_found;
        queries: what_was_asked_adds_up, the_least_used_are_forgotten_first, sources_and_callers_are_counted_apart;
        audit: what_was_done_is_read_back_newest_first_and_paged, the_log_is_filtered, the_log_keeps_what_is_young_and_fits;
        small: a_snapshot_is_read_back, tokens_are_kept_until_revoked, the_name_of_a_token_is_given_once, sources_are_kept_until_removed,
               tools_are_accepted_again, calls_without_an_answer_are_kept, logins_are_kept_by_issuer, a_probe_succeeds;
    }
}

fn request(source: &str) -> RunRequest {
    RunRequest {
        source: source.to_owned(),
        snapshot: None,
        schema: Some("main".to_owned()),
        max_iterations: 8,
        tasks_per_iter: 3,
        intent: Intent { goals: vec!["what is \"in\" it? ü".to_owned()], ..Intent::default() },
        budget: Budget { usd: Some(0.1), ..Budget::default() },
        model: "builtin".to_owned(),
        outside: None,
    }
}

fn new_run(source: &str, at: i64) -> NewRun {
    NewRun { id: RunId::fresh(), owner: "local".to_owned(), request: request(source), idempotency: None, at }
}

async fn created(store: &Arc<dyn Store>, source: &str) -> RunRow {
    match store.create_run(new_run(source, 1)).await.expect("a run can be created") {
        Created::New(row) => row,
        other => panic!("a fresh run is new, not {other:?}"),
    }
}

fn record(seq: Seq) -> Record {
    Record {
        seq,
        at: 1_000 + seq.cast_signed(),
        kind: EventType::Run,
        message: "iteration_done".to_owned(),
        data: format!("{{\"iteration\":{seq},\"text\":\"a \\\"quote\\\", a \\u0000 and ü\"}}"),
    }
}

/// An append of `count` events, from the row's next number on.
fn append(row: &RunRow, count: usize) -> Append {
    let first_seq = row.next_seq;
    Append {
        run: row.id,
        epoch: row.epoch,
        first_seq,
        at: 2_000,
        records: (first_seq..first_seq + count as Seq).map(record).collect(),
        steps: Vec::new(),
        entries: Vec::new(),
        source: None,
        consumed: Vec::new(),
        status: RunStatus::Running,
        summary: RunSummary {
            phase: "working".to_owned(),
            iteration: 1,
            headline: "it's \"going\" on".to_owned(),
            ..RunSummary::default()
        },
    }
}

fn source(name: &str) -> SourceKey {
    SourceKey(name.to_owned())
}

fn entry(layer: Layer, kind: &str, key: &str, document: Value) -> EntryWrite {
    EntryWrite {
        layer,
        kind: kind.to_owned(),
        key: key.to_owned(),
        document,
        tags: Vec::new(),
        links: Vec::new(),
        confidence: Confidence::clamped(0.7),
        status: EntryStatus::Validated,
        evidence: vec!["tool/1/0".to_owned()],
        provenance: Provenance::of("semantic"),
    }
}

fn finding(key: &str, text: &str) -> EntryWrite {
    entry(Layer::Finding, "summary", key, json!({ "text": text }))
}

fn harvested(kind: &str, key: &str, document: Value) -> EntryWrite {
    let mut write = entry(Layer::Harvest, kind, key, document);
    write.confidence = Confidence::CERTAIN;
    write.status = EntryStatus::Stable;
    write.provenance.author = "harvest".to_owned();
    write
}

fn by(author: &str, run: Option<RunId>, task: u32) -> Provenance {
    Provenance {
        author: author.to_owned(),
        run,
        task: Some(TaskId(task)),
        step: Some("reflect".to_owned()),
        model: Some("test-model".to_owned()),
    }
}
