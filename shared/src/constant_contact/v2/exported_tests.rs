use super::*;

fn rows(file: &'static [u8]) -> Vec<ExportRow> {
    Export::open(Bytes::from_static(file)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_file_is_read_by_heading_whatever_its_case_and_order() {
    let rows = rows(
        b"\"First Name\",EMAIL ADDRESS,custom_field 1,Unheard Of\r\n\"Z, \"\"o\"\"\",zoe@example.com,u1,x,y\r\n,bo@example.com\r\n",
    );
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].field(&"first_name".parse().unwrap()), "Z, \"o\"");
    assert_eq!(rows[0].field(&ContactField::v2_custom(1)), "u1");
    assert_eq!(rows[0].value("last name"), "");
    assert_eq!(rows[0].address(), "zoe@example.com".parse().ok());
    assert_eq!((rows[1].value("Unheard of"), rows[1].address().is_some()), ("", true));
    assert_eq!(format!("{:?}", rows[0]), "ExportRow of 5 cells");
}

#[test]
fn a_file_is_read_in_the_character_set_that_it_is_in() {
    let in_utf8 = rows("\u{feff}Email Address,First Name\nzoe@example.com,Zoë\n".as_bytes());
    let in_latin1 = rows(b"Email Address,First Name\nzoe@example.com,Zo\xeb\n");
    assert_eq!(in_utf8, in_latin1);
    assert_eq!(in_latin1[0].value("first name"), "Zoë");
    // Not windows-1252, in which this would be a dash.
    assert_eq!(rows(b"Email,City\na@b.example,\x96\xff\n")[0].value("city"), "\u{96}ÿ");
}

#[test]
fn what_has_no_addresses_is_no_export() {
    for file in [&b""[..], b"<html>", b"First Name,Last Name\nZoe,M\n"] {
        let error = Export::open(Bytes::from_static(file)).unwrap_err();
        assert!(matches!(error, ConstantContactError::Unreadable { .. }), "{error:?}");
    }
    let empty = Export::open(Bytes::from_static(b"Email Address\n")).unwrap();
    assert_eq!(empty.count(), 0);
}
