//! Values as both dialects write them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};

/// RFC 3986's unreserved characters stay as they are.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one step of a path.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Reads `null` as nothing at all.
pub(super) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a time in any of the forms that the vendor writes: whole seconds, milliseconds, `+00:00`, an offset, or a date
/// alone, read as its beginning in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| begins(text.parse().ok()?))
}

/// Reads a time by which somebody has left, which may be a date alone (OAS, `deleted_at`: `format: date`). A date is read as
/// its end: whatever the person asked for on that day may have been before, and having left wins.
pub(super) fn departure(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let tomorrow = text.parse::<Date>().ok()?.tomorrow().ok()?;
        Some(begins(tomorrow)? - SignedDuration::from_millis(1))
    })
}

/// The end of the second, for a time in whole seconds by which somebody has left: whatever they asked for within it may have been
/// before.
pub(super) fn end_of_second(at: Timestamp) -> Timestamp {
    if at.subsec_nanosecond() == 0 { at + SignedDuration::from_millis(999) } else { at }
}

fn begins(date: Date) -> Option<Timestamp> {
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A time as the vendor writes it, cut to milliseconds; a window's end is the next one's start, so nothing falls between.
pub(super) fn written(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_alone_is_its_beginning_and_as_a_departure_its_end() {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        assert_eq!(moment("2026-07-08"), at("2026-07-08T00:00:00Z"));
        assert_eq!(departure("2026-07-08"), at("2026-07-08T23:59:59.999Z"));
        assert_eq!(departure("2026-07-08T10:00:00Z"), at("2026-07-08T10:00:00Z"));
        assert_eq!(departure("yesterday"), None);
        let within = departure("2026-07-08T10:00:00Z").map(end_of_second);
        assert_eq!(within, at("2026-07-08T10:00:00.999Z"));
        assert_eq!(departure("2026-07-08").map(end_of_second), departure("2026-07-08"));
    }

    #[test]
    fn an_id_is_one_step_of_a_path() {
        assert_eq!(segment("86b90820-cc52"), "86b90820-cc52");
        assert_eq!(segment("a/../b?c"), "a%2F..%2Fb%3Fc");
    }
}
