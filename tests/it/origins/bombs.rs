//! Answers that swell: each coding stops at the ceiling, and a reader keeps what was there before.

use std::io::Write as _;

use crate::support::origin::{At, Origin};
use crate::support::proxy::proxy;

const MIB: usize = 1 << 20;

fn feed() -> String {
    "<rss version=\"2.0\"><channel><title>good</title><link>https://a.example/</link><description/></channel></rss>"
        .to_owned()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("written");
    encoder.finish().expect("finished")
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("written");
    encoder.finish().expect("finished")
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("written");
    encoder.finish().expect("finished")
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 1, 22)
        .write_all(body)
        .expect("written");
    out
}

fn zstd(body: &[u8]) -> Vec<u8> {
    zstd::encode_all(body, 1).expect("encoded")
}

/// The bytes of this process that are in memory.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<usize>().ok());
    kib.unwrap_or(0) * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_swells_is_refused_at_the_ceiling_whatever_it_is_packed_in() {
    // Frame behind frame, member behind member: a gigabyte each, of which four megabytes are packed here.
    let spaces = vec![b' '; 4 * MIB];
    let (member, frame) = (gzip(&spaces).repeat(256), zstd(&spaces).repeat(256));
    let bombs: Vec<(&str, &str, Vec<u8>)> = vec![
        ("gzip", "gzip", gzip(&spaces)),
        ("a gigabyte of gzip", "gzip", member.clone()),
        ("a gigabyte of gzip, unnamed", "", member.clone()),
        ("deflate", "deflate", zlib(&spaces)),
        ("deflate without its head", "deflate", deflate(&spaces)),
        ("brotli", "br", brotli(&spaces)),
        ("zstd", "zstd", zstd(&spaces)),
        ("a gigabyte of zstd", "zstd", frame),
        ("gzip in gzip", "gzip, gzip", gzip(&gzip(&spaces))),
        ("gzip in gzip, named once", "gzip", gzip(&member)),
        ("gzip in brotli", "gzip, br", brotli(&gzip(&spaces))),
        ("gzip in brotli, named once", "br", brotli(&member)),
        ("gzip in zstd, named once", "zstd", zstd(&member)),
        (
            "ten codings",
            "gzip, br, gzip, br, gzip, br, gzip, br, gzip, br",
            gzip(&spaces),
        ),
    ];
    let origin = Origin::start().await;
    let names: Vec<String> = (0..bombs.len()).map(|n| format!("f{n}")).collect();
    let build = names.iter().fold(proxy(), |build, name| {
        build.feed(name, &origin.url(&format!("/{name}")))
    });
    let proxy = build
        .with(|options| {
            for endpoint in &mut options.endpoints {
                endpoint.transform.limits.decoded = MIB;
            }
        })
        .start()
        .await;
    for name in &names {
        origin.at(&format!("/{name}")).gives(feed());
        proxy.get(&format!("/feeds/{name}")).await.has_status(200);
    }
    proxy.advance(30);
    let before = resident();
    for (name, (what, coding, body)) in names.iter().zip(&bombs) {
        let at: At<'_> = origin.at(&format!("/{name}")).gives(body);
        drop(if coding.is_empty() {
            at
        } else {
            at.with("content-encoding", coding)
        });
        proxy
            .get(&format!("/feeds/{name}"))
            .await
            .has_status(200)
            .says("good");
        let failed = tokio::time::timeout(std::time::Duration::from_secs(30), proxy.failed(name, 1)).await;
        assert!(failed.is_ok(), "{what}: it was taken for a feed");
        proxy
            .get(&format!("/feeds/{name}"))
            .await
            .has_status(200)
            .says("good");
    }
    // Other tests run beside this one: what matters is that no gigabyte was ever there.
    let grown = resident().saturating_sub(before);
    assert!(grown < 768 * MIB, "{} MiB", grown / MIB);
}
