//! The person behind a call, as the call sees them: who can be asked while it is under way, and whose thinking takes none of its time.

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::link::{Answers, Ask};

/// Questions of one call that nobody has taken up yet; a tool that asks more at once is not answered.
const MOST_QUESTIONS: usize = 8;

#[derive(Debug)]
pub struct Person {
    /// What they said with the call, to what it asked before. Servers of the newest revision keep no call open meanwhile.
    pub said: Answers,
    questions: mpsc::Sender<Question>,
    floor: watch::Sender<Floor>,
}

/// A question of a call that is under way. Dropped, it is cancelled.
#[derive(Debug)]
pub struct Question {
    pub ask: Ask,
    pub answer: oneshot::Sender<Said>,
}

/// What a person says to a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Accept(Map<String, Value>),
    Decline,
    Cancel,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, Default)]
struct Floor {
    asked: usize,
    open: usize,
}

/// The time of a call was over.
#[derive(Debug)]
pub struct Late;

impl Person {
    pub fn new(said: Answers) -> (Self, mpsc::Receiver<Question>) {
        let (questions, taken) = mpsc::channel(MOST_QUESTIONS);
        (Self { said, questions, floor: watch::Sender::default() }, taken)
    }

    /// Waits for what they say. Where nobody listens any more, that is a cancellation.
    pub async fn ask(&self, message: String, schema: Value) -> Said {
        let (answer, said) = oneshot::channel();
        let mut id = 0;
        self.floor.send_modify(|floor| {
            floor.asked += 1;
            floor.open += 1;
            id = floor.asked;
        });
        let _thinking = Thinking(&self.floor);
        let question = Question { ask: Ask { id: id.to_string(), message, schema }, answer };
        if self.questions.try_send(question).is_err() {
            return Said::Cancel;
        }
        said.await.unwrap_or(Said::Cancel)
    }

    pub fn was_asked(&self) -> bool {
        self.floor.borrow().asked > 0
    }

    /// Does once what is to be done as soon as they are asked something.
    pub async fn at_the_first_question<T>(&self, calling: impl Future<Output = T>, then: impl FnOnce()) -> T {
        let (mut calling, mut floor) = (std::pin::pin!(calling), self.floor.subscribe());
        tokio::select! {
            answer = &mut calling => return answer,
            _ = floor.wait_for(|floor| floor.asked > 0) => then(),
        }
        calling.await
    }
}

/// Until that time, which is put off by as long as the person thinks.
pub async fn in_time<T>(until: &mut Instant, person: Option<&Person>, calling: impl Future<Output = T>) -> Result<T, Late> {
    let Some(person) = person else { return tokio::time::timeout_at(*until, calling).await.map_err(|_| Late) };
    let (mut calling, mut floor) = (std::pin::pin!(calling), person.floor.subscribe());
    loop {
        if floor.borrow_and_update().open == 0 {
            tokio::select! {
                answer = &mut calling => return Ok(answer),
                () = tokio::time::sleep_until(*until) => return Err(Late),
                _ = floor.changed() => {}
            }
        } else {
            let since = Instant::now();
            tokio::select! {
                answer = &mut calling => return Ok(answer),
                _ = floor.changed() => {}
            }
            *until += since.elapsed();
        }
    }
}

/// From a question to its answer, or until the server takes it back.
struct Thinking<'a>(&'a watch::Sender<Floor>);

impl Drop for Thinking<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|floor| floor.open = floor.open.saturating_sub(1));
    }
}

impl Said {
    /// As it stands in an answer: an action, and with `accept` the form. What was left out of that is as the schema has it by default.
    pub fn of(answer: &Value, schema: &Value) -> Option<Self> {
        match answer["action"].as_str()? {
            "accept" => {
                let content = answer["content"].as_object().cloned().unwrap_or_default();
                Some(Self::Accept(with_defaults(content, schema)))
            }
            "decline" => Some(Self::Decline),
            "cancel" => Some(Self::Cancel),
            _ => None,
        }
    }
}

fn with_defaults(mut content: Map<String, Value>, schema: &Value) -> Map<String, Value> {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        // No field of a form can be null.
        let is_given = content.get(name).is_some_and(|value| !value.is_null());
        if let Some(default) = field.get("default").filter(|_| !is_given) {
            content.insert(name.clone(), default.clone());
        }
    }
    content
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_left_out_of_a_form_is_as_the_schema_has_it() {
        let schema = json!({"properties": {"name": {"default": "Ada"}, "age": {"default": 30}, "free": {}, "sure": {"default": true}}});
        for (answer, expect) in [
            (json!({"action": "accept"}), json!({"name": "Ada", "age": 30, "sure": true})),
            (
                json!({"action": "accept", "content": {"sure": false, "free": 1, "age": null}}),
                json!({"name": "Ada", "age": 30, "free": 1, "sure": false}),
            ),
        ] {
            assert_eq!(Said::of(&answer, &schema), Some(Said::Accept(expect.as_object().cloned().unwrap())), "{answer}");
        }
        assert_eq!(Said::of(&json!({"action": "decline"}), &schema), Some(Said::Decline));
        assert_eq!(Said::of(&json!({"action": "perhaps"}), &schema), None);
    }

    #[tokio::test(start_paused = true)]
    async fn while_a_person_thinks_a_call_has_all_the_time_and_then_what_was_left() {
        let (person, mut questions) = Person::new(Answers::default());
        let began = Instant::now();
        let mut until = began + Duration::from_secs(10);
        let calling = async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            let said = person.ask("How?".to_owned(), json!({})).await;
            tokio::time::sleep(Duration::from_secs(6)).await;
            said
        };
        let thinking = async {
            let question = questions.recv().await.unwrap();
            tokio::time::sleep(Duration::from_secs(300)).await;
            question.answer.send(Said::Decline).unwrap();
        };
        let (called, ()) = tokio::join!(in_time(&mut until, Some(&person), calling), thinking);
        assert!(called.is_err() && began.elapsed() == Duration::from_secs(310), "{called:?} {:?}", began.elapsed());
    }
}
