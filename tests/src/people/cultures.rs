//! Where people come from: names, towns and firms by language. A name in a script that addresses can't hold is followed
//! by its Latin spelling: `Зоя|Zoya`.

/// A language in a country, and what people and places are called there.
pub(super) struct Culture {
    /// Gigya's `profile.locale`.
    pub(super) locale: &'static str,
    /// Gigya's `profile.country`, as people write it.
    pub(super) country: &'static str,
    /// `data.region` of the customer.
    pub(super) region: Region,
    /// How many of a thousand people.
    pub(super) weight: u32,
    /// The country's telephone prefix.
    pub(super) prefix: &'static str,
    /// First names.
    pub(super) first: &'static [&'static str],
    /// Family names.
    pub(super) last: &'static [&'static str],
    /// Towns with a postal code.
    pub(super) towns: &'static [(&'static str, &'static str)],
    /// Streets.
    pub(super) streets: &'static [&'static str],
    /// Firms, with `&` as people write it.
    pub(super) firms: &'static [&'static str],
}

/// A region as the customer cuts the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// Europe, the Middle East and Africa.
    Emea,
    /// The Americas.
    Amer,
    /// Asia and the Pacific.
    Apac,
}

impl Region {
    /// As it stands in `data.region`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emea => "emea",
            Self::Amer => "amer",
            Self::Apac => "apac",
        }
    }
}

use Region::{Amer, Apac, Emea};

#[rustfmt::skip] // one line a kind of name, which is how one reads and extends it
pub(super) const CULTURES: &[Culture] = &[
    Culture { locale: "en-US", country: "United States", region: Amer, weight: 150, prefix: "+1",
        first: &["Olivia", "Liam", "Emma", "Noah", "Ava", "James", "D’Andre", "Mary-Kate", "Jo", "Christopher", "Sean", "Shaniqua"],
        last: &["Smith", "Johnson", "O'Brien", "Williams", "MacDonald", "Brown", "St. John", "Davis III", "Lee", "Van Buren"],
        towns: &[("Springfield", "62701"), ("St. Louis", "63101"), ("Boston", "02108"), ("Austin", "78701"), ("Coeur d’Alene", "83814")],
        streets: &["Main Street", "Elm Avenue", "5th Street", "County Road 12"],
        firms: &["Smith & Sons", "Barnes, Noble & Daughters LLC", "Acme \"Rockets\" Inc.", "R&D Partners", "Café Olé"] },
    Culture { locale: "en-GB", country: "United Kingdom", region: Emea, weight: 80, prefix: "+44",
        first: &["Amelia", "Oliver", "Isla", "Harry", "Siân", "Niamh", "Callum", "Zoë", "Chloë", "Rhys"],
        last: &["Jones", "Taylor", "O’Neill", "Brontë", "Wright", "Llewellyn", "Featherstonehaugh", "Patel", "Begum"],
        towns: &[("London", "SW1A 1AA"), ("Leeds", "LS1 4AP"), ("Ynys Môn", "LL77 7TU"), ("Stoke-on-Trent", "ST1 1HQ")],
        streets: &["High Street", "Church Lane", "Queen’s Road", "The Green"],
        firms: &["Marks & Daughters", "Tea – Cakes & More Ltd", "£1 Bargains"] },
    Culture { locale: "de", country: "Deutschland", region: Emea, weight: 120, prefix: "+49",
        first: &["Jürgen", "Käthe", "Björn", "Sören", "Anna-Lena", "Günther", "Ute", "Max", "Löwe", "Frieda"],
        last: &["Müller", "Groß", "Weiß", "Schäfer", "von der Heydt", "Köhler", "Schröder", "Strauß", "Freiherr von und zu Guttenstein"],
        towns: &[("München", "80331"), ("Köln", "50667"), ("Großröhrsdorf", "01900"), ("Düsseldorf", "40210")],
        streets: &["Hauptstraße", "Am Mühlbach", "Goethestraße", "Lindenweg"],
        firms: &["Bäckerei Groß & Söhne", "Müller GmbH & Co. KG", "Straßenbau Weiß"] },
    Culture { locale: "fr", country: "France", region: Emea, weight: 80, prefix: "+33",
        first: &["Zoé", "François", "Hélène", "Noël", "Maël", "Thérèse", "Loïc", "Cœur", "Agnès", "Jean-Baptiste"],
        last: &["Lefèvre", "Bœuf", "L’Hôpital", "D’Ormesson", "Garçon", "Châtelain", "Müntz", "de La Rochefoucauld", "Ÿvrard"],
        towns: &[("Besançon", "25000"), ("L’Haÿ-les-Roses", "94240"), ("Saint-Étienne", "42000"), ("Évry", "91000")],
        streets: &["rue de l’Église", "avenue Foch", "place du Marché", "impasse des Œillets"],
        firms: &["Crêperie Bœuf & Fils", "L’Atelier du Cœur", "Société Générée"] },
    Culture { locale: "es", country: "España", region: Emea, weight: 50, prefix: "+34",
        first: &["Íñigo", "María José", "Begoña", "Jesús", "Nuria", "Ángel", "Concepción"],
        last: &["Núñez", "García Lorca", "Ibáñez", "Peña y Lillo", "Muñoz", "de la Fuente"],
        towns: &[("A Coruña", "15001"), ("Cádiz", "11001"), ("Logroño", "26001"), ("Málaga", "29001")],
        streets: &["Calle Mayor", "Plaza de España", "Avenida de la Constitución"],
        firms: &["Peña & Hijos", "¡Olé! Viajes", "Aceites Ibáñez"] },
    Culture { locale: "pt-BR", country: "Brasil", region: Amer, weight: 50, prefix: "+55",
        first: &["João", "Conceição", "Luísa", "Antônio", "Thaís", "Inês", "Estêvão"],
        last: &["Gonçalves", "da Conceição", "Araújo", "Simões", "Magalhães", "dos Santos"],
        towns: &[("São Paulo", "01000-000"), ("Brasília", "70000-000"), ("Florianópolis", "88000-000")],
        streets: &["Rua São João", "Avenida Paulista", "Travessa da Conceição"],
        firms: &["Pão & Açúcar", "Irmãos Gonçalves Ltda.", "Construções Magalhães"] },
    Culture { locale: "it", country: "Italia", region: Emea, weight: 45, prefix: "+39",
        first: &["Niccolò", "Chiara", "Nicolò", "Giulia", "Salvatore", "Noè"],
        last: &["D’Angelo", "Rossi", "Lo Presti", "Dell’Acqua", "Cantù", "De Luca"],
        towns: &[("Forlì", "47121"), ("Roma", "00118"), ("L’Aquila", "67100")],
        streets: &["Via Garibaldi", "Piazza della Libertà", "Corso Italia"],
        firms: &["Caffè & Co.", "Fratelli D’Angelo", "Gelateria Cantù"] },
    Culture { locale: "sv", country: "Sverige", region: Emea, weight: 30, prefix: "+46",
        first: &["Åsa", "Björn", "Märta", "Örjan", "Linnéa", "Göran"],
        last: &["Åström", "Sjöberg", "Ångström", "Hägglöf", "Lindström"],
        towns: &[("Göteborg", "411 03"), ("Malmö", "211 20"), ("Örebro", "702 10")],
        streets: &["Storgatan", "Kungsgatan", "Skolvägen"],
        firms: &["Ångström & Söner AB", "Fika & Bröd"] },
    Culture { locale: "da", country: "Danmark", region: Emea, weight: 20, prefix: "+45",
        first: &["Søren", "Åse", "Jørgen", "Mæt", "Kirstine"],
        last: &["Kjærgaard", "Ørsted", "Bødker", "Nørgård"],
        towns: &[("København", "1050"), ("Ålborg", "9000"), ("Ærøskøbing", "5970")],
        streets: &["Strøget", "Nørregade", "Åboulevarden"],
        firms: &["Smørrebrød & Øl ApS", "Ørsted Møbler"] },
    Culture { locale: "pl", country: "Polska", region: Emea, weight: 55, prefix: "+48",
        first: &["Zofia", "Łukasz", "Małgorzata", "Jędrzej", "Żaneta", "Świętosława", "Bożena"],
        last: &["Wałęsa", "Źródłowska", "Brzęczyszczykiewicz", "Kowalski", "Dąbrowska", "Święcicki", "Żółć"],
        towns: &[("Łódź", "90-001"), ("Kraków", "30-001"), ("Świętochłowice", "41-600"), ("Gdańsk", "80-001")],
        streets: &["ulica Długa", "Świętokrzyska", "aleja Niepodległości"],
        firms: &["Piekarnia „Żółty Młyn”", "Łoś i Spółka", "Kowalski & Syn"] },
    Culture { locale: "cs", country: "Česko", region: Emea, weight: 25, prefix: "+420",
        first: &["Jiří", "Růžena", "Ondřej", "Květa", "Řehoř", "Šárka"],
        last: &["Dvořák", "Nováková", "Říha", "Šťastný", "Kučerová", "Žižka"],
        towns: &[("České Budějovice", "370 01"), ("Plzeň", "301 00"), ("Ústí nad Labem", "400 01")],
        streets: &["Náměstí Míru", "Růžová", "Žižkova"],
        firms: &["Pivovar Dvořák & syn", "Škoda lásky s.r.o."] },
    Culture { locale: "hu", country: "Magyarország", region: Emea, weight: 15, prefix: "+36",
        first: &["Ödön", "Győző", "Erzsébet", "Csűrös", "Tünde"],
        last: &["Szőke", "Erdős", "Kőszegi", "Fűzfa", "Nagy"],
        towns: &[("Győr", "9021"), ("Hódmezővásárhely", "6800"), ("Székesfehérvár", "8000")],
        streets: &["Fő utca", "Petőfi tér"],
        firms: &["Erdős & Fia Kft.", "Tűzoltó Bolt"] },
    Culture { locale: "ro", country: "România", region: Emea, weight: 20, prefix: "+40",
        first: &["Ștefan", "Ioana", "Țuțea", "Răzvan", "Mălina"],
        last: &["Mureșan", "Țepeș", "Brâncuși", "Ionescu", "Pătrașcu"],
        towns: &[("București", "010011"), ("Iași", "700001"), ("Târgu Mureș", "540001")],
        streets: &["Strada Florilor", "Bulevardul Ștefan cel Mare"],
        firms: &["Brâncuși & Asociații", "Pâinea Bună SRL"] },
    Culture { locale: "tr", country: "Türkiye", region: Emea, weight: 35, prefix: "+90",
        first: &["İbrahim", "Ayşe", "Gülşah", "Ömer", "Işıl", "Yağmur", "Çağrı"],
        last: &["Yılmaz", "Şahin", "Öztürk", "Çelik", "Kılıç", "Doğan"],
        towns: &[("İstanbul", "34000"), ("Şanlıurfa", "63000"), ("Diyarbakır", "21000")],
        streets: &["Atatürk Caddesi", "İstiklâl Caddesi", "Çınar Sokak"],
        firms: &["Şahin & Oğulları A.Ş.", "Işık Tekstil"] },
    Culture { locale: "lt", country: "Lietuva", region: Emea, weight: 8, prefix: "+370",
        first: &["Ąžuolas", "Živilė", "Jūratė", "Šarūnas"], last: &["Paulauskas", "Žukauskienė", "Kęstutytė"],
        towns: &[("Šiauliai", "76001"), ("Panevėžys", "35001")], streets: &["Gedimino prospektas", "Ąžuolų gatvė"],
        firms: &["UAB „Žuvėdra“"] },
    Culture { locale: "lv", country: "Latvija", region: Emea, weight: 7, prefix: "+371",
        first: &["Jānis", "Līga", "Ģirts", "Ķēniņš"], last: &["Bērziņš", "Kalniņa", "Ļaudis"],
        towns: &[("Rīga", "LV-1001"), ("Rēzekne", "LV-4601")], streets: &["Brīvības iela", "Zaļā iela"],
        firms: &["SIA „Zaļā Ēka”"] },
    Culture { locale: "vi", country: "Việt Nam", region: Apac, weight: 20, prefix: "+84",
        first: &["Thị Hồng", "Văn Đức", "Ngọc Ánh", "Minh Tuấn", "Phương"], last: &["Nguyễn", "Trần", "Đặng", "Phạm", "Vũ"],
        towns: &[("Hà Nội", "100000"), ("Thành phố Hồ Chí Minh", "700000"), ("Đà Nẵng", "550000")],
        streets: &["đường Lê Lợi", "phố Hàng Gai"], firms: &["Công ty TNHH Ánh Dương", "Phở & Bún"] },
    Culture { locale: "el", country: "Ελλάδα", region: Emea, weight: 20, prefix: "+30",
        first: &["Γιώργος|Giorgos", "Ελένη|Eleni", "Κωνσταντίνος|Konstantinos", "Ζωή|Zoi"],
        last: &["Παπαδόπουλος|Papadopoulos", "Γεωργίου|Georgiou", "Οικονόμου|Oikonomou"],
        towns: &[("Αθήνα", "105 57"), ("Θεσσαλονίκη", "546 21")], streets: &["Οδός Ερμού", "Λεωφόρος Κηφισίας"],
        firms: &["Παπαδόπουλος & Υιοί Α.Ε."] },
    Culture { locale: "ru", country: "Қазақстан", region: Emea, weight: 20, prefix: "+7",
        first: &["Зоя|Zoya", "Алексей|Aleksei", "Наталья|Natalya", "Фёдор|Fyodor", "Әлия|Aliya"],
        last: &["Щербакова|Shcherbakova", "Иванов|Ivanov", "Чайковская|Chaikovskaya", "Нұрғалиев|Nurgaliev"],
        towns: &[("Алматы", "050000"), ("Өскемен", "070000")], streets: &["улица Пушкина", "Абай даңғылы"],
        firms: &["ООО «Ёлка»", "ТОО «Щит и меч»"] },
    Culture { locale: "uk", country: "Україна", region: Emea, weight: 20, prefix: "+380",
        first: &["Олександра|Oleksandra", "Їжак|Yizhak", "Ґжегож|Gzhegozh", "Юлія|Yuliia"],
        last: &["Шевченко|Shevchenko", "Коваль|Koval", "Єфименко|Yefymenko"],
        towns: &[("Київ", "01001"), ("Запоріжжя", "69001")], streets: &["вулиця Хрещатик", "проспект Перемоги"],
        firms: &["ТОВ «Їжа та Є»"] },
    Culture { locale: "ar", country: "الإمارات", region: Emea, weight: 20, prefix: "+971",
        first: &["محمد|Mohammed", "فاطمة|Fatima", "نور الهدى|Noor", "عبد الله|Abdullah"],
        last: &["الهاشمي|AlHashimi", "بن خالد|BinKhalid", "المنصوري|AlMansoori"],
        towns: &[("دبي", "00000"), ("أبو ظبي", "00000")], streets: &["شارع الشيخ زايد", "شارع المطار"],
        firms: &["شركة النور & أبناؤه"] },
    Culture { locale: "he", country: "ישראל", region: Emea, weight: 15, prefix: "+972",
        first: &["נועה|Noa", "יוסף|Yosef", "שירה|Shira", "איתי|Itai"], last: &["כהן|Cohen", "לוי|Levi", "בן־דוד|BenDavid"],
        towns: &[("תל אביב–יפו", "6100000"), ("ירושלים", "9100000")], streets: &["רחוב הרצל", "שדרות רוטשילד"],
        firms: &["כהן ובניו בע״מ"] },
    Culture { locale: "zh", country: "中国", region: Apac, weight: 35, prefix: "+86",
        first: &["伟|Wei", "秀英|Xiuying", "子涵|Zihan", "𠮷祥|Jixiang"], last: &["王|Wang", "李|Li", "欧阳|Ouyang", "张|Zhang"],
        towns: &[("北京市", "100000"), ("上海市", "200000"), ("成都市", "610000")], streets: &["人民路", "中山大道"],
        firms: &["上海光明有限公司", "王记＆李记"] },
    Culture { locale: "ja", country: "日本", region: Apac, weight: 30, prefix: "+81",
        first: &["さくら|Sakura", "健太|Kenta", "ｱｷﾗ|Akira", "陽菜|Hina"], last: &["佐藤|Sato", "髙橋|Takahashi", "𠮷田|Yoshida", "鈴木|Suzuki"],
        towns: &[("東京都千代田区", "100-0001"), ("大阪市", "530-0001")], streets: &["本町", "桜通り"],
        firms: &["株式会社さくら", "㈱ヤマト"] },
    Culture { locale: "ko", country: "대한민국", region: Apac, weight: 15, prefix: "+82",
        first: &["민준|Minjun", "서연|Seoyeon", "지우|Jiwoo"], last: &["김|Kim", "이|Lee", "남궁|Namgung"],
        towns: &[("서울특별시", "04524"), ("부산광역시", "48058")], streets: &["세종대로", "해운대로"],
        firms: &["(주)한빛 & 파트너스"] },
    Culture { locale: "hi", country: "भारत", region: Apac, weight: 30, prefix: "+91",
        first: &["प्रिया|Priya", "अर्जुन|Arjun", "लक्ष्मी|Lakshmi", "ऋषि|Rishi"], last: &["शर्मा|Sharma", "त्रिपाठी|Tripathi", "कुमार|Kumar"],
        towns: &[("मुंबई", "400001"), ("नई दिल्ली", "110001")], streets: &["महात्मा गांधी मार्ग", "गणेश गली"],
        firms: &["शर्मा एंड संस"] },
    Culture { locale: "th", country: "ประเทศไทย", region: Apac, weight: 15, prefix: "+66",
        first: &["สมชาย|Somchai", "พิมพ์ชนก|Pimchanok"], last: &["ใจดี|Jaidee", "ศรีสุวรรณ|Srisuwan"],
        towns: &[("กรุงเทพมหานคร", "10100"), ("เชียงใหม่", "50000")], streets: &["ถนนสุขุมวิท"],
        firms: &["บริษัท น้ำใส จำกัด"] },
];
