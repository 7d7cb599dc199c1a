use img_parts::jpeg::{Jpeg, markers};
use img_parts::png::PngChunk;
use img_parts::riff::{RiffChunk, RiffContent};

use super::jpeg::EXIF_PREFIX;
use super::webp::{EXIF as VP8X_EXIF, XMP as VP8X_XMP};
use super::*;

/// Exif in Intel order with a secret and an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II\x2A\0\x08\0\0\0\x02\0".to_vec();
    tiff.extend_from_slice(b"\x0E\x01\x02\0\x07\0\0\0\x26\0\0\0");
    tiff.extend_from_slice(&[0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    tiff.extend_from_slice(b"\0\0\0\0secret\0");
    tiff
}

fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len() + 2).expect("short").to_be_bytes();
    [&[0xFF, marker][..], &length, contents].concat()
}

/// A JPEG's skeleton of 3 × 2 pixels with every kind of segment.
fn photo(orientation: u8) -> Bytes {
    [
        b"\xFF\xD8".to_vec(),
        segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
        segment(0xE1, &[EXIF_PREFIX, &exif(orientation)].concat()),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<secret/>"),
        segment(0xE2, b"ICC_PROFILE\0\x01\x01colours"),
        segment(0xE2, b"MPF\0secret"),
        segment(0xED, b"Photoshop 3.0\0secret"),
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01"),
        segment(0xFE, b"secret"),
        segment(0xC0, b"\x08\0\x02\0\x03\x01\x01\x11\0"),
        segment(0xDA, b"\x01\x01\0\0\x3F\0"),
        b"\x12\x34\xFF\xD9".to_vec(),
    ]
    .concat()
    .into()
}

fn holds(bytes: &[u8], what: &str) -> bool {
    memchr::memmem::find(bytes, what.as_bytes()).is_some()
}

#[test]
fn a_photo_keeps_its_orientation_and_colours_and_nothing_else_about_it() {
    let stripped = strip(Type::Jpeg, photo(6));
    assert!(!holds(&stripped, "secret"));
    for kept in ["JFIF", "colours", "Adobe\0", "Exif"] {
        assert!(holds(&stripped, kept), "{kept}");
    }
    let jpeg = Jpeg::from_bytes(stripped.clone()).expect("still a JPEG");
    let segment = jpeg.segment_by_marker(markers::APP1).expect("Exif");
    let exif = segment.contents().strip_prefix(EXIF_PREFIX).expect("prefix");
    assert_eq!(exif::orientation_only(exif).as_deref(), Some(exif));
    assert_eq!(
        sniff::dimensions(Type::Jpeg, Source::Memory(&stripped)),
        Some((3, 2))
    );
    assert_eq!(strip(Type::Jpeg, stripped.clone()), stripped, "twice is once");
    assert!(
        !holds(&strip(Type::Jpeg, photo(1)), "Exif"),
        "upright needs no word"
    );
}

fn chunk(kind: [u8; 4], contents: &[u8]) -> PngChunk {
    PngChunk::new(kind, Bytes::copy_from_slice(contents))
}

#[test]
fn a_png_keeps_its_animation_and_loses_its_text() {
    let mut header = [0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0].to_vec();
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let chunks = [
        chunk(*b"IHDR", &std::mem::take(&mut header)),
        chunk(*b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]),
        chunk(*b"iCCP", b"colours\0\0x"),
        chunk(*b"tEXt", b"Comment\0secret"),
        chunk(*b"iTXt", b"XML:com.adobe.xmp\0secret"),
        chunk(*b"zTXt", b"secret"),
        chunk(*b"tIME", &[7; 7]),
        chunk(*b"eXIf", &exif(8)),
        chunk(*b"IDAT", b"pixels"),
        chunk(*b"IEND", b""),
    ];
    for chunk in chunks {
        bytes.extend_from_slice(&chunk.encoder().bytes());
    }
    let stripped = strip(Type::Png, bytes.into());
    assert!(!holds(&stripped, "secret") && !holds(&stripped, "tIME"));
    for kept in ["acTL", "colours", "pixels", "eXIf"] {
        assert!(holds(&stripped, kept), "{kept}");
    }
}

#[test]
fn a_webp_announces_only_what_it_has() {
    let data = |id: &[u8; 4], contents: &[u8]| {
        RiffChunk::new(*id, RiffContent::Data(Bytes::copy_from_slice(contents)))
    };
    let webp = |orientation| {
        let flags = 0x20 | VP8X_EXIF | VP8X_XMP;
        let riff = RiffContent::List {
            kind: Some(*b"WEBP"),
            subchunks: vec![
                data(b"VP8X", &[flags, 0, 0, 0, 2, 0, 0, 1, 0, 0]),
                data(b"ICCP", b"colours"),
                data(b"VP8 ", b"\0\0\0\x9d\x01\x2a\x03\0\x02\0"),
                data(b"EXIF", &exif(orientation)),
                data(b"XMP ", b"secret"),
            ],
        };
        let bytes = RiffChunk::new(*b"RIFF", riff).encoder().bytes();
        strip(Type::Webp, bytes)
    };
    let upright = webp(1);
    assert!(!holds(&upright, "secret") && !holds(&upright, "EXIF") && holds(&upright, "colours"));
    assert_eq!(upright.get(20), Some(&0x20));
    let turned = webp(6);
    assert!(!holds(&turned, "secret") && holds(&turned, "EXIF"));
    assert_eq!(turned.get(20), Some(&(0x20 | VP8X_EXIF)));
}

#[test]
fn what_cannot_be_read_stays_as_it_came() {
    for (kind, bytes) in [
        (Type::Jpeg, &b"\xFF\xD8\xFF\xE1\xFF\xFFcut"[..]),
        (Type::Png, b"\x89PNG\r\n\x1a\ncut"),
        (Type::Webp, b"RIFF\xFF\xFF\xFF\xFFWEBPcut"),
        (Type::Gif, b"GIF89a"),
    ] {
        assert_eq!(strip(kind, Bytes::from_static(bytes)), bytes);
    }
}
