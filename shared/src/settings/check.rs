//! What a good value looks like. A reason is the rest of a sentence that names the value.

use url::{Host, Url};

/// Domains of Gigya's data centres (SAP help, "Finding Your Data Center"; the last is China's former one).
const DATA_CENTER_DOMAINS: [&str; 3] = [".gigya.com", ".sapcdm.cn", ".gigya-api.cn"];

/// A text as a message may repeat it: one with an `@` could hold a password or somebody's address.
pub(super) fn shown(text: &str) -> &str {
    if text.contains('@') { "…" } else { text }
}

/// A web address; plain http only to loopback.
pub(super) fn url(text: &str) -> Result<Url, String> {
    let mut url: Url = text.parse().map_err(|error| format!("is no URL: {error}"))?;
    let is_loopback = match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("is no URL: it names no host".to_owned()),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback => {}
        "http" => return Err("must start with https:// (http:// is for 127.0.0.1 only)".to_owned()),
        _ => return Err("must start with https://".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or a password; those belong in the secret".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not hold ? or #".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// A data centre of Gigya's: `eu1.gigya.com`.
pub(super) fn data_center(text: &str) -> Result<String, String> {
    let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let label = DATA_CENTER_DOMAINS.iter().find_map(|domain| text.strip_suffix(domain));
    match label {
        Some(label) if !label.is_empty() && label.chars().all(is_host) => Ok(text.to_owned()),
        Some(_) | None => Err(
            "is no data centre of Gigya's; write it as eu1.gigya.com (us1, eu1, eu2, au1, global) or cn1.sapcdm.cn"
                .to_owned(),
        ),
    }
}

/// The name of an S3 bucket (AWS, "General purpose bucket naming rules").
pub(super) fn is_bucket(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&text.len())
        && text.starts_with(is_end)
        && text.ends_with(is_end)
        && text.chars().all(|c| is_end(c) || c == '-' || c == '.')
}

/// A UUID in its usual form of 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == GROUPS.len()
        && groups.iter().zip(GROUPS).all(|(group, length)| {
            group.len() == length && group.chars().all(|c| c.is_ascii_hexdigit())
        })
}

/// A condition that can be put in parentheses behind `WHERE` of one of Gigya's queries (SAP help, accounts.search, "query").
pub(super) fn clause(text: &str) -> Result<String, String> {
    const ENDING: [&str; 8] =
        ["SELECT", "FROM", "WHERE", "FILTER", "GROUP", "ORDER", "START", "LIMIT"];
    let text = text.trim();
    let mut outside = String::new();
    let mut quote = None;
    for character in text.chars() {
        match quote {
            None => {
                if character == '"' || character == '\'' {
                    quote = Some(character);
                    outside.push(' ');
                } else {
                    outside.push(character);
                }
            }
            Some(_) if character == '\\' => {
                return Err(
                    "must not hold a backslash: how Gigya reads it is not documented".to_owned()
                );
            }
            Some(open) if character == open => quote = None,
            Some(_) => {}
        }
    }
    if quote.is_some() {
        return Err("has a quote that does not end".to_owned());
    }
    let mut depth = 0_usize;
    for character in outside.chars() {
        match character {
            '(' => depth += 1,
            ')' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Err("has a parenthesis that does not begin".to_owned()),
            },
            ';' => return Err("must not hold ;".to_owned()),
            _ => {}
        }
    }
    if depth > 0 {
        return Err("has a parenthesis that does not end".to_owned());
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let words = outside.split(|c| !is_word(c)).map(str::to_ascii_uppercase);
    if let Some(word) = words.into_iter().find(|word| ENDING.contains(&word.as_str())) {
        return Err(format!("must be a condition only, without {word}"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_loopback_only() {
        for good in [
            "https://api.cc.email/v3/",
            "http://127.0.0.1:9100",
            "http://[::1]:1/x",
            "http://localhost:1",
        ] {
            assert!(url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.cc.email/v3",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "https://user:pass@api.cc.email",
            "https://api.cc.email?x=1",
            "api.cc.email",
            "mailto:zoe@example.com",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
        assert_eq!(url("https://api.cc.email/v3/").unwrap().as_str(), "https://api.cc.email/v3");
    }

    #[test]
    fn a_data_centre_is_one_of_gigyas() {
        for good in ["eu1.gigya.com", "global.gigya.com", "cn1.sapcdm.cn"] {
            assert!(data_center(good).is_ok(), "{good}");
        }
        for bad in
            ["eu1", ".gigya.com", "gigya.com", "evil.com/.gigya.com", "accounts.eu1.gigya.com"]
        {
            assert!(data_center(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_clause_is_a_condition_and_nothing_more() {
        for good in [
            "isRegistered = true",
            "data.note = \"an order (by phone; limit 5\" AND (a = 'x' OR b IS NULL)",
            "data.limit > 5 and profile.order_by = 'x'",
        ] {
            assert!(clause(good).is_ok(), "{good}");
        }
        for bad in [
            "a = \"x",
            "a = 1) OR (b = 2",
            "(a = 1",
            "a = 1 ORDER BY b",
            "a = 1 limit 5",
            "WHERE a = 1",
            "a = 1; b",
            r#"a = "x\" y""#,
        ] {
            assert!(clause(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_uuid_has_its_five_groups() {
        assert!(is_uuid("e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0"));
        assert!(!is_uuid("2050305614") && !is_uuid("e4c2b2a0-0d3a-11ee-8f53-fa163e56c9bg"));
    }
}
