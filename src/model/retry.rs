//! When a failed call is made again: only failures of the wire, after the wait that the server asked for or a growing one with jitter.

use std::time::{Duration, SystemTime};

use rand::Rng;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::port::Error;

/// A server's own word on how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hint(pub Duration);

#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// The first one included.
    pub attempts: u32,
    pub base: Duration,
    /// The longest wait; a server that asks for more ends the call.
    pub max_wait: Duration,
}

impl Policy {
    /// How long to wait after the `attempt`th failure (from 1), or nothing where the call is over.
    pub fn wait(&self, attempt: u32, error: &Error, hint: Option<Hint>) -> Option<Duration> {
        if attempt >= self.attempts || !is_of_the_wire(error) {
            return None;
        }
        let mut random = rand::rng();
        match hint {
            Some(Hint(asked)) if asked > self.max_wait => None,
            // Later than asked, never earlier; spread, so that those who wait together do not come back together.
            Some(Hint(asked)) => Some(asked + asked.max(self.base).mul_f64(random.random_range(0.0..0.25))),
            None => {
                let doubled = self.base.saturating_mul(1 << (attempt - 1).min(16)).min(self.max_wait);
                Some(doubled.mul_f64(random.random_range(0.5..1.0)))
            }
        }
    }
}

/// Garbled and cut answers are mended by asking again with other words, never by repeating the call.
fn is_of_the_wire(error: &Error) -> bool {
    match error {
        Error::RateLimited { .. } | Error::Unavailable(_) | Error::TimedOut(_) | Error::Unreachable(_) => true,
        Error::Unauthorized(_)
        | Error::QuotaUsedUp(_)
        | Error::Refused(_)
        | Error::Filtered(_)
        | Error::TooLong(_)
        | Error::Cut { .. }
        | Error::Garbled { .. }
        | Error::Suspended { .. } => false,
    }
}

impl Hint {
    /// The first valid one of `retry-after-ms`, `Retry-After` and the resets of rate limits. `header` looks one up by name.
    pub fn from_headers<'h>(header: impl Fn(&str) -> Option<&'h str>, now: SystemTime) -> Option<Self> {
        let in_ms = || header("retry-after-ms").and_then(|text| text.trim().parse::<f64>().ok()).and_then(|ms| positive(ms / 1_000.0));
        let in_seconds = || header("retry-after").and_then(|text| Self::from_retry_after(text, now));
        let from_resets = || {
            ["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-ratelimit-reset"]
                .into_iter()
                .filter_map(|name| header(name).and_then(|text| Self::from_reset(text, now)))
                .max()
        };
        in_ms().or_else(in_seconds).or_else(from_resets).map(Hint)
    }

    /// `Please try again in 6m0s`, as some servers only say in the text.
    pub fn from_text(text: &str) -> Option<Self> {
        let rest = &text[text.find("try again in ")? + "try again in ".len()..];
        let word = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
        span(word).map(Hint)
    }

    fn from_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
        let text = text.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return positive(seconds);
        }
        let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
        SystemTime::from(at).duration_since(now).ok()
    }

    fn from_reset(text: &str, now: SystemTime) -> Option<Duration> {
        let text = text.trim();
        let Ok(number) = text.parse::<f64>() else { return span(text) };
        // Some send a moment instead of a span, in seconds or milliseconds since 1970.
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        match number {
            n if n > 1e12 => positive(n / 1_000.0 - now),
            n if n > 1e9 => positive(n - now),
            n => positive(n),
        }
    }
}

/// `6m0s`, `1h2m`, `120ms`, `20s`, `1.5s`.
fn span(text: &str) -> Option<Duration> {
    let (mut seconds, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        seconds += number
            * match &after[..unit_end] {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                _ => return None,
            };
        rest = &after[unit_end..];
    }
    positive(seconds)
}

/// Zero and less tell nothing.
fn positive(seconds: f64) -> Option<Duration> {
    (seconds > 0.0).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(headers: &[(&str, &str)]) -> Option<f64> {
        // Wed, 21 Oct 2015 07:28:00 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        let look = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        Hint::from_headers(look, now).map(|Hint(wait)| (wait.as_secs_f64() * 1_000.0).round() / 1_000.0)
    }

    #[test]
    fn every_way_to_ask_for_a_wait_is_understood() {
        assert_eq!(hint(&[("retry-after", "7")]), Some(7.0));
        assert_eq!(hint(&[("retry-after", "0.5")]), Some(0.5));
        assert_eq!(hint(&[("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT")]), Some(30.0));
        assert_eq!(hint(&[("retry-after", "Wed, 21 Oct 2015 07:27:30 GMT")]), None);
        assert_eq!(hint(&[("retry-after-ms", "1500"), ("retry-after", "9")]), Some(1.5));
        assert_eq!(hint(&[("retry-after", "-1"), ("x-ratelimit-reset-requests", "6m0s")]), Some(360.0));
        assert_eq!(hint(&[("x-ratelimit-reset-requests", "120ms"), ("x-ratelimit-reset-tokens", "1m30.5s")]), Some(90.5));
        assert_eq!(hint(&[("x-ratelimit-reset", "1445412490000")]), Some(10.0));
        assert_eq!(hint(&[("retry-after", "0")]), None);
        assert_eq!(hint(&[("retry-after", "soon")]), None);
        assert_eq!(hint(&[]), None);
        assert_eq!(Hint::from_text("Rate limit reached. Please try again in 6m0s. Visit"), Some(Hint(Duration::from_secs(360))));
        assert_eq!(Hint::from_text("try again in a while"), None);
    }

    #[test]
    fn the_wait_is_never_shorter_than_asked_and_hours_end_the_call() {
        let policy = Policy { attempts: 3, base: Duration::from_millis(500), max_wait: Duration::from_secs(60) };
        let limited = Error::RateLimited { retry_after: None };
        for _ in 0..100 {
            let wait = policy.wait(1, &limited, Some(Hint(Duration::from_secs(4)))).expect("retried");
            assert!(wait >= Duration::from_secs(4) && wait <= Duration::from_secs(5), "{wait:?}");
            let wait = policy.wait(2, &limited, None).expect("retried");
            assert!(wait >= Duration::from_millis(500) && wait <= Duration::from_secs(1), "{wait:?}");
        }
        assert_eq!(policy.wait(1, &limited, Some(Hint(Duration::from_secs(7_200)))), None);
        assert_eq!(policy.wait(3, &limited, None), None);
    }

    #[test]
    fn only_failures_of_the_wire_are_repeated() {
        let policy = Policy { attempts: 3, base: Duration::from_millis(1), max_wait: Duration::from_secs(60) };
        for error in [
            Error::QuotaUsedUp(String::new()),
            Error::Unauthorized(String::new()),
            Error::Refused(String::new()),
            Error::Garbled { reason: String::new(), raw: String::new(), usage: Default::default() },
            Error::Cut { raw: String::new(), usage: Default::default() },
        ] {
            assert_eq!(policy.wait(1, &error, None), None, "{error}");
        }
    }
}
