//! Values as both interfaces judge and keep them.

use std::collections::BTreeMap;

use jiff::civil::Date;

pub(super) fn put(texts: &mut BTreeMap<String, String>, name: &str, value: String) {
    if value.is_empty() {
        texts.remove(name);
    } else {
        texts.insert(name.to_owned(), value);
    }
}

pub(super) fn is_date(text: &str) -> bool {
    read_date(text).is_some()
}

/// One of the documented forms: year first, or month, day and year.
pub(super) fn read_date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['/', '-']).collect();
    let [first, second, third] = parts[..] else { return None };
    let (year, month, day) =
        if first.len() == 4 { (first, second, third) } else { (third, first, second) };
    let numbers = (year.parse().ok(), month.parse().ok(), day.parse().ok());
    let (Some(year), Some(month), Some(day)) = numbers else { return None };
    Date::new(year, month, day).ok()
}

pub(super) fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@' || c == ',')
    };
    plain(local)
        && plain(host)
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
}
