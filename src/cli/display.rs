//! The moving picture on a terminal: a line a running task, one with the totals, and what happened scrolling above.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::board::Board;
use crate::domain::TaskId;

const TICK: Duration = Duration::from_millis(120);
/// Lines that the picture may take; more tasks run than fit on no screen.
const TASK_LINES: usize = 8;

pub struct Display {
    screen: MultiProgress,
    totals: ProgressBar,
    tasks: BTreeMap<TaskId, ProgressBar>,
}

impl Display {
    pub fn on_terminal() -> Self {
        let screen = MultiProgress::new();
        let totals = screen.add(ProgressBar::new_spinner().with_style(style("{spinner:.cyan} {elapsed} {wide_msg:.bold}")));
        totals.enable_steady_tick(TICK);
        Self { screen, totals, tasks: BTreeMap::new() }
    }

    /// A line that stays.
    pub fn say(&self, text: &str) -> std::io::Result<()> {
        self.screen.println(text)
    }

    pub fn show(&mut self, board: &Board) {
        self.totals.set_message(board.status());
        self.tasks.retain(|task, bar| {
            let runs = board.running.contains_key(task);
            if !runs {
                bar.finish_and_clear();
                self.screen.remove(bar);
            }
            runs
        });
        for (task, goal) in &board.running {
            if self.tasks.contains_key(task) || self.tasks.len() >= TASK_LINES {
                continue;
            }
            let bar = ProgressBar::new_spinner().with_style(style("  {spinner:.dim} {prefix:.dim} {wide_msg}"));
            let bar = self.screen.insert_before(&self.totals, bar.with_prefix(task.to_string()).with_message(goal.clone()));
            bar.enable_steady_tick(TICK);
            self.tasks.insert(*task, bar);
        }
    }

    pub fn clear(&self) {
        for bar in self.tasks.values() {
            bar.finish_and_clear();
        }
        self.totals.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("our own templates are valid")
}
