//! The page that shows what becomes of names is made by the code that it tells of.

use std::fmt::Write as _;

use super::*;

const PAGE: &str = include_str!("../../../docs/characters.md");

/// Where what is made here begins; everything before is written by hand.
const MADE: &str = "## The same name under each policy\n";

/// Fifty names at the least, of twenty languages.
const NAMES: [(&str, &str); 62] = [
    ("German", "Jürgen Groß"),
    ("French", "François Lefèvre"),
    ("Spanish", "Begoña Núñez"),
    ("Portuguese", "João Simões"),
    ("Icelandic", "Þórdís Ægisdóttir"),
    ("Danish", "Søren Ågård"),
    ("Finnish", "Väinö Mäkelä"),
    ("Estonian", "Õnne Jõgi"),
    ("Catalan", "Àngels Col·lell"),
    ("Catalan", "Marceŀlí Roca"),
    ("Italian", "Niccolo\u{300} D’Angelo"),
    ("Irish", "Seán O’Connor"),
    ("French", "Œuvray-Cœurderoy"),
    ("Polish", "Łukasz Wiśniewski"),
    ("Polish", "Grażyna Brzęczyszczykiewicz"),
    ("Czech", "Jiří Dvořák"),
    ("Slovak", "Ľubomír Ďurica"),
    ("Slovenian", "Žiga Čadež"),
    ("Croatian", "Tomislav Đurđević"),
    ("Hungarian", "Ágnes Őry"),
    ("Hungarian", "Győző Szűcs"),
    ("Romanian", "Ștefan Țepeș"),
    ("Romanian", "Ştefan Ţepeş"),
    ("Turkish", "Şükrü Çağlar"),
    ("Turkish", "Işıl İnönü"),
    ("Azerbaijani", "Əli Məmmədov"),
    ("Latvian", "Jānis Bērziņš"),
    ("Lithuanian", "Rūta Šimkutė"),
    ("Maltese", "Ġorġ Ħaddiem"),
    ("Welsh", "Siân Ŵyn"),
    ("Northern Sámi", "Áŋŋel Niillas"),
    ("Vietnamese", "Nguyễn Thị Ánh"),
    ("Vietnamese", "Trần Văn Ơn"),
    ("Hawaiian", "ʻIolani Kalākaua"),
    ("Yoruba", "Ọlátúndé Ṣóyínká"),
    ("Hausa", "Ƙasimu Ɗanjuma"),
    ("Greek", "Γιώργος Παπαδόπουλος"),
    ("Greek", "Ευάγγελος Μπακογιάννης"),
    ("Greek", "ΧΡΗΣΤΟΣ ΨΑΡΡΑΣ"),
    ("Russian", "Юлия Щербакова"),
    ("Russian", "ЖУКОВ Артём"),
    ("Ukrainian", "Григорій Їжакевич"),
    ("Belarusian", "Рыгор Быкаў"),
    ("Bulgarian", "Гълъбина Щерева"),
    ("Serbian", "Ђорђе Ћирић"),
    ("Macedonian", "Ѓорѓи Ќосев"),
    ("Kazakh", "Айгүл Сәрсенова"),
    ("Mongolian", "Батбаяр Өлзий"),
    ("Armenian", "Ռուբեն Ոսկանյան"),
    ("Georgian", "ნინო ჭავჭავაძე"),
    ("Chinese", "李明"),
    ("Japanese", "田中 ナオミ"),
    ("Korean", "김민준"),
    ("Arabic", "محمد علي"),
    ("Persian", "فاطمه احمدی"),
    ("Hebrew", "דוד לוי"),
    ("Hindi", "नमिता शर्मा"),
    ("Thai", "สมชาย"),
    ("with an emoji", "Ann 👩‍🚀"),
    ("in letters of mathematics", "𝓜𝓲𝓪 Ｌｅｅ"),
    ("two scripts", "Анна Müller"),
    ("pasted from a text program", "“Bob”\u{a0}–\u{200b} Smith…"),
];
const _: () = assert!(NAMES.len() >= 50, "fifty names");

/// What was done with a character that was lost.
fn treatment(loss: LossKind) -> &'static str {
    match loss {
        LossKind::Transliterated { character } => match character {
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => "transliterated: ELOT 743",
            '\u{400}'..='\u{52f}' => "transliterated: ICAO Doc 9303",
            '\u{530}'..='\u{58f}' => "transliterated: BGN/PCGN",
            '\u{10a0}'..='\u{10ff}' => "transliterated: the national system",
            '\u{2000}'..='\u{206f}' | '\u{2bb}' => "transliterated: signs",
            _ => "transliterated: Latin",
        },
        LossKind::Replaced { .. } => "replaced",
        LossKind::Dropped { .. } => "not sent",
        LossKind::Held { .. } => "person waits",
        LossKind::Control { .. } => "invisible character removed",
        LossKind::Cut { .. } => "cut",
    }
}

/// What a text becomes, and everything that was done with it.
fn told(charset: Charset, text: &str) -> (String, String) {
    let mut treatments = Vec::new();
    let outcome = charset.convert(text, &mut |loss| {
        if !treatments.contains(&treatment(loss)) {
            treatments.push(treatment(loss));
        }
    });
    let latin = match outcome {
        Outcome::Fits(latin) => latin.into_owned(),
        Outcome::Dropped | Outcome::Held => String::new(),
    };
    let treatments = if !treatments.is_empty() {
        treatments.join(", ")
    } else if latin == text {
        "kept".to_owned()
    } else {
        "composed".to_owned()
    };
    (latin, treatments)
}

fn page() -> String {
    let by_hand = PAGE.split(MADE).next().unwrap_or_default();
    let mut page = format!(
        "{by_hand}{MADE}\n| settings | `Łukasz 李` becomes | because |\n| --- | --- | --- |\n"
    );
    for (fit, fit_name) in [(Fit::Transliterate, "transliterate"), (Fit::None, "none")] {
        for (otherwise, name) in [
            (Otherwise::Replace, "replace"),
            (Otherwise::DropField, "drop_field"),
            (Otherwise::Hold, "hold"),
        ] {
            let charset = Charset { fit, otherwise, ..Charset::LATIN_1 };
            let (latin, why) = told(charset, "Łukasz 李");
            writeln!(page, "| `{fit_name}`, `{name}` | {latin} | {why} |").unwrap();
        }
    }
    page.push_str("\n## Names\n\nWith the settings as they are when you leave them out:\n\n");
    page.push_str("| language | name | in ISO-8859-1 | how |\n| --- | --- | --- | --- |\n");
    for (language, name) in NAMES {
        let (latin, how) = told(Charset::LATIN_1, name);
        writeln!(page, "| {language} | {name} | {latin} | {how} |").unwrap();
    }
    page
}

#[test]
fn the_page_shows_what_becomes_of_names() {
    let page = page();
    assert!(page == PAGE, "shared/docs/characters.md is to be:\n{page}");
}

#[test]
fn the_names_are_of_twenty_languages() {
    let languages: std::collections::BTreeSet<_> = NAMES.iter().map(|name| name.0).collect();
    assert!(languages.len() >= 20, "{languages:?}");
}
