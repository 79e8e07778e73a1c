//! The table is asked about every code.

use super::*;

fn short(code: i64, subject: Subject) -> String {
    if is_success(code) {
        return "accept".to_owned();
    }
    match disposition(code, subject) {
        Disposition::Retry { after: None } => "retry".to_owned(),
        Disposition::Retry { after: Some(after) } => format!("retry after {} s", after.as_secs()),
        Disposition::Reject => "reject".to_owned(),
        Disposition::Halt => "halt".to_owned(),
    }
}

#[test]
fn every_code_has_its_disposition() {
    let unknown = [499_999, 599_999];
    let mut lines = Vec::new();
    for code in CODES.iter().map(|(code, _, _)| *code).chain(unknown) {
        let person = short(code, Subject::Person);
        let search = short(code, Subject::Search);
        assert_eq!(search, short(code, Subject::Site), "{code}");
        lines.push(if person == search {
            format!("{code} {person}")
        } else {
            format!("{code} {person} a person, {search} a search")
        });
    }
    insta::assert_snapshot!(lines.join("\n"), @"");
}

#[test]
fn the_table_is_in_order_so_that_it_can_be_searched() {
    assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn an_error_tells_method_code_call_and_fields() {
    let refusal = Refusal {
        method: "accounts.setAccountInfo",
        code: 400_009,
        call: "f8800f4c".to_owned(),
        fields: vec!["profile.zip".parse().unwrap(), "data.tier".parse().unwrap()],
        subject: Subject::Person,
    };
    assert_eq!(
        GigyaError::Refused(refusal).to_string(),
        "accounts.setAccountInfo was refused with 400009 (validation error), call f8800f4c, \
         because of profile.zip, data.tier"
    );
}
