//! Time: wall-clock stamps for the wire and the stores. The only reader of the system clock.

use std::fmt;
use std::ops::Add;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds since 1970, UTC. On the wire RFC 3339 with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds from `earlier` to here, zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// A time in whole seconds since 1970; `None` when it is beyond what can be shown.
    pub fn at_seconds(seconds: i64) -> Option<Self> {
        let millis = seconds.checked_mul(1000)?;
        DateTime::<Utc>::from_timestamp_millis(millis).map(|_| Self(millis))
    }

    /// Whole seconds since 1970, as tokens carry them.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-01-02T03:04:05.678Z`.
const TEXT_BYTES: usize = 24;
/// From year 0 to 9999, the range in which the text has its fixed length.
const TEXT_RANGE: std::ops::Range<i64> = -62_167_219_200_000..253_402_300_800_000;
const DAY_MS: i64 = 86_400_000;

/// Every message carries two or three of these, so the text is made without chrono's formatter.
fn text(milliseconds: i64) -> [u8; TEXT_BYTES] {
    let milliseconds = if TEXT_RANGE.contains(&milliseconds) {
        milliseconds
    } else {
        0
    };
    let of_day = milliseconds.rem_euclid(DAY_MS);
    let (year, month, day) = date(milliseconds.div_euclid(DAY_MS));
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |from: usize, digits: usize, mut value: i64| {
        for place in text[from..from + digits].iter_mut().rev() {
            *place = b'0' + u8::try_from(value % 10).unwrap_or(0);
            value /= 10;
        }
    };
    put(0, 4, year);
    put(5, 2, month);
    put(8, 2, day);
    put(11, 2, of_day / 3_600_000);
    put(14, 2, of_day / 60_000 % 60);
    put(17, 2, of_day / 1000 % 60);
    put(20, 3, of_day % 1000);
    text
}

/// Year, month and day of a count of days since 1970, in eras of 400 years that begin in March
/// (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&text(self.0)).unwrap_or_default())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&text(self.0)).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|time| Self(time.timestamp_millis()))
            .map_err(|_| de::Error::custom("not an RFC 3339 time"))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

impl schemars::JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

/// How far the operator moved the machine's clock on, in milliseconds.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// Moves the clock of this process on, so that what expires does; it never goes back.
pub fn advance(by: Duration) {
    AHEAD.fetch_add(millis(by), Ordering::Relaxed);
}

/// How far it was moved on.
pub fn ahead() -> Duration {
    Duration::from_millis(u64::try_from(AHEAD.load(Ordering::Relaxed)).unwrap_or(0))
}

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock, as far on as it was moved.
    System,
    /// Follows tokio's clock from a fixed start, so that a test with paused time moves both.
    Tokio {
        start: Timestamp,
        epoch: tokio::time::Instant,
    },
}

impl Clock {
    /// A clock that moves with tokio's time; for tests.
    pub fn tokio(start: Timestamp) -> Self {
        Self::Tokio {
            start,
            epoch: tokio::time::Instant::now(),
        }
    }

    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one reader of the system clock"
            )]
            Self::System => {
                Timestamp(Utc::now().timestamp_millis() + AHEAD.load(Ordering::Relaxed))
            }
            Self::Tokio { start, epoch } => *start + epoch.elapsed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat, Utc};
    use proptest::prelude::*;

    use super::{TEXT_RANGE, Timestamp};

    proptest! {
        #[test]
        fn the_text_is_what_chrono_writes(milliseconds in TEXT_RANGE) {
            let time = DateTime::<Utc>::from_timestamp_millis(milliseconds).unwrap();
            let expected = time.to_rfc3339_opts(SecondsFormat::Millis, true);
            prop_assert_eq!(Timestamp(milliseconds).to_string(), expected);
        }
    }

    #[test]
    fn leap_days_and_turns_of_the_year() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (TEXT_RANGE.end - 1, "9999-12-31T23:59:59.999Z"),
            (i64::MAX, "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp(milliseconds).to_string(), text);
        }
    }
}
