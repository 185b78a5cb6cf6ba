//! What a task leaves behind: its claims through the gate, as entries and as events.

use super::thought::{ProposedWrite, Reflection};
use crate::claims::{Grounds, Verdict};
use crate::domain::{EntryWrite, EventBody, Insight, Question, TaskId};

pub struct Conclusion {
    pub entries: Vec<EntryWrite>,
    pub insights: Vec<Insight>,
    pub questions: usize,
    pub events: Vec<EventBody>,
}

pub fn conclusion(grounds: &Grounds<'_>, task: TaskId, examined: Vec<(ProposedWrite, Verdict)>, reflection: Reflection) -> Conclusion {
    let entries: Vec<EntryWrite> = examined.into_iter().map(|(write, verdict)| grounds.entry(write, verdict)).collect();
    let insights: Vec<Insight> = reflection.insights.into_iter().map(|insight| grounds.insight(insight, &entries)).collect();
    let mut events: Vec<EventBody> = entries
        .iter()
        .map(|entry| EventBody::CatalogWritten {
            task: Some(task),
            kind: entry.kind.clone(),
            key: entry.key.clone(),
            confidence: entry.confidence,
            status: entry.status,
            digest: entry.content_digest(),
        })
        .collect();
    events.extend(insights.iter().map(|insight| EventBody::InsightFound {
        task,
        claim: insight.claim.clone(),
        confidence: insight.confidence,
        evidence: insight.evidence.clone(),
        digest: insight.content_digest(),
    }));
    let questions = reflection.questions_for_user.len();
    let asked = reflection.questions_for_user.into_iter();
    events.extend(asked.map(|question| EventBody::QuestionAsked(Question { task: Some(task), ..question })));
    Conclusion { entries, insights, questions, events }
}
