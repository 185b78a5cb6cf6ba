//! What is asked for again and again and seldom changes, kept for a moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was read a moment ago. Changes that are made here are seen at once, those of other processes after that moment.
#[derive(Debug)]
pub struct Remembered<T> {
    moment: Duration,
    known: Mutex<Known<T>>,
}

#[derive(Debug)]
struct Known<T> {
    /// What was read before a change is not kept after it.
    changes: u64,
    value: Option<(Instant, Arc<T>)>,
}

impl<T> Remembered<T> {
    pub fn for_a(moment: Duration) -> Self {
        Self { moment, known: Mutex::new(Known { changes: 0, value: None }) }
    }

    pub async fn or_read<E>(&self, read: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E> {
        let changes = {
            let known = self.known();
            if let Some((_, value)) = known.value.as_ref().filter(|(at, _)| at.elapsed() < self.moment) {
                return Ok(value.clone());
            }
            known.changes
        };
        // What changes while it is read may be in it or not.
        let at = Instant::now();
        let value = Arc::new(read.await?);
        let mut known = self.known();
        if known.changes == changes {
            known.value = Some((at, value.clone()));
        }
        Ok(value)
    }

    /// After a change was made.
    pub fn forget(&self) {
        let mut known = self.known();
        known.changes += 1;
        known.value = None;
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    async fn read(kept: &Remembered<u8>, now: u8) -> u8 {
        *kept.or_read(async { Ok::<_, ()>(now) }).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_read_holds_until_a_change_or_for_its_moment() {
        let kept = Remembered::for_a(LONG);
        assert_eq!((read(&kept, 1).await, read(&kept, 2).await), (1, 1));
        kept.forget();
        assert_eq!(read(&kept, 3).await, 3);
        let brief = Remembered::for_a(Duration::ZERO);
        assert_eq!((read(&brief, 1).await, read(&brief, 2).await), (1, 2));
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept_after_it() {
        let kept = Remembered::for_a(LONG);
        let during = kept.or_read(async {
            kept.forget();
            Ok::<_, ()>(1)
        });
        assert_eq!(*during.await.unwrap(), 1);
        assert_eq!(read(&kept, 2).await, 2);
    }

    #[tokio::test]
    async fn its_moment_begins_before_it_is_read() {
        let brief = Remembered::for_a(Duration::from_millis(20));
        let slow = brief.or_read(async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Ok::<_, ()>(1)
        });
        assert_eq!((*slow.await.unwrap(), read(&brief, 2).await), (1, 2));
    }

    #[tokio::test]
    async fn an_error_is_not_kept() {
        let kept = Remembered::for_a(LONG);
        assert!(kept.or_read(async { Err::<u8, _>("gone") }).await.is_err());
        assert_eq!(read(&kept, 1).await, 1);
    }
}
