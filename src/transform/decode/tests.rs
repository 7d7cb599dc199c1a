use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

const FEED: &str = "<?xml version=\"1.0\"?><rss><channel><title>Zürich — 東京</title></channel></rss>";

fn read(bytes: &[u8], content_type: &str, content_encoding: &str) -> Result<(String, String), Error> {
    read_under(bytes, content_type, content_encoding, Limits::default().decoded)
}

fn read_under(
    bytes: &[u8],
    content_type: &str,
    content_encoding: &str,
    decoded: usize,
) -> Result<(String, String), Error> {
    let source = Source {
        bytes,
        content_type: Some(content_type),
        content_encoding: Some(content_encoding),
        base: None,
    };
    let limits = Limits {
        decoded,
        ..Limits::default()
    };
    let mut report = Report::default();
    let text = decode(&source, &limits, &mut report)?.into_owned();
    Ok((text, report.charset))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = ::brotli::CompressorWriter::new(&mut out, 4096, 5, 16);
    encoder.write_all(bytes).expect("to memory");
    drop(encoder);
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).expect("to memory")
}

type Encoder = fn(&[u8]) -> Vec<u8>;
const CODINGS: [(&str, Encoder); 6] = [
    ("gzip", gzip),
    (" X-GZip", gzip),
    ("deflate", zlib),
    ("deflate", deflate),
    ("br", brotli),
    ("zstd", zstd),
];

#[test]
fn each_content_coding_is_undone() {
    for (name, encode) in CODINGS {
        assert_eq!(
            read(&encode(FEED.as_bytes()), "", name).expect(name).0,
            FEED,
            "{name}"
        );
    }
    for name in ["", "identity", "identity, gzip", "gzip,"] {
        let bytes = if name.contains("gzip") {
            gzip(FEED.as_bytes())
        } else {
            FEED.into()
        };
        assert_eq!(read(&bytes, "", name).expect(name).0, FEED, "{name}");
    }
}

#[test]
fn a_gzip_file_inside_is_undone_too_and_members_are_joined() {
    let file = gzip(FEED.as_bytes());
    assert_eq!(read(&file, "", "").expect("a file").0, FEED);
    assert_eq!(read(&brotli(&file), "", "br").expect("a file in brotli").0, FEED);
    assert_eq!(read(&gzip(&file), "", "gzip").expect("a file in gzip").0, FEED);
    let (first, second) = FEED.as_bytes().split_at(30);
    let joined = [gzip(first), gzip(second), vec![0; 7]].concat();
    assert_eq!(read(&joined, "", "gzip").expect("members").0, FEED);
}

#[test]
fn a_coding_that_was_named_but_not_applied_does_no_harm() {
    assert_eq!(read(FEED.as_bytes(), "", "gzip").expect("plain").0, FEED);
    assert_eq!(read(FEED.as_bytes(), "", "zstd").expect("plain").0, FEED);
}

#[test]
fn a_cut_stream_is_an_error_never_half_a_feed() {
    for (name, encode) in CODINGS {
        let whole = encode(FEED.repeat(50).as_bytes());
        for cut in [whole.len() / 2, whole.len() - 1] {
            let outcome = read(&whole[..cut], "", name);
            assert!(
                matches!(outcome, Err(Error::Coding)),
                "{name} cut at {cut}: {outcome:?}"
            );
        }
    }
}

#[test]
fn several_codings_and_unknown_ones_are_refused() {
    for name in ["gzip, br", "gzip, gzip", "compress", "gzip;q=1"] {
        assert!(
            matches!(read(&gzip(FEED.as_bytes()), "", name), Err(Error::Coding)),
            "{name}"
        );
    }
}

#[test]
fn a_bomb_goes_off_at_the_limit() {
    let bomb = vec![b' '; 256 << 10];
    for (name, encode) in CODINGS {
        let outcome = read_under(&encode(&bomb), "", name, 64 << 10);
        assert!(matches!(outcome, Err(Error::TooLarge(_))), "{name}: {outcome:?}");
    }
    for (bytes, name) in [
        (bomb.clone(), ""),
        (gzip(&bomb), ""),
        (gzip(&gzip(&bomb)), "gzip"),
    ] {
        assert!(matches!(
            read_under(&bytes, "", name, 64 << 10),
            Err(Error::TooLarge(_))
        ));
    }
    assert!(read_under(FEED.as_bytes(), "", "", FEED.len()).is_ok());
    assert!(read_under(&gzip(FEED.as_bytes()), "", "gzip", FEED.len()).is_ok());
    assert!(read_under(&gzip(FEED.as_bytes()), "", "gzip", FEED.len() - 1).is_err());
}

#[test]
fn nothing_but_white_space_is_empty() {
    for bytes in [
        &b""[..],
        b" \n\t",
        b"\xEF\xBB\xBF",
        b"\xEF\xBB\xBF\n",
        b"\0\0",
        b"\xFF\xFE \0",
    ] {
        assert!(matches!(read(bytes, "", ""), Err(Error::Empty)), "{bytes:?}");
    }
}

fn encoded(text: &str, label: &str) -> Vec<u8> {
    match label {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "utf-32le" => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
        "utf-32be" => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        label => {
            let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).expect(label);
            let (bytes, _, lossy) = encoding.encode(text);
            assert!(!lossy, "{label}");
            bytes.into_owned()
        }
    }
}

#[test]
fn the_charset_is_found() {
    // In what the text is written, BOM, Content-Type, declared encoding, text, and what is reported.
    let cases = [
        ("utf-8", "", "", "", "é", "UTF-8, the default"),
        (
            "utf-8",
            "",
            "text/xml",
            "utf-8",
            "é",
            "UTF-8, from the XML declaration",
        ),
        (
            "utf-8",
            "",
            "text/xml; charset=utf-8",
            "",
            "é",
            "UTF-8, from the Content-Type header",
        ),
        (
            "utf-8",
            "\u{FEFF}",
            "text/xml; charset=iso-8859-1",
            "koi8-r",
            "é",
            "UTF-8, from the byte order mark",
        ),
        (
            "windows-1251",
            "",
            "text/xml;charset=WINDOWS-1251",
            "",
            "Жизнь",
            "windows-1251, from the Content-Type",
        ),
        (
            "windows-1251",
            "",
            "text/xml",
            "windows-1251",
            "Жизнь",
            "windows-1251, from the XML declaration",
        ),
        (
            "windows-1251",
            "",
            "text/xml",
            "cp1251",
            "Жизнь",
            "windows-1251, from the XML declaration",
        ),
        (
            "windows-1251",
            "",
            "a/b; charset=utf-8",
            "windows-1251",
            "Жизнь",
            "windows-1251, from the XML declaration",
        ),
        (
            "windows-1251",
            "",
            "a/b; charset=windows-1251; charset=utf-8",
            "koi8-r",
            "Ж",
            "windows-1251, from the Content-Type",
        ),
        (
            "koi8-r",
            "",
            "a/b; x=y; CHARSET = 'KOI8-R'",
            "",
            "Жизнь",
            "KOI8-R, from the Content-Type",
        ),
        (
            "shift_jis",
            "",
            "",
            "Shift_JIS",
            "東京",
            "Shift_JIS, from the XML declaration",
        ),
        (
            "shift_jis",
            "",
            "",
            "cp932",
            "東京",
            "Shift_JIS, from the XML declaration",
        ),
        (
            "euc-kr",
            "",
            "",
            "euc-kr",
            "서울",
            "EUC-KR, from the XML declaration",
        ),
        (
            "euc-kr",
            "",
            "",
            "KS_C_5601-1987",
            "서울",
            "EUC-KR, from the XML declaration",
        ),
        (
            "gb18030",
            "",
            "a/b; charset=gb2312",
            "",
            "北京𠀀",
            "GBK, from the Content-Type",
        ),
        (
            "windows-1252",
            "",
            "",
            "iso-8859-1",
            "“é”",
            "windows-1252, from the XML declaration",
        ),
        (
            "windows-1252",
            "",
            "a/b; charset=bogus",
            "iso-8859-1",
            "“é”",
            "windows-1252, from the XML declaration",
        ),
        (
            "windows-1252",
            "",
            "",
            "",
            "“café”",
            "windows-1252, the last resort",
        ),
        (
            "windows-1252",
            "",
            "",
            "utf-8",
            "“café”",
            "windows-1252, the last resort",
        ),
        (
            "windows-1252",
            "",
            "",
            "utf-16",
            "“café”",
            "windows-1252, the last resort",
        ),
        ("utf-8", "", "", "utf-16", "é", "UTF-8, the default"),
        (
            "utf-8",
            "",
            "a/b; charset=us-ascii",
            "",
            "é",
            "UTF-8, because the bytes are valid in it",
        ),
        (
            "utf-8",
            "",
            "a/b; charset=shift_jis",
            "",
            "é—",
            "UTF-8, because the bytes are valid in it",
        ),
        (
            "utf-8",
            "",
            "a/b; charset=iso-8859-1",
            "utf-8",
            "é",
            "UTF-8, from the XML declaration",
        ),
        (
            "utf-8",
            "",
            "a/b; charset=utf-7",
            "",
            "+AGE-",
            "UTF-8, the default",
        ),
        (
            "utf-16le",
            "\u{FEFF}",
            "a/b; charset=utf-8",
            "utf-8",
            "é😀",
            "UTF-16LE, from the byte order mark",
        ),
        (
            "utf-16be",
            "\u{FEFF}",
            "",
            "utf-8",
            "é😀",
            "UTF-16BE, from the byte order mark",
        ),
        (
            "utf-16le",
            "",
            "",
            "utf-16",
            "é😀",
            "UTF-16LE, from the zero bytes",
        ),
        (
            "utf-16be",
            "",
            "a/b; charset=utf-8",
            "",
            "é😀",
            "UTF-16BE, from the zero bytes",
        ),
        (
            "utf-32le",
            "\u{FEFF}",
            "",
            "",
            "é😀",
            "UTF-32LE, from the byte order mark",
        ),
        (
            "utf-32be",
            "\u{FEFF}",
            "",
            "",
            "é😀",
            "UTF-32BE, from the byte order mark",
        ),
        ("utf-32le", "", "", "", "é😀", "UTF-32LE, from the zero bytes"),
        ("utf-32be", "", "", "", "é😀", "UTF-32BE, from the zero bytes"),
    ];
    for (charset, bom, content_type, declared, text, why) in cases {
        let declaration = if declared.is_empty() {
            String::new()
        } else {
            format!("<?xml version='1.0' encoding='{declared}'?>")
        };
        let feed = format!("{declaration}<rss>{text}</rss>");
        let bytes = encoded(&format!("{bom}{feed}"), charset);
        let (found, told) = read(&bytes, content_type, "").expect(charset);
        assert_eq!(found, feed, "{content_type} {declared}");
        assert!(
            told.starts_with(why),
            "{content_type} {declared} {charset}: {told}"
        );
    }
}

#[test]
fn a_few_bad_bytes_do_not_cost_the_rest_its_charset() {
    let (text, told) = read(
        "<rss>Zürich, Genève, Köln, Düsseldorf \u{0}</rss>"
            .replace('\0', "x")
            .as_bytes(),
        "",
        "",
    )
    .expect("valid");
    assert!(text.contains("Köln") && told.starts_with("UTF-8, the default"));
    let bad = ["<rss>東京都京都府".as_bytes(), b"\xFF", b"</rss>"].concat();
    let (text, told) = read(&bad, "", "").expect("mostly valid");
    assert_eq!(text, "<rss>東京都京都府\u{FFFD}</rss>");
    assert!(told.starts_with("UTF-8, because nearly all"), "{told}");
    let bad = [
        &b"<rss>"[..],
        &encoded("北京上海广州深圳", "gbk"),
        b"\xFF",
        b"</rss>",
    ]
    .concat();
    let (text, told) = read(&bad, "a/b; charset=gb2312", "").expect("mostly valid");
    assert!(text.starts_with("<rss>北京上海广州深圳\u{FFFD}"), "{text}");
    assert!(told.starts_with("GBK, as labelled"), "{told}");
}

#[test]
fn utf_32_that_is_cut_or_no_unicode_is_not_taken_for_it() {
    assert_eq!(utf32::decode(&[0, 0, 0], true), None);
    assert_eq!(utf32::decode(&[0, 0x11, 0, 0], true), None);
    assert_eq!(utf32::decode(&[0, 0, 0xD8, 0], true), None);
    assert_eq!(utf32::decode(&[0, 1, 0xF6, 0], true).as_deref(), Some("😀"));
}

#[test]
fn what_needs_no_change_is_borrowed() {
    let source = Source {
        bytes: FEED.as_bytes(),
        content_type: None,
        content_encoding: None,
        base: None,
    };
    let text = decode(&source, &Limits::default(), &mut Report::default()).expect("a feed");
    assert!(matches!(text, Cow::Borrowed(_)));
}

#[test]
fn json_is_known_by_how_it_begins() {
    assert!(looks_like_json("{}") && looks_like_json("\u{FEFF}\n {\"version\": 1}"));
    assert!(!looks_like_json("<rss/>") && !looks_like_json("[]") && !looks_like_json(""));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_under_any_labels_are_read_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            content_type in "(text/xml)?(; ?charset=.{0,12})?",
            coding in prop::sample::select(&["", "gzip", "deflate", "br", "zstd"][..]),
        ) {
            let _ = read(&bytes, &content_type, coding);
        }

        #[test]
        fn what_was_encoded_comes_back(text in "<[^\u{0}\u{FEFF}]{1,80}", coding in 0..CODINGS.len()) {
            let (name, encode) = CODINGS[coding];
            prop_assert_eq!(read(&encode(text.as_bytes()), "", name).expect("a text").0, text);
        }
    }
}

#[test]
fn a_charset_that_no_browser_knows_is_read_where_it_is_named() {
    let document = |label: &str| {
        [
            format!("<?xml version=\"1.0\" encoding=\"{label}\"?><rss>").as_bytes(),
            b"\x80</rss>",
        ]
        .concat()
    };
    for (label, character, told) in [
        ("IBM850", 'Ç', "cp850, from the XML declaration"),
        ("cp_is", 'Ç', "cp861, from the XML declaration"),
        ("MacGreek", 'Ä', "mac-greek, from the XML declaration"),
        ("mac_roman", 'Ä', "macintosh, from the XML declaration"),
        ("unheard-of", '€', "windows-1252, the last resort"),
    ] {
        let (text, why) = read(&document(label), "", "").expect("text");
        assert!(
            text.contains(character) && why.contains(told),
            "{label}: {text} {why}"
        );
    }
}
