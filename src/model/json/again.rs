//! The one turn in which a model mends its own answer.

use super::super::port::{Message, Request, Role};
use super::super::shapes::Compiled;
use super::unwrap::Unusable;

/// A broken text longer than this is not sent back; the question is put again instead.
const MENDABLE_BYTES: usize = 64 << 10;

const REPAIR: &str = "You do JSON repair. The user sends a text that was meant to be one JSON value and is broken. \
Answer with the same data as one valid JSON value and nothing else. Add nothing that is not in the text.";

/// A text that breaks off or does not parse is sent back to be repaired. Where nothing of use was said, the question is put again
/// with what was wrong with the answer.
pub(super) fn request(original: Request, problem: &Unusable, compiled: &Compiled) -> Request {
    match problem {
        Unusable::Broken { text: broken, .. } if broken.len() <= MENDABLE_BYTES => repair(original, broken, problem),
        Unusable::Broken { .. } | Unusable::Empty | Unusable::NoJson | Unusable::Mismatch { .. } => repeat(original, problem, compiled),
    }
}

fn repair(original: Request, broken: &str, problem: &Unusable) -> Request {
    let instruction = format!("Repair this text: {}.", problem.reason());
    let message = |role, text| Message { role, text };
    Request {
        purpose: "repair".to_owned(),
        messages: vec![message(Role::System, REPAIR.to_owned()), message(Role::User, format!("{instruction}\n\n{broken}"))],
        ..original
    }
}

fn repeat(mut request: Request, problem: &Unusable, compiled: &Compiled) -> Request {
    request.purpose = "repair".to_owned();
    let demand = format!("\n\nThe answer must be one JSON value that is valid against this JSON Schema:\n{}", compiled.text);
    match request.messages.iter_mut().find(|message| message.role == Role::System) {
        Some(system) => system.text.push_str(&demand),
        None => request.messages.insert(0, Message { role: Role::System, text: demand.trim_start().to_owned() }),
    }
    // Without braces, so that data in the message can still be told from this.
    let complaint = format!(
        "\n\nYou were asked this before, and the answer could not be used: {}. Answer again, with one JSON value of the wanted shape and nothing else.",
        problem.reason().replace(['{', '['], "(").replace(['}', ']'], ")")
    );
    match request.messages.iter_mut().rev().find(|message| message.role == Role::User) {
        Some(user) => user.text.push_str(&complaint),
        None => request.messages.push(Message { role: Role::User, text: complaint.trim_start().to_owned() }),
    }
    request
}
