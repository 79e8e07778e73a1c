//! What becomes of single characters and of names.

use super::*;

fn latin1(text: &str) -> (String, Vec<LossKind>) {
    convert(Charset::LATIN_1, text)
}

fn convert(charset: Charset, text: &str) -> (String, Vec<LossKind>) {
    let mut losses = Vec::new();
    match charset.convert(text, &mut |loss| losses.push(loss)) {
        Outcome::Fits(text) => (text.into_owned(), losses),
        Outcome::Dropped => ("dropped".to_owned(), losses),
        Outcome::Held => ("held".to_owned(), losses),
    }
}

/// Asserts what each text becomes, and lists all that differ.
#[track_caller]
fn become_so(expected: &[(&str, &str)]) {
    let found: Vec<_> = expected.iter().map(|(text, _)| (*text, latin1(text).0)).collect();
    let expected: Vec<_> =
        expected.iter().map(|(text, latin)| (*text, (*latin).to_owned())).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn stays(texts: &[&str]) {
    for text in texts {
        let mut losses = 0;
        let outcome = Charset::LATIN_1.convert(text, &mut |_| losses += 1);
        assert!(matches!(outcome, Outcome::Fits(Cow::Borrowed(same)) if same == *text), "{text}");
        assert_eq!(losses, 0, "{text}");
    }
}

#[test]
fn what_iso_8859_1_has_stays_as_it_is() {
    let all: String = (' '..='~').chain('\u{a0}'..='\u{ff}').collect();
    stays(&["", &all, "François Müller-Núñez", "Þórdís Ægisdóttir", "Gal·la", "a\u{a0}b\u{ad}c"]);
}

#[test]
fn what_windows_1252_has_beyond_iso_8859_1_is_written_with_what_iso_8859_1_has() {
    become_so(&[
        ("€‚ƒ„…†‡ˆ‰Š‹Œ Ž", "EUR'f\"...+++^0/00S'OE Z"),
        ("‘’“”•–—˜™š›œ žŸ", "''\"\"·--~(TM)s'oe zY"),
    ]);
    // Their bytes there are control characters here.
    assert_eq!(latin1("a\u{80}b\u{92}c").0, "abc");
}

#[test]
fn a_text_becomes_one_line_without_what_cannot_be_seen() {
    let control = |character| LossKind::Control { character };
    assert_eq!(latin1("a\r\nb\tc\u{2028}d\ne"), ("a b c d e".to_owned(), vec![]));
    assert_eq!(latin1("a\u{0}\u{7f}b"), ("ab".to_owned(), vec![control('\0'), control('\u{7f}')]));
    for invisible in "\u{200b}\u{200c}\u{200d}\u{200e}\u{202e}\u{2060}\u{feff}\u{fe0f}".chars() {
        assert_eq!(latin1(&format!("a{invisible}b")), ("ab".to_owned(), vec![control(invisible)]));
        let accent = format!("e{invisible}\u{301}");
        assert_eq!(latin1(&accent), ("é".to_owned(), vec![control(invisible)]), "{invisible:?}");
        assert_eq!(convert(Charset::UTF_8, &accent).1, vec![], "UTF-8 keeps it");
    }
}

#[test]
fn an_accent_that_stands_apart_is_composed_or_lost_alone() {
    assert_eq!(latin1("Luı\u{301}s Mu\u{308}ller").0, "Luis Müller");
    assert_eq!(latin1("Lui\u{301}s"), ("Luís".to_owned(), vec![]));
    let mark = LossKind::Transliterated { character: '\u{302}' };
    assert_eq!(latin1("x\u{302}y"), ("xy".to_owned(), vec![mark]));
}

#[test]
fn latin_letters_are_written_with_their_base_letter() {
    become_so(&[
        ("Łukasz Wiśniewski", "Lukasz Wisniewski"),
        ("Żółć Gęślą", "Zólc Gesla"),
        ("Žiga Čadež, Đorđević", "Ziga Cadez, Dordevic"),
        ("Şükrü Çağlar, Işıl İnönü", "Sükrü Çaglar, Isil Inönü"),
        ("Ștefan Țepeș, Ţepeş", "Stefan Tepes, Tepes"),
        ("Nguyễn Thị Ánh, Trần Ơn Ưng", "Nguyen Thi Ánh, Tran On Ung"),
        ("Ágnes Őry Fűr", "Ágnes Ory Fur"),
        ("Rūta Šimkutė, Jānis Bērziņš", "Ruta Simkute, Janis Berzins"),
        ("Əli Məmmədov, Ħal, Ŋuŋ, ĸ, Ŧŧ", "Eli Memmedov, Hal, Nun, q, Tt"),
        ("Cel·la Co\u{140}legi \u{13f}", "Cel·la Col·legi L·"),
        ("Œuvray, ŒUVRAY, cœur, Œ", "Oeuvray, OEUVRAY, coeur, OE"),
        ("STRAẞE, Ĳsbrand, ŉ", "STRASSE, IJsbrand, 'n"),
        ("Ǽ ǿ ﬁﬂ Ａｎｎａ 𝓐𝓷𝓷𝓪 Ⓐⓝⓝⓐ ℃", "Æ ø fifl Anna Anna Anna °C"),
        ("Ɓala Ƙwari Ɗan Ɔkɔ Ɛdɛm", "Bala Kwari Dan Oko Edem"),
    ]);
}

#[test]
fn greek_is_written_as_in_greek_passports() {
    become_so(&[
        ("Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos"),
        ("Ευάγγελος Χρήστος", "Evangelos Christos"),
        ("Ευθύμιος, Σταύρος, Παύλος, Εύα", "Efthymios, Stavros, Pavlos, Eva"),
        ("αυτός αυγό άυλος αϋπνία ηύρα", "aftos avgo aylos aypnia ivra"),
        ("Μπάμπης Χαλέμπ ΜΠΑΜΠΗΣ", "Bampis Chaleb BAMPIS"),
        ("Αντώνης Γκίκας Σφίγξ Αγχίαλος", "Antonis Gkikas Sfinx Anchialos"),
        ("ΨΑΡΟΥΔΑΚΗΣ Ψαρουδάκης Θ. Χ.", "PSAROUDAKIS Psaroudakis Th. Ch."),
        ("Ὀδυσσεύς Αὐγή ᾠδή", "Odyssefs Avgi odi"),
    ]);
}

#[test]
fn cyrillic_is_written_as_in_passports() {
    become_so(&[
        ("Юлия Щербаков ЖУКОВ Жуков Ж.", "Iuliia Shcherbakov ZHUKOV Zhukov Zh."),
        ("Игорь Подъячев Артём Цой", "Igor Podieiachev Artem Tsoi"),
        ("Григорій Кличко", "Hryhorii Klychko"),
        ("Юрій Єва Їжакевич Знам'янка", "Yurii Yeva Yizhakevych Znam'ianka"),
        ("Рыгор Ігнатаў Ёўхім", "Ryhor Ihnatau Ioukhim"),
        ("Ђорђе Жарко Ћирић Горан", "Djordje Zarko Ciric Goran"),
        ("Љубица Његош Џонић ЉУБИЦА", "Ljubica Njegos Dzonic LJUBICA"),
        ("Ѓорѓи Ќосев Џемал Живко", "Gjorgji Kjosev Djemal Zhivko"),
        ("Гълъбов Щерев", "Galabov Shterev"),
        ("Әлия Серік Айгүл Сыр", "Aliia Serik Aigul Syr"),
    ]);
}

#[test]
fn armenian_and_georgian_are_written_as_in_passports() {
    become_so(&[
        ("Երևան Ոսկանյան Խաչատրյան", "Yerevan Voskanyan Khachatryan"),
        ("Ռուբեն Ուլիխանյան Թովմասյան", "Ruben Ulikhanyan Tovmasyan"),
        ("გიორგი ჭავჭავაძე", "giorgi chavchavadze"),
        ("ᲒᲘᲝᲠᲒᲘ ᲨᲝᲗᲐ", "GIORGI SHOTA"),
    ]);
}

#[test]
fn signs_are_written_with_what_looks_or_means_the_same() {
    become_so(&[
        ("‘a’ ‚b‛ ′ʼʻ “c” „d″", "'a' 'b' ''' \"c\" \"d\""),
        ("– — ― ‐ ‑ −…", "- - - - - -..."),
        ("€5 ₹7 ₽ №9 X™ ‹e›", "EUR5 INR7 RUB No.9 X(TM) 'e'"),
        ("١٢٣ १२ ０１ 𝟘𝟙 Ⅳ ₂", "123 12 01 01 IV 2"),
        ("2⅓ ⅓ a\u{2003}b\u{3000}c", "2 1/3 1/3 a b c"),
    ]);
}

#[test]
fn no_markup_comes_out_of_a_text_that_had_none() {
    for character in ('\u{100}'..=char::MAX).filter(|character| !character.is_control()) {
        let latin = latin1(&character.to_string()).0;
        assert!(!latin.contains(['<', '>']), "{character:?} became {latin}");
    }
}

#[test]
fn scripts_that_would_make_wrong_names_are_left_to_the_policy() {
    become_so(&[
        ("李明", "??"),
        ("田中ナオミ", "?????"),
        ("김민준", "???"),
        ("محمد", "????"),
        ("דוד", "???"),
        ("สมชาย", "?????"),
        ("नमस्ते", "???"),
        ("Ann 👩‍🚀👨‍👩‍👧‍👦🇩🇪", "Ann ???"),
        ("©\u{200d}👩 1\u{fe0f}\u{20e3}", "©? 1"),
        ("≤ ＜", "? ?"),
    ]);
}

#[test]
fn a_cluster_that_does_not_fit_is_one_loss() {
    let (_, losses) = latin1("👩‍👩‍👧‍👦");
    assert_eq!(losses, [LossKind::Replaced { character: '👩' }]);
    let (_, losses) = latin1("李\u{302}\u{303}");
    assert_eq!(losses, [LossKind::Replaced { character: '李' }]);
    let (_, losses) = latin1("क्षि");
    assert_eq!(losses, [LossKind::Replaced { character: 'क' }]);
}

#[test]
fn the_policy_decides_on_what_does_not_fit() {
    let of = |otherwise, text: &str| convert(Charset { otherwise, ..Charset::LATIN_1 }, text);
    let dropped = |character| LossKind::Dropped { character };
    assert_eq!(of(Otherwise::DropField, "Łu\u{7}"), ("Lu".to_owned(), latin1("Łu\u{7}").1));
    assert_eq!(
        of(Otherwise::DropField, "Łu\u{7} 李👩‍🚀"),
        ("dropped".to_owned(), vec![dropped('李'), dropped('👩')])
    );
    let held = LossKind::Held { character: '明' };
    assert_eq!(of(Otherwise::Hold, "Ł明"), ("held".to_owned(), vec![held]));
}

#[test]
fn without_transliteration_everything_is_left_to_the_policy() {
    let straight = Charset { fit: Fit::None, ..Charset::LATIN_1 };
    assert_eq!(convert(straight, "Łu\u{308}x\u{302} ’").0, "?üx? ?");
    let marked = Charset { mark: '_', ..straight };
    assert_eq!(convert(marked, "Łu’").0, "_u_");
}

#[test]
fn a_mark_that_does_not_fit_is_not_put() {
    for mark in ['□', '\u{7}', '\u{92}'] {
        let charset = Charset { mark, ..Charset::LATIN_1 };
        assert_eq!(convert(charset, "李").0, "?");
    }
}

#[test]
fn every_loss_names_its_character() {
    let transliterated = |character| LossKind::Transliterated { character };
    let (text, losses) = latin1("Łu€\u{200b}李");
    assert_eq!(text, "LuEUR?");
    let expected = [
        LossKind::Control { character: '\u{200b}' },
        transliterated('Ł'),
        transliterated('€'),
        LossKind::Replaced { character: '李' },
    ];
    assert_eq!(losses, expected);
}

#[test]
fn bytes_are_those_of_iso_8859_1_or_there_are_none() {
    for character in '\0'..=char::MAX {
        let utf8 = character.to_string();
        let expected = u8::try_from(u32::from(character)).ok().map(|byte| vec![byte]);
        assert_eq!(to_latin1(utf8.as_bytes()), expected, "{character:?}");
    }
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            let bytes = [first, second];
            let expected = std::str::from_utf8(&bytes).ok().and_then(|text| {
                text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>()
            });
            assert_eq!(to_latin1(&bytes), expected, "{bytes:x?}");
        }
    }
    assert_eq!(to_latin1("Zoë\r\n".as_bytes()), Some(b"Zo\xeb\r\n".to_vec()));
}
