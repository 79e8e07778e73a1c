//! The table is asked about every code.

use std::collections::BTreeMap;

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
    let mut codes_of = BTreeMap::<String, Vec<String>>::new();
    for code in CODES.iter().map(|(code, _, _)| *code).chain(unknown) {
        let person = short(code, Subject::Person);
        let search = short(code, Subject::Search);
        assert_eq!(search, short(code, Subject::Site), "{code}");
        assert_eq!(person, short(code, Subject::EmailAccount), "{code}");
        let what = if person == search { person } else { format!("{person} one, {search} all") };
        codes_of.entry(what).or_default().push(code.to_string());
    }
    let lines = codes_of.iter().map(|(what, codes)| format!("{what}: {}", codes.join(" ")));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"
    accept: 0 200008 200009 200010 403200
    halt: 301001 400001 400002 400008 400011 400012 400013 400014 400015 400093 401000 403000 403002 403003 403006 403007 403010 403023 403035 403036 403045 405001
    reject: 200001 206001 206002 206003 400003 400007 400009 400020 400022 400023 400024 400025 400026 400027 400028 400029 400030 403026 403041 403042 403043 403044 403047 403100 403101 403102 403110 403120 404003 409001 413001 413002 413003 413004 500002 500014 500023
    reject one, halt all: 400004 400006 400096 403005 404000 410000 499999
    retry: 100001 403004 403011 403012 403025 403048 500000 500001 500026 500028 500034 504001 504002 599999
    retry after 5 s: 409030
    retry after 60 s: 503001
    ");
}

fn refused(code: i64, subject: Subject) -> Refusal {
    let call = "f8800f4c".to_owned();
    Refusal { method: "accounts.unsubscribe", code, call, fields: Vec::new(), subject }
}

#[test]
fn only_two_codes_say_that_a_uid_is_gone_and_two_more_that_an_address_is() {
    let codes = || CODES.iter().map(|(code, _, _)| *code);
    let unknown = |subject| -> Vec<i64> {
        codes().filter(|code| refused(*code, subject).is_unknown_person()).collect()
    };
    assert_eq!(unknown(Subject::Person), [403_005, 404_003]);
    assert_eq!(unknown(Subject::EmailAccount), [403_005, 403_047, 404_000, 404_003]);
    assert!(unknown(Subject::Search).is_empty() && unknown(Subject::Site).is_empty());
    let forbidden: Vec<i64> =
        codes().filter(|code| refused(*code, Subject::Search).is_forbidden()).collect();
    assert_eq!(forbidden, [403_007, 403_023, 403_036]);
}

#[test]
fn a_call_that_the_package_lacks_is_told_from_one_that_is_not_permitted() {
    let text = |code| refused(code, Subject::Search).to_string();
    assert!(
        text(403_036).ends_with("package does not have this call; SAP can add it, or do without")
    );
    assert!(text(403_007).ends_with("permission for this call in Gigya's console"));
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
