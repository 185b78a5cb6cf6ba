//! Dates and times: reading them from the texts that databases write, and which days or months a column covers.

use std::collections::BTreeSet;

use serde::Serialize;

use super::numbers::{Bucket, histogram};
use super::reservoir::Reservoir;

/// Different hours, days, months or years that are kept; when there are more, the next larger unit is.
const UNITS: usize = 4_096;

const SAMPLE: usize = 1_024;

const RECENT: usize = 512;

const DAY: i64 = 86_400;

/// A point in time without its zone's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Since the start of 1970.
    pub seconds: i64,
    pub micros: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    Hour,
    Day,
    Month,
    Year,
}

pub struct Times {
    ends: Option<((Moment, String), (Moment, String))>,
    pub count: u64,
    has_time: bool,
    units: Units,
    sample: Reservoir<f64>,
}

/// The hours, days, months or years that have a value.
#[derive(Clone)]
struct Units {
    grain: Grain,
    kept: BTreeSet<i64>,
    /// Some of the kept, each at a place that follows from it: most values fall into a unit that was seen not long ago.
    recent: Vec<Option<i64>>,
}

/// Which part of the time between the first and the last value has values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    pub first: String,
    pub last: String,
    pub grain: Grain,
    /// Hours, days, months or years with a value.
    pub filled: u64,
    /// Those without, between the first and the last; none where not all rows were seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<u64>,
    /// The longest run without a value: after the first, before the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_gap: Option<[String; 2]>,
}

impl Times {
    pub fn new() -> Self {
        Self {
            ends: None,
            count: 0,
            has_time: false,
            units: Units { grain: Grain::Hour, kept: BTreeSet::new(), recent: vec![None; RECENT] },
            sample: Reservoir::new(SAMPLE),
        }
    }

    pub fn add(&mut self, moment: Moment, text: &str) {
        self.count += 1;
        self.has_time |= moment.seconds.rem_euclid(DAY) != 0 || moment.micros != 0;
        self.sample.offer(|| moment.seconds as f64);
        match &mut self.ends {
            None => self.ends = Some(((moment, text.to_owned()), (moment, text.to_owned()))),
            Some((first, last)) => {
                let end = if moment < first.0 { Some(first) } else { Some(last).filter(|last| moment > last.0) };
                if let Some((at, written)) = end {
                    *at = moment;
                    text.clone_into(written);
                }
            }
        }
        // The last day that a calendar of four digits has stands for "never", and is no gap of thousands of years.
        if !is_open_end(moment) {
            self.units.add(moment);
        }
    }

    /// As they were written.
    pub fn ends(&self) -> Option<(&str, &str)> {
        self.ends.as_ref().map(|(first, last)| (first.1.as_str(), last.1.as_str()))
    }

    /// In hours for a few days, in days for a few years, in months for more; none where there is no time at all.
    pub fn coverage(&self) -> Option<Coverage> {
        let mut units = self.units.clone();
        if !self.has_time && units.grain == Grain::Hour {
            units.coarser();
        }
        units.covered()
    }

    pub fn bytes(&self) -> usize {
        8 * SAMPLE + 24 * self.units.kept.len() + 16 * RECENT + 256
    }

    pub fn histogram(&self) -> Vec<Bucket> {
        let mut sorted = self.sample.values().to_vec();
        sorted.sort_by(f64::total_cmp);
        histogram(&sorted, |edge| Grain::Day.shown((edge as i64).div_euclid(DAY)).into())
    }
}

impl Units {
    fn add(&mut self, moment: Moment) {
        let unit = self.grain.unit(moment);
        let recent = &mut self.recent[unit.rem_euclid(RECENT as i64) as usize];
        if *recent == Some(unit) {
            return;
        }
        *recent = Some(unit);
        self.kept.insert(unit);
        while self.kept.len() > UNITS {
            if self.grain == Grain::Year {
                // Nothing is coarser: the furthest past is given up.
                self.kept.pop_first();
                self.recent.fill(None);
            } else {
                self.coarser();
            }
        }
    }

    fn coarser(&mut self) {
        let from = self.grain;
        self.grain = match from {
            Grain::Hour => Grain::Day,
            Grain::Day => Grain::Month,
            Grain::Month | Grain::Year => Grain::Year,
        };
        self.kept = self.kept.iter().map(|unit| self.grain.unit(from.start(*unit))).collect();
        self.recent.fill(None);
    }

    fn covered(mut self) -> Option<Coverage> {
        let is_too_fine = |grain: Grain, span: i64| match grain {
            Grain::Hour => span > 72,
            Grain::Day => span > 3 * 366,
            Grain::Month => span > 100 * 12,
            Grain::Year => false,
        };
        while is_too_fine(self.grain, self.kept.last()? - self.kept.first()?) {
            self.coarser();
        }
        let (first, last) = (*self.kept.first()?, *self.kept.last()?);
        let gaps = self.kept.iter().zip(self.kept.iter().skip(1));
        let longest = gaps.max_by_key(|(before, after)| **after - **before).filter(|(before, after)| **after - **before > 1);
        let filled = self.kept.len() as u64;
        Some(Coverage {
            first: self.grain.shown(first),
            last: self.grain.shown(last),
            grain: self.grain,
            filled,
            missing: Some(((last - first) as u64 + 1).saturating_sub(filled)),
            longest_gap: longest.map(|(before, after)| [self.grain.shown(*before), self.grain.shown(*after)]),
        })
    }
}

impl Grain {
    fn unit(self, moment: Moment) -> i64 {
        match self {
            Self::Hour => moment.seconds.div_euclid(3_600),
            Self::Day => moment.seconds.div_euclid(DAY),
            Self::Month => {
                let (year, month, _) = civil(moment.seconds.div_euclid(DAY));
                year * 12 + month - 1
            }
            Self::Year => civil(moment.seconds.div_euclid(DAY)).0,
        }
    }

    fn start(self, unit: i64) -> Moment {
        let seconds = match self {
            Self::Hour => unit * 3_600,
            Self::Day => unit * DAY,
            Self::Month => day(unit.div_euclid(12), unit.rem_euclid(12) + 1, 1) * DAY,
            Self::Year => day(unit, 1, 1) * DAY,
        };
        Moment { seconds, micros: 0 }
    }

    fn shown(self, unit: i64) -> String {
        let written = |year: i64, rest: String| match year {
            1.. => format!("{year:04}{rest}"),
            before => format!("{:04}{rest} BC", 1 - before),
        };
        let of_day = |days: i64, hour: &str| {
            let (year, month, day) = civil(days);
            written(year, format!("-{month:02}-{day:02}{hour}"))
        };
        match self {
            Self::Hour => of_day(unit.div_euclid(24), &format!(" {:02}h", unit.rem_euclid(24))),
            Self::Day => of_day(unit, ""),
            Self::Month => written(unit.div_euclid(12), format!("-{:02}", unit.rem_euclid(12) + 1)),
            Self::Year => written(unit, String::new()),
        }
    }
}

fn is_open_end(moment: Moment) -> bool {
    moment.seconds >= day(9999, 1, 1) * DAY
}

/// Reads `2026-01-31`, with a time, a zone and an era where they are written; none where the calendar has no such day.
pub fn moment(text: &str) -> Option<Moment> {
    plain(text.as_bytes()).or_else(|| any(text))
}

/// Written as nearly all are: `2026-01-31`, or with a time of full seconds.
fn plain(text: &[u8]) -> Option<Moment> {
    let pair = |at: usize| match text[at..at + 2] {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    };
    if !matches!(text.len(), 10 | 19) || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (year, month, of_month) = (pair(0)? * 100 + pair(2)?, pair(5)?, pair(8)?);
    let mut seconds = 0;
    if text.len() == 19 {
        let (hour, minute, second) = (pair(11)?, pair(14)?, pair(17)?);
        if !matches!(text[10], b' ' | b'T') || text[13] != b':' || text[16] != b':' || hour > 24 || minute > 59 || second > 60 {
            return None;
        }
        seconds = hour * 3_600 + minute * 60 + second;
    }
    is_day(year, month, of_month).then(|| Moment { seconds: day(year, month, of_month) * DAY + seconds, micros: 0 })
}

fn any(text: &str) -> Option<Moment> {
    let (text, is_before_christ) = text.strip_suffix(" BC").map_or((text, false), |text| (text, true));
    let (date, time) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], text[at + 1..].trim_end()),
        None => (text, ""),
    };
    let mut parts = date.split('-');
    let (year, month, of_month) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !(4..=6).contains(&year.len()) || month.len() != 2 || of_month.len() != 2 {
        return None;
    }
    let (year, month, of_month) = (number(year)?, number(month)?, number(of_month)?);
    let year = if is_before_christ { 1 - year } else { year };
    if !is_day(year, month, of_month) {
        return None;
    }
    let (seconds, micros) = if time.is_empty() { (0, 0) } else { time_of_day(time)? };
    Some(Moment { seconds: day(year, month, of_month) * DAY + seconds, micros })
}

/// Seconds, with the zone taken off, and what is less than one.
fn time_of_day(text: &str) -> Option<(i64, u32)> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (text, zone) = match text.rfind(['+', '-']) {
        Some(at) => (text[..at].trim_end(), &text[at..]),
        None => (text, ""),
    };
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = text.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    if parts.next().is_some() || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let away = match zone.get(1..) {
        None | Some("") => 0,
        Some(zone) => {
            let mut parts = zone.split(':');
            let hours = parts.next()?;
            let (hours, minutes) = if hours.len() == 4 { hours.split_at_checked(2)? } else { (hours, parts.next().unwrap_or("0")) };
            number(hours)? * 3_600 + number(minutes)? * 60
        }
    };
    let away = if zone.starts_with('-') { -away } else { away };
    let micros = if fraction.is_empty() { 0 } else { u32::try_from(number(format!("{fraction:0<6}").get(..6)?)?).ok()? };
    Some((hour * 3_600 + minute * 60 + second - away, micros))
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 6 && text.bytes().all(|sign| sign.is_ascii_digit())).then(|| text.parse().ok())?
}

pub fn is_day(year: i64, month: i64, of_month: i64) -> bool {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=12).contains(&month) && (1..=days).contains(&of_month)
}

/// Days since the start of 1970. Years begin in March here, so that the day that not all years have comes last.
fn day(year: i64, month: i64, of_month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + of_month - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of it; the way back.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Times {
        let mut times = Times::new();
        texts.into_iter().for_each(|text| times.add(moment(text).unwrap_or_else(|| panic!("`{text}`")), text));
        times
    }

    #[test]
    fn times_are_read_as_databases_write_them() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("1970-01-02 00:00:01", 86_401),
            ("2000-02-29T12:30", 951_827_400),
            ("2024-03-10 10:00:00.5+02", 1_710_057_600),
            ("2024-03-10 10:00:00-03:30", 1_710_077_400),
            ("2024-03-10T08:00:00Z", 1_710_057_600),
            ("0044-03-15 BC", day(-43, 3, 15) * DAY),
            ("294276-12-31", day(294_276, 12, 31) * DAY),
        ] {
            assert_eq!(moment(text).map(|moment| moment.seconds), Some(seconds), "{text}");
        }
        for text in
            ["0000-00-00", "2024-00-10", "2023-02-29", "infinity", "", "12", "2024-1-1", "2024-01-01 99:00", "größer", "2024-01-01 1ü:00"]
        {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn days_go_both_ways() {
        for days in (-800_000..3_000_000).step_by(97) {
            let (year, month, of_month) = civil(days);
            assert!(is_day(year, month, of_month) && day(year, month, of_month) == days, "{days}");
        }
    }

    #[test]
    fn gaps_are_found_in_the_unit_that_fits() {
        let coverage = of(["2026-01-01", "2026-01-02", "2026-01-07", "9999-12-31"]).coverage().unwrap();
        assert_eq!((coverage.grain, coverage.filled, coverage.missing), (Grain::Day, 3, Some(4)));
        assert_eq!(coverage.longest_gap, Some(["2026-01-02".to_owned(), "2026-01-07".to_owned()]));
        let hours = of(["2026-01-01 10:15:00", "2026-01-01 12:15:00"]).coverage().unwrap();
        assert_eq!((hours.grain, hours.missing, hours.first.as_str()), (Grain::Hour, Some(1), "2026-01-01 10h"));
        let texts: Vec<String> = (0..30_000).map(|at| Grain::Day.shown(at)).collect();
        let long = of(texts.iter().map(String::as_str)).coverage().unwrap();
        assert_eq!((long.grain, long.missing, long.first.as_str()), (Grain::Month, Some(0), "1970-01"));
        let ancient = of(["0044-03-15 BC", "0044-03-16 BC"]).coverage().unwrap();
        assert_eq!((ancient.first.as_str(), ancient.missing), ("0044-03-15 BC", Some(0)));
        assert_eq!(of([]).coverage(), None);
    }
}
