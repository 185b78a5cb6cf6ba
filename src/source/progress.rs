//! How far a harvest has come: told by who reads, heard by who waits; and the word to stop, which goes the other way.

use tokio_util::sync::CancellationToken;

/// Told again after so many rows of one part.
const ROWS_BETWEEN: usize = 10_000;

pub struct Progress {
    hear: Box<dyn Fn(&'static str, usize) + Send + Sync>,
    pub stop: CancellationToken,
}

/// One part of a harvest while it is read, `columns` for example.
pub struct Part<'a> {
    progress: &'a Progress,
    name: &'static str,
    count: usize,
}

impl Progress {
    /// For who only waits for the end.
    pub fn unheard() -> Self {
        Self::heard_by(|_, _| {}, CancellationToken::new())
    }

    /// `hear` is told the name of a part, and how much of it is there.
    pub fn heard_by(hear: impl Fn(&'static str, usize) + Send + Sync + 'static, stop: CancellationToken) -> Self {
        Self { hear: Box::new(hear), stop }
    }

    pub fn part(&self, name: &'static str) -> Part<'_> {
        Part { progress: self, name, count: 0 }
    }

    pub fn tell(&self, part: &'static str, count: usize) {
        (self.hear)(part, count);
    }
}

impl Part<'_> {
    pub fn more(&mut self, count: usize) {
        let before = self.count / ROWS_BETWEEN;
        self.count += count;
        if self.count / ROWS_BETWEEN > before {
            self.progress.tell(self.name, self.count);
        }
    }

    /// All of it is there.
    pub fn whole(self) {
        if self.count == 0 || !self.count.is_multiple_of(ROWS_BETWEEN) {
            self.progress.tell(self.name, self.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_long_part_is_told_now_and_then_and_each_part_at_its_end() {
        let heard: Arc<Mutex<Vec<(&str, usize)>>> = Arc::default();
        let writing = heard.clone();
        let progress = Progress::heard_by(move |part, count| writing.lock().unwrap().push((part, count)), CancellationToken::new());
        let mut columns = progress.part("columns");
        (0..25_000).for_each(|_| columns.more(1));
        columns.whole();
        let mut tables = progress.part("tables");
        tables.more(10_000);
        tables.whole();
        progress.part("triggers").whole();
        let expected = [("columns", 10_000), ("columns", 20_000), ("columns", 25_000), ("tables", 10_000), ("triggers", 0)];
        assert_eq!(*heard.lock().unwrap(), expected);
    }
}
