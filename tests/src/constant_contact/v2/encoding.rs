//! True ISO-8859-1: byte b is the character U+00b. That is not what the web calls "iso-8859-1", which is windows-1252.

use crate::constant_contact::people::Person;

/// What v2 makes of these bytes, whatever they were meant to be.
pub fn decode(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The bytes of a text; a character that ISO-8859-1 has not is a question mark.
pub fn encode(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

/// Every text that a contact holds, by name, exactly as it is stored: what a file in another encoding has made of
/// them can be seen here.
pub fn texts(person: &Person) -> Vec<(String, String)> {
    let address = person.address.iter().map(|address| ("address".to_owned(), address.clone()));
    let named = |kind: &'static str| {
        move |(name, text): (&String, &String)| (format!("{kind}{name}"), text.clone())
    };
    let streets = person.streets.iter().flat_map(|(kind, street)| {
        street.iter().map(move |part| (format!("street.{kind}"), part.clone()))
    });
    address
        .chain(person.texts.iter().map(named("")))
        .chain(person.phones.iter().map(named("phone.")))
        .chain(person.custom.iter().map(named("custom.")))
        .chain(streets.filter(|(_, part)| !part.is_empty()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_the_character_of_its_number() {
        assert_eq!(decode(b"Zo\xEB"), "Zoë");
        assert_eq!(decode("Zoë".as_bytes()), "ZoÃ«");
        assert_eq!(decode(b"\x80"), "\u{80}", "not the euro sign of windows-1252");
        assert_eq!(encode("Zoë €"), b"Zo\xEB ?");
    }
}
