//! Which calls of a connection are under way, and which of them a question of the server belongs to. The older revisions do not say it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::RequestId;
use rmcp::service::InboundStreamOrigin;
use tokio::sync::MutexGuard;

use super::person::Person;

#[derive(Clone, Debug, Default)]
pub struct UnderWay {
    /// A call's id is known only when it is on its way; no question is looked at before it stands here.
    sending: Arc<tokio::sync::Mutex<()>>,
    calls: Arc<Mutex<Calls>>,
}

/// Those of experts have nobody to ask.
type Calls = HashMap<RequestId, Option<Arc<Person>>>;

/// One call, until this is dropped.
pub struct Entry {
    calls: Arc<Mutex<Calls>>,
    id: RequestId,
}

impl UnderWay {
    /// Held while a call is sent and put down here.
    pub async fn sending(&self) -> MutexGuard<'_, ()> {
        self.sending.lock().await
    }

    pub fn put(&self, id: RequestId, person: Option<Arc<Person>>) -> Entry {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), person);
        Entry { calls: self.calls.clone(), id }
    }

    /// Who is asked. Over HTTP a question mostly comes with the answer of its call. Where it does not, and with a program, it belongs to the
    /// only call that is under way; among several nobody can tell, and a person is not asked in the name of an expert's call.
    pub async fn asked(&self, origin: Option<&InboundStreamOrigin>) -> Option<Arc<Person>> {
        drop(self.sending.lock().await);
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        match origin {
            Some(InboundStreamOrigin::OutboundRequest(id)) => calls.get(id).cloned().flatten(),
            Some(InboundStreamOrigin::Unassociated) | None if calls.len() == 1 => calls.values().next().cloned().flatten(),
            Some(InboundStreamOrigin::Unassociated) | None => None,
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::super::link::Answers;
    use super::*;

    #[tokio::test]
    async fn a_question_is_put_to_the_person_of_its_call_and_to_nobody_where_that_is_not_known() {
        let under_way = UnderWay::default();
        let person = || Some(Arc::new(Person::new(Answers::default()).0));
        let of = |id: i64| Some(InboundStreamOrigin::OutboundRequest(RequestId::Number(id)));
        let is_asked = async |origin: Option<InboundStreamOrigin>| under_way.asked(origin.as_ref()).await.is_some();
        let loose = [None, Some(InboundStreamOrigin::Unassociated)];

        let persons = under_way.put(RequestId::Number(1), person());
        for origin in loose.iter().cloned().chain([of(1)]) {
            assert!(is_asked(origin.clone()).await, "{origin:?}");
        }
        let experts = under_way.put(RequestId::Number(2), None);
        assert!(is_asked(of(1)).await && !is_asked(of(2)).await && !is_asked(of(3)).await);
        for origin in loose.clone() {
            assert!(!is_asked(origin.clone()).await, "{origin:?}");
        }
        drop(persons);
        for origin in loose.iter().cloned().chain([of(1), of(2)]) {
            assert!(!is_asked(origin.clone()).await, "{origin:?}");
        }
        drop(experts);
        assert!(!is_asked(None).await);
    }
}
