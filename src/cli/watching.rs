//! Watching a run to its end, for `fathom run` and `fathom runs watch`: a picture, lines, or JSON.

use console::style;

use super::board::Board;
use super::client::Client;
use super::display::Display;
use super::exit::Exit;
use super::follow::Line;
use super::global::Global;
use super::line::{cost_words, stop_words};
use super::out::{self, count, harmless, quoted};
use crate::api::runs::RunState;
use crate::domain::{EventBody, Question, RunId, Seq};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The events as they are, one a line.
    Json,
    Lines,
    Picture,
}

pub struct Watching<'a> {
    pub client: &'a Client,
    pub global: &'a Global,
    pub run: RunId,
    pub form: Form,
    /// What is said of an event; none where it matters to nobody here.
    pub words: fn(&EventBody) -> Option<String>,
}

/// Why watching ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    ToTheEnd,
    Interrupted,
}

impl Form {
    pub fn fitting(json: bool) -> Self {
        let on_a_terminal = console::user_attended() && console::user_attended_stderr();
        match (json, on_a_terminal) {
            (true, _) => Self::Json,
            (false, true) => Self::Picture,
            (false, false) => Self::Lines,
        }
    }
}

impl Watching<'_> {
    pub async fn follow(&self, after: Seq, live: bool) -> anyhow::Result<Watched> {
        let mut events = self.client.follow(self.run, after, live);
        let mut board = Board::default();
        let mut display = (self.form == Form::Picture).then(Display::on_terminal);
        let interruption = interrupted();
        tokio::pin!(interruption);
        let watched = loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = &mut interruption => break Ok(Watched::Interrupted),
            };
            let shown = match event {
                Ok(Some(event)) => self.show(&event, &mut board, display.as_mut()),
                Ok(None) => break Ok(Watched::ToTheEnd),
                Err(error) => break Err(error.into()),
            };
            if let Err(error) = shown {
                break Err(error.into());
            }
        };
        if let Some(display) = display {
            display.clear();
        }
        watched
    }

    /// What came of the run, in a few lines; the exit code that goes with it.
    pub async fn conclude(&self) -> anyhow::Result<Exit> {
        let id = self.run.to_string();
        let state: RunState = self.client.get(&["runs", &id], &[]).await?;
        if self.form != Form::Json {
            for text in summary(&state, self.global) {
                out::line(text)?;
            }
        }
        Ok(Exit::of_status(state.run.status))
    }

    fn show(&self, event: &Line, board: &mut Board, display: Option<&mut Display>) -> std::io::Result<()> {
        if self.form == Form::Json {
            return out::line(&event.raw);
        }
        let Some(known) = &event.event else { return Ok(()) };
        board.apply(&known.body);
        let mut lines: Vec<String> = (self.words)(&known.body).into_iter().collect();
        if let (EventBody::QuestionAsked(question), false) = (&known.body, lines.is_empty()) {
            lines.extend(self.how_to_answer(question));
        }
        match display {
            Some(display) => {
                for text in &lines {
                    display.say(&coloured(&known.body, text))?;
                }
                display.show(board);
                Ok(())
            }
            None => lines.iter().try_for_each(out::line),
        }
    }

    pub fn how_to_answer(&self, question: &Question) -> [String; 2] {
        let id = harmless(&question.question_id, 200);
        let answer = match question.options.first() {
            Some(option) => format!("--option {}", quoted(&harmless(option, 200))),
            None => "'YOUR ANSWER'".to_owned(),
        };
        let command = self.global.again(&format!("runs answer {} {} {answer}", self.run, quoted(&id)));
        let mut url = self.client.url();
        url.push_str(&format!("/runs/{}/questions/{}/answer", self.run, escaped(&id)));
        let token = if self.client.sends_token() { " -H \"authorization: Bearer $FATHOM_TOKEN\"" } else { "" };
        let curl = format!("curl {}{token} -H 'content-type: application/json' -d '{{\"answer\": \"YOUR ANSWER\"}}'", quoted(&url));
        [format!("  answer with  {command}"), format!("  or with      {curl}")]
    }
}

/// Ctrl-C, or the system asking to stop.
pub async fn interrupted() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    let asked_to_stop = async {
        match &mut terminate {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = asked_to_stop => {}
    }
}

/// A path segment of a URL.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn coloured(body: &EventBody, text: &str) -> String {
    use EventBody as E;
    let styled = style(text).for_stderr();
    match body {
        E::Finished { .. } => styled.green().bold(),
        E::Error { .. } | E::TaskFailed { .. } | E::PlanFailed { .. } => styled.red(),
        E::QuestionAsked(_) | E::BudgetLow { .. } | E::BudgetUsedUp { .. } => styled.yellow(),
        E::CatalogWritten { .. } | E::InsightFound { .. } => styled.cyan(),
        _ => styled,
    }
    .to_string()
}

fn summary(state: &RunState, global: &Global) -> Vec<String> {
    let run = &state.run;
    let why = match (&state.stop_reason, &state.error) {
        (Some(reason), _) => format!(": {}", stop_words(*reason)),
        (None, Some(error)) => format!(": {}", harmless(error, 300)),
        (None, None) => String::new(),
    };
    let of = &run.summary;
    let failed = if of.tasks_failed > 0 { format!(", {} failed", of.tasks_failed) } else { String::new() };
    let found = count(of.findings as usize, "finding");
    let tasks = count(of.tasks_done as usize, "task");
    let mut lines = vec![
        String::new(),
        format!("{} is {}{why}", run.run_id, run.status.name()),
        format!("{found} from {tasks} in {}{failed}{}", count(of.iteration as usize, "iteration"), cost_words(&of.spent)),
    ];
    if !state.open_questions.is_empty() {
        let ids: Vec<String> = state.open_questions.iter().map(|open| harmless(&open.question.question_id, 60)).collect();
        lines.push(format!("{} not answered: {}", count(ids.len(), "question"), ids.join(", ")));
    }
    lines.push(format!("read the report:  {}", global.again(&format!("runs report {}", run.run_id))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::line::line;

    #[test]
    fn a_question_is_asked_with_commands_that_answer_it() {
        let global = Global { data: Some("my data".into()), ..Global::default() };
        let run = RunId::from_uuid(uuid::Uuid::from_u128(9));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new("http://127.0.0.1:7700", None).unwrap();
        let watching = Watching { client: &client, global: &global, run, form: Form::Lines, words: line };
        let question = |options: &[&str]| Question {
            question_id: "rel/a b".into(),
            title: "t".into(),
            prompt: "p".into(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            task: None,
        };
        let [command, curl] = watching.how_to_answer(&question(&["it's so"]));
        assert_eq!(command, format!("  answer with  fathom runs answer {run} 'rel/a b' --option 'it'\\''s so' --data 'my data'"));
        assert!(curl.contains(&format!("http://127.0.0.1:7700/runs/{run}/questions/rel%2Fa%20b/answer")), "{curl}");
        assert!(watching.how_to_answer(&question(&[]))[0].contains("'YOUR ANSWER'"));
    }
}
