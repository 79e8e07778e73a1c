//! Dates in the forms in which Gigya's accounts hold them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Digits of a date without separators: `20240517`. A longer number is milliseconds since 1970.
const COMPACT_DIGITS: usize = 8;

/// The first year that is taken as one; Gigya writes `0001-01-01` for "never" (seen in exports; gigya reference §10).
const YEAR_MIN: i16 = 2;

/// What a text says about a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// Nothing: the text is empty, or says "never".
    Never,
    /// This one.
    On(Date),
}

/// Reads the day from `2024-05-17`, `2024/05/17`, `20240517`, an ISO 8601 date and time (the day as it is written, in its
/// own zone), or milliseconds since 1970 (the day in UTC). Forms that start with the day or the month are ambiguous
/// and need a format (see [`parse_as`]).
pub fn parse(text: &str) -> Option<Day> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Day::Never);
    }
    let is_number = text.strip_prefix('-').unwrap_or(text).chars().all(|c| c.is_ascii_digit());
    if is_number && text.len() != COMPACT_DIGITS {
        let at = Timestamp::from_millisecond(text.parse().ok()?).ok()?;
        return Some(Day::On(at.to_zoned(TimeZone::UTC).date()));
    }
    let date = if is_number {
        Date::strptime("%Y%m%d", text).ok()?
    } else if let Some((day, _)) = text.split_once(['T', 't', ' ']) {
        text.parse::<Timestamp>().map(drop).or_else(|_| text.parse::<DateTime>().map(drop)).ok()?;
        iso_date(day)?
    } else {
        iso_date(text)?
    };
    Some(on(date))
}

/// Reads the day in a format of the customer's (`%d.%m.%Y`; jiff's `strptime`).
pub fn parse_as(format: &str, text: &str) -> Option<Day> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Day::Never);
    }
    Date::strptime(format, text).ok().map(on)
}

/// Writes the day in a format of the customer's; `None` when the format cannot be written.
pub fn format_as(format: &str, date: Date) -> Option<String> {
    jiff::fmt::strtime::format(format, date).ok()
}

/// Whether the format names a whole day; the year may have two digits.
pub fn is_usable(format: &str) -> bool {
    [Date::constant(1998, 11, 30), Date::constant(2024, 2, 29)]
        .into_iter()
        .all(|date| comes_back(format, date))
}

/// Whether every day that is written in this format is read back as the same day, so that the year has four digits.
pub fn is_reversible(format: &str) -> bool {
    is_usable(format) && comes_back(format, Date::constant(1903, 1, 2))
}

fn comes_back(format: &str, date: Date) -> bool {
    format_as(format, date).and_then(|text| parse_as(format, &text)) == Some(Day::On(date))
}

/// Reads an instant, to compare with: milliseconds since 1970, an ISO 8601 date (its midnight), or date and time; what
/// names no zone is in UTC.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(milliseconds) = text.parse::<i64>() {
        return Timestamp::from_millisecond(milliseconds).ok();
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let at = text.parse::<DateTime>().ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

fn on(date: Date) -> Day {
    if date.year() < YEAR_MIN { Day::Never } else { Day::On(date) }
}

fn iso_date(text: &str) -> Option<Date> {
    let mut parts = text.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || parts.next().is_some() {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_from_every_form_that_gigya_uses() {
        let day = Some(Day::On(Date::constant(2024, 5, 17)));
        for text in [
            "2024-05-17",
            "2024/5/17",
            "20240517",
            "2024-05-17T23:30:00Z",
            "2024-05-17T23:30:00-08:00",
            "2024-05-17 08:00",
            "1715940000000",
        ] {
            assert_eq!(parse(text), day, "{text}");
        }
        assert_eq!(parse("-86400000"), Some(Day::On(Date::constant(1969, 12, 31))));
        assert_eq!(parse("0001-01-01T00:00:00Z"), Some(Day::Never));
        assert_eq!(parse(" "), Some(Day::Never));
        for text in ["17/05/2024", "2024-02-30", "soon", "2024-05", "24-05-17", "2024-05-17Tea"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_format_of_the_customers_is_read_and_written() {
        let day = Date::constant(2024, 5, 7);
        assert_eq!(parse_as("%d.%m.%Y", "07.05.2024"), Some(Day::On(day)));
        assert_eq!(format_as("%d.%m.%Y", day).as_deref(), Some("07.05.2024"));
        assert!(is_reversible("%d.%m.%Y") && is_reversible("%m/%d/%Y"));
        for format in ["%d.%m.", "%Y", "%Q", "%H", "", "%d.%m.%y"] {
            assert!(!is_reversible(format), "{format}");
        }
    }

    #[test]
    fn instants_are_compared_whatever_their_form() {
        let midnight = "2024-05-17T00:00:00Z".parse().ok();
        for text in ["2024-05-17", "2024-05-17T00:00", "2024-05-17T02:00:00+02:00", "1715904000000"]
        {
            assert_eq!(instant(text), midnight, "{text}");
        }
        assert_eq!(instant("tomorrow"), None);
    }
}
