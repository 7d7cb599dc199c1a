//! Pictures: what is fetched, what is refused, what is kept.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use img_parts::png::PngChunk;
use limpid::clock::Clock;
use limpid::fetch::{self, Fetcher};
use limpid::images::{Content, Error, Image, Images, Options, Svg, Which};
use limpid::transform::Picture;
use url::Url;

use crate::support::origin::Origin;

const HOUR: Duration = Duration::from_hours(1);

/// A PNG that claims this size and holds `pixels`.
pub(crate) fn png(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, contents) in [
        (*b"IHDR", header.as_slice()),
        (*b"tEXt", b"Comment\0taken at home"),
        (*b"IDAT", pixels),
        (*b"IEND", b""),
    ] {
        let chunk = PngChunk::new(kind, Bytes::copy_from_slice(contents));
        bytes.extend_from_slice(&chunk.encoder().bytes());
    }
    bytes
}

fn home() -> fetch::Options {
    let mut options = fetch::Options::default();
    options.allow_private.networks = vec!["127.0.0.0/8".parse().expect("network")];
    options
}

fn service(options: Options) -> (Images, Clock) {
    let clock = Clock::system();
    let images = Images::new(options, Fetcher::new(home()), clock.clone());
    (images, clock)
}

fn bytes(image: &Image) -> Bytes {
    image.content.bytes().expect("readable")
}

async fn get(options: Options, url: &Url) -> Result<Image, Error> {
    service(options).0.get(url).await
}

/// Waits until `done` holds; other tasks run meanwhile.
async fn eventually(done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "it never happened");
}

#[tokio::test]
async fn a_picture_is_served_by_its_bytes_whatever_its_origin_calls_it() {
    let origin = Origin::start().await;
    for claimed in ["text/html", "image/svg+xml", "application/octet-stream", ""] {
        origin
            .at("/p")
            .gives(png(3, 2, b"x"))
            .with("content-type", claimed)
            .with("set-cookie", "id=1");
        let image = get(Options::default(), &origin.url("/p"))
            .await
            .expect("a picture");
        assert_eq!(image.media_type, "image/png", "{claimed}");
        assert!(image.etag.starts_with('"') && image.etag.ends_with('"'));
        let comment = memchr::memmem::find(&bytes(&image), b"taken at home");
        assert!(comment.is_none(), "metadata is gone");
    }
    let asked = origin.last("/p").expect("asked");
    let mut names: Vec<&str> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
}

#[tokio::test]
async fn metadata_stays_if_the_owner_says_so() {
    let origin = Origin::start().await;
    let whole = png(3, 2, b"x");
    origin.at("/p").gives(&whole);
    let options = Options {
        strip_metadata: false,
        ..Options::default()
    };
    let image = get(options, &origin.url("/p")).await.expect("a picture");
    assert_eq!(bytes(&image), whole);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_however_it_is_called() {
    let origin = Origin::start().await;
    for body in [
        "<!doctype html><script>alert(1)</script>",
        "<html><body><svg/></body></html>",
        "<?xml version='1.0'?><rss/>",
        "{}",
        "",
        "GIF89",
    ] {
        origin.at("/p.png").gives(body).with("content-type", "image/png");
        let error = get(Options::default(), &origin.url("/p.png"))
            .await
            .expect_err("no picture");
        assert!(matches!(error, Error::NotAPicture), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_page_is_not_read_to_its_end() {
    let origin = Origin::start().await;
    origin.at("/page").gives("<p>".repeat(1000)).endlessly();
    let error = get(Options::default(), &origin.url("/page"))
        .await
        .expect_err("no picture");
    assert!(matches!(error, Error::NotAPicture), "{error:?}");
}

#[tokio::test]
async fn svg_is_blocked_unless_the_owner_wants_it() {
    let origin = Origin::start().await;
    origin
        .at("/p.svg")
        .gives("<svg xmlns='http://www.w3.org/2000/svg'/>");
    let url = origin.url("/p.svg");
    let error = get(Options::default(), &url).await.expect_err("blocked");
    assert!(matches!(error, Error::SvgBlocked), "{error:?}");
    let sandbox = Options {
        svg: Svg::Sandbox,
        ..Options::default()
    };
    let image = get(sandbox, &url).await.expect("a picture");
    assert_eq!(image.media_type, "image/svg+xml");
}

#[tokio::test]
async fn a_picture_with_too_many_pixels_is_refused_by_its_header() {
    let origin = Origin::start().await;
    for (path, width, height) in [
        ("/bomb", 10_000, 10_000),
        ("/strip", 20_000, 1),
        ("/absurd", u32::MAX, u32::MAX),
    ] {
        origin.at(path).gives(png(width, height, b"x"));
        let error = get(Options::default(), &origin.url(path))
            .await
            .expect_err("too many");
        assert!(matches!(error, Error::TooManyPixels), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_refused_also_behind_a_content_coding() {
    let origin = Origin::start().await;
    let options = Options {
        max_size: 10_000,
        ..Options::default()
    };
    let large = png(3, 2, &vec![0; 20_000]);
    let mut squeezed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    squeezed.write_all(&large).expect("in memory");
    let squeezed = squeezed.finish().expect("in memory");
    assert!(squeezed.len() < 10_000);
    origin.at("/large").gives(&large).chunked(4096);
    origin.at("/endless").gives(png(3, 2, b"x")).endlessly();
    origin
        .at("/bomb")
        .gives(&squeezed)
        .with("content-encoding", "gzip");
    for path in ["/large", "/endless", "/bomb"] {
        let error = get(options.clone(), &origin.url(path))
            .await
            .expect_err("too large");
        assert!(
            matches!(error, Error::Fetch(fetch::Error::TooLarge(10_000))),
            "{path}: {error:?}"
        );
    }
    let image = get(Options::default(), &origin.url("/bomb"))
        .await
        .expect("a picture");
    assert_eq!(image.media_type, "image/png");
}

#[tokio::test]
async fn a_picture_at_a_private_address_is_never_asked_for() {
    let origin = Origin::start().await;
    let images = Images::new(
        Options::default(),
        Fetcher::new(fetch::Options::default()),
        Clock::system(),
    );
    let error = images.get(&origin.url("/p.png")).await.expect_err("refused");
    assert!(
        matches!(error, Error::Fetch(fetch::Error::Refused(_))),
        "{error:?}"
    );
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn five_hundred_readers_cost_the_origin_one_request() {
    let origin = Origin::start().await;
    let held = origin.at("/p").gives(png(3, 2, b"x")).held();
    let (images, _) = service(Options::default());
    let readers: Vec<_> = (0..500)
        .map(|_| {
            let (images, url) = (images.clone(), origin.url("/p"));
            tokio::spawn(async move { images.get(&url).await })
        })
        .collect();
    held.arrived().await;
    held.release();
    for reader in readers {
        assert!(reader.await.expect("task").is_ok());
    }
    assert!(images.get(&origin.url("/p#again")).await.is_ok());
    assert_eq!(origin.count("/p"), 1);
}

#[tokio::test]
async fn the_first_reader_may_leave_and_the_fetch_goes_on() {
    let origin = Origin::start().await;
    let held = origin.at("/p").gives(png(3, 2, b"x")).held();
    let (images, _) = service(Options::default());
    let first = {
        let (images, url) = (images.clone(), origin.url("/p"));
        tokio::spawn(async move { images.get(&url).await })
    };
    held.arrived().await;
    first.abort();
    assert!(first.await.is_err());
    held.release();
    assert!(images.get(&origin.url("/p")).await.is_ok());
    assert_eq!(origin.count("/p"), 1);
}

#[tokio::test]
async fn a_stale_picture_is_served_at_once_and_asked_for_again_behind() {
    let origin = Origin::start().await;
    let url = origin.url("/p");
    origin
        .at("/p")
        .gives(png(3, 2, b"x"))
        .conditional("\"1\"")
        .with("cache-control", "max-age=7200");
    let (images, clock) = service(Options::default());
    let first = images.get(&url).await.expect("a picture");
    clock.advance(HOUR);
    images.get(&url).await.expect("still fresh");
    assert_eq!(origin.count("/p"), 1);
    clock.advance(2 * HOUR);
    let stale = images.get(&url).await.expect("stale");
    assert_eq!(stale.etag, first.etag);
    eventually(|| origin.count("/p") == 2).await;
    let again = origin.last("/p").expect("asked");
    assert_eq!(again.header("if-none-match"), Some("\"1\""));
}

#[tokio::test]
async fn a_picture_outlives_its_origin() {
    let origin = Origin::start().await;
    let url = origin.url("/p");
    origin.at("/p").gives(png(3, 2, b"x"));
    let (images, clock) = service(Options::default());
    let first = images.get(&url).await.expect("a picture");
    origin.fails_with(410);
    clock.advance(365 * 24 * HOUR);
    for _ in 0..2 {
        let image = images.get(&url).await.expect("still there");
        assert_eq!(image.etag, first.etag);
        eventually(|| origin.count("/p") == 2).await;
    }
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_while_only() {
    let origin = Origin::start().await;
    let url = origin.url("/p");
    let (images, clock) = service(Options::default());
    for _ in 0..3 {
        let error = images.get(&url).await.expect_err("not there");
        assert!(
            matches!(error, Error::Fetch(fetch::Error::Status { status: 404, .. })),
            "{error:?}"
        );
    }
    assert_eq!(origin.count("/p"), 1);
    origin.at("/p").gives(png(3, 2, b"x"));
    clock.advance(7 * HOUR);
    assert!(images.get(&url).await.is_ok());
    assert_eq!(origin.count("/p"), 2);
}

#[tokio::test]
async fn alternates_are_tried_in_order_when_the_address_fails() {
    let origin = Origin::start().await;
    let wrapper = Origin::start().await;
    wrapper.at("/w").gives(png(3, 2, b"w"));
    let (images, _) = service(Options::default());
    let url = origin.url("/p");
    images.learn(&[Picture::new(&url, &[origin.url("/http"), wrapper.url("/w")])]);
    assert!(images.get(&url).await.is_ok());
    let asked: Vec<String> = origin.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(asked, ["/p", "/http"]);
    assert_eq!(wrapper.count("/w"), 1);
}

#[tokio::test]
async fn an_origin_that_forbids_is_asked_once_more_as_from_its_own_page() {
    let origin = Origin::start().await;
    let own = origin.url("/");
    origin
        .at("/p")
        .gives(png(3, 2, b"x"))
        .only_for_referer(own.as_str());
    assert!(get(Options::default(), &origin.url("/p")).await.is_ok());
    assert_eq!(origin.count("/p"), 2);
    origin.at("/never").status(403);
    let error = get(Options::default(), &origin.url("/never"))
        .await
        .expect_err("no");
    assert!(matches!(
        error,
        Error::Fetch(fetch::Error::Status { status: 403, .. })
    ));
    assert_eq!(origin.count("/never"), 2);
}

#[tokio::test]
async fn memory_for_pictures_is_bounded_in_bytes() {
    let origin = Origin::start().await;
    let (images, _) = service(Options {
        memory: 100_000,
        ..Options::default()
    });
    for n in 0..50 {
        let path = format!("/{n}");
        origin.at(&path).gives(png(3, 2, &[n; 10_000]));
        images.get(&origin.url(&path)).await.expect("a picture");
    }
    assert!(images.held_bytes().await <= 100_000);
}

#[tokio::test]
async fn pictures_are_prefetched_before_anyone_reads() {
    let origin = Origin::start().await;
    origin.at("/p").gives(png(3, 2, b"x"));
    let pictures = [Picture::new(&origin.url("/p"), &[])];
    let (images, _) = service(Options {
        prefetch: false,
        ..Options::default()
    });
    images.prefetch(&pictures);
    let (images, _) = service(Options {
        prefetch_delay: Duration::ZERO,
        ..Options::default()
    });
    images.prefetch(&pictures);
    eventually(|| origin.count("/p") == 1).await;
    assert!(images.get(&origin.url("/p")).await.is_ok());
    images.prefetch(&pictures);
    assert_eq!(origin.count("/p"), 1);
}

/// A service that keeps pictures in `folder`, and in memory for as long as it lives.
fn on_disk(folder: &std::path::Path, disk: u64) -> (Images, Clock) {
    service(Options {
        folder: Some(folder.to_owned()),
        disk,
        ..Options::default()
    })
}

/// True when a record in `folder` names the object of this ETag.
fn is_recorded(folder: &std::path::Path, etag: &str) -> bool {
    let entries = |folder: &std::path::Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries(&folder.join("records"))
        .flat_map(|shelf| entries(&shelf.path()))
        .filter_map(|file| std::fs::read_to_string(file.path()).ok())
        .any(|record| record.contains(etag.trim_matches('"')))
}

/// Bytes of all pictures in `folder`.
fn bytes_below(folder: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[tokio::test]
async fn a_picture_outlives_a_restart_even_when_its_origin_does_not() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    let url = origin.url("/p");
    origin.at("/p").gives(png(3, 2, b"x")).with("etag", "\"1\"");
    let (images, _) = on_disk(folder.path(), 1 << 20);
    let first = images.get(&url).await.expect("a picture");
    eventually(|| bytes_below(&folder.path().join("records")) > 0).await;
    origin.fails_with(503);
    let (images, clock) = on_disk(folder.path(), 1 << 20);
    let again = images.get(&url).await.expect("a picture");
    assert_eq!((&again.etag, bytes(&again)), (&first.etag, bytes(&first)));
    assert_eq!(origin.count("/p"), 1, "it was still fresh");
    clock.advance(365 * 24 * HOUR);
    let options = Options {
        folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let images = Images::new(options, Fetcher::new(home()), clock);
    assert_eq!(images.get(&url).await.expect("a picture").etag, first.etag);
    eventually(|| origin.count("/p") == 2).await;
    let asked = origin.last("/p").expect("asked");
    assert_eq!(asked.header("if-none-match"), Some("\"1\""));
}

#[tokio::test]
async fn a_torn_file_costs_a_fetch_and_nothing_else() {
    let origin = Origin::start().await;
    let url = origin.url("/p");
    origin.at("/p").gives(png(3, 2, b"x"));
    for part in ["objects", "records"] {
        let folder = tempfile::tempdir().expect("folder");
        let (images, _) = on_disk(folder.path(), 1 << 20);
        images.get(&url).await.expect("a picture");
        eventually(|| bytes_below(&folder.path().join("records")) > 0).await;
        for shelf in std::fs::read_dir(folder.path().join(part))
            .expect("folder")
            .flatten()
        {
            for file in std::fs::read_dir(shelf.path()).expect("folder").flatten() {
                std::fs::write(file.path(), b"torn").expect("written");
            }
        }
        let before = origin.count("/p");
        let (images, _) = on_disk(folder.path(), 1 << 20);
        images.get(&url).await.expect("a picture");
        assert_eq!(origin.count("/p"), before + 1, "{part}");
    }
}

#[tokio::test]
async fn pictures_on_disk_stay_below_their_quota_and_the_newest_stay() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    let (images, clock) = on_disk(folder.path(), 100_000);
    for n in 0..30 {
        let path = format!("/{n}");
        origin.at(&path).gives(png(3, 2, &[n; 10_000]));
        let image = images.get(&origin.url(&path)).await.expect("a picture");
        eventually(|| is_recorded(folder.path(), &image.etag)).await;
        clock.advance(HOUR);
    }
    assert!(bytes_below(&folder.path().join("objects")) <= 100_000);
    let (images, _) = on_disk(folder.path(), 100_000);
    images.get(&origin.url("/29")).await.expect("a picture");
    images.get(&origin.url("/0")).await.expect("a picture");
    assert_eq!((origin.count("/29"), origin.count("/0")), (1, 2));
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_costs_no_reader_a_picture() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("file");
    std::fs::write(&file, b"in the way").expect("written");
    let origin = Origin::start().await;
    origin.at("/p").gives(png(3, 2, b"x"));
    let (images, _) = on_disk(&file, 1 << 20);
    assert!(images.get(&origin.url("/p")).await.is_ok());
}

#[tokio::test]
async fn what_a_feed_shows_stays_on_disk_when_others_go() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    let (images, clock) = on_disk(folder.path(), 120_000);
    let shown = Picture::new(&origin.url("/0"), &[]);
    images.show("a", &[shown]);
    eventually(|| bytes_below(&folder.path().join("pins")) > 0).await;
    for n in 0..30 {
        let path = format!("/{n}");
        origin.at(&path).gives(png(3, 2, &[n; 10_000]));
        let image = images.get(&origin.url(&path)).await.expect("a picture");
        eventually(|| is_recorded(folder.path(), &image.etag)).await;
        clock.advance(25 * HOUR);
    }
    let (images, _) = on_disk(folder.path(), 120_000);
    for path in ["/0", "/1"] {
        images.get(&origin.url(path)).await.expect("a picture");
    }
    assert_eq!((origin.count("/0"), origin.count("/1")), (1, 2));
}

#[tokio::test]
async fn a_disk_that_is_too_full_takes_nothing_and_readers_do_not_notice() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    origin.at("/p").gives(png(3, 2, &[7; 100_000]));
    let (images, _) = service(Options {
        folder: Some(folder.path().to_owned()),
        memory_each: 1000,
        disk_free: u64::MAX,
        ..Options::default()
    });
    for _ in 0..2 {
        images.get(&origin.url("/p")).await.expect("a picture");
    }
    assert_eq!(origin.count("/p"), 1);
    assert_eq!(bytes_below(&folder.path().join("objects")), 0);
}

#[tokio::test]
async fn a_large_picture_goes_to_disk_without_its_metadata_and_not_into_memory() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    origin
        .at("/p")
        .gives(png(3, 2, &vec![7; 3_000_000]))
        .chunked(100_000);
    let (images, _) = on_disk(folder.path(), 1 << 30);
    let image = images.get(&origin.url("/p")).await.expect("a picture");
    assert!(matches!(image.content, Content::File(..)), "{image:?}");
    let whole = bytes(&image);
    assert!(whole.len() > 3_000_000 && memchr::memmem::find(&whole, b"taken at home").is_none());
    assert!(images.held_bytes().await < 10_000);
    let aside = std::fs::read_dir(folder.path().join("aside")).expect("folder");
    assert_eq!(aside.count(), 0, "nothing is left lying about");
    // The file may go at any time.
    std::fs::remove_dir_all(folder.path().join("objects")).expect("removed");
    let again = images.get(&origin.url("/p")).await.expect("a picture");
    assert_eq!((again.etag, origin.count("/p")), (image.etag, 2));
}

#[tokio::test]
async fn a_large_picture_behind_a_content_coding_is_undone_and_bounded() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    // What does not compress, so that it is large on the wire too.
    let mut noise = vec![0; 600_000];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    let mut squeezed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    squeezed.write_all(&png(3, 2, &noise)).expect("in memory");
    origin
        .at("/p")
        .gives(squeezed.finish().expect("in memory"))
        .with("content-encoding", "gzip");
    let (images, _) = on_disk(folder.path(), 1 << 30);
    let image = images.get(&origin.url("/p")).await.expect("a picture");
    assert_eq!(image.media_type, "image/png");
    assert!(image.content.length() > 600_000);
}

#[tokio::test]
async fn a_purged_picture_is_fetched_anew_also_by_a_server_that_holds_it_in_memory() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    let options = Options {
        folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let (images, clock) = service(options.clone());
    let url = |path| origin.url(path);
    let shown = Picture::new(&url("/shown"), &[]);
    images.show("a", &[shown]);
    for (path, other) in [("/one", "/other"), ("/shown", "/other"), ("/host", "/host")] {
        for path in [path, other] {
            origin.at(path).gives(png(3, 2, path.as_bytes()));
            let image = images.get(&url(path)).await.expect("a picture");
            eventually(|| is_recorded(folder.path(), &image.etag)).await;
        }
        eventually(|| bytes_below(&folder.path().join("pins")) > 0).await;
        let which = match path {
            "/one" => Which::Url(url("/one")),
            "/shown" => Which::Feed("a".to_owned()),
            _ => Which::Host("127.0.0.1".to_owned()),
        };
        let before = (origin.count(path), origin.count("/other"));
        // By then there are four from that host.
        let expected = if path == "/host" { 4 } else { 1 };
        assert_eq!(limpid::images::purge(&options, &which), expected, "{path}");
        clock.advance(Duration::from_secs(2));
        images.get(&url(path)).await.expect("a picture");
        images.get(&url("/other")).await.expect("a picture");
        let fetched = usize::from(path == "/host");
        assert_eq!(
            (origin.count(path), origin.count("/other")),
            (before.0 + 1, before.1 + fetched),
            "{path}"
        );
    }
}

#[tokio::test]
async fn only_so_many_pictures_wait_to_be_prefetched() {
    let origin = Origin::start().await;
    let held = origin.at("/p").gives(png(3, 2, b"x")).held();
    let pictures: Vec<Picture> = (0..10)
        .map(|n| Picture::new(&origin.url(&format!("/p?{n}")), &[]))
        .collect();
    let (images, _) = service(Options {
        prefetch_delay: Duration::ZERO,
        prefetch_pace: Duration::ZERO,
        prefetch_queue: 3,
        ..Options::default()
    });
    images.prefetch(&pictures);
    held.arrivals_reach(2).await;
    held.release();
    eventually(|| origin.asked().len() == 3).await;
    // Places are free again, sooner or later.
    eventually(|| {
        images.prefetch(&pictures[3..5]);
        origin.asked().len() == 5
    })
    .await;
}

#[tokio::test]
async fn an_origin_that_drips_is_given_up() {
    let origin = Origin::start().await;
    origin
        .at("/p")
        .gives(png(3, 2, b"x"))
        .drips(Duration::from_millis(20));
    let mut options = home();
    options.min_rate_over = Duration::from_millis(200);
    options.min_rate = 10_000;
    let images = Images::new(Options::default(), Fetcher::new(options), Clock::system());
    let error = images.get(&origin.url("/p")).await.expect_err("too slow");
    assert!(
        matches!(error, Error::Fetch(fetch::Error::Timeout(_))),
        "{error:?}"
    );
    assert!(error.to_string().contains("few bytes"), "{error}");
}

#[tokio::test]
async fn a_body_of_another_length_than_it_claims_is_no_picture() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("folder");
    for size in [10, 1_000_000] {
        origin.at("/short").gives(png(3, 2, &vec![7; size])).short_by(10);
        origin
            .at("/cut")
            .gives(png(3, 2, &vec![7; size]))
            .resets_after(size / 2);
        for path in ["/short", "/cut"] {
            let (images, _) = on_disk(folder.path(), 1 << 30);
            let error = images.get(&origin.url(path)).await.expect_err("not whole");
            assert!(
                matches!(error, Error::Fetch(fetch::Error::Protocol(_))),
                "{error:?}"
            );
        }
    }
    assert_eq!(bytes_below(&folder.path().join("objects")), 0);
    // What was begun is taken away behind the answer.
    let gone = async {
        while bytes_below(&folder.path().join("aside")) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone)
        .await
        .expect("nothing half-way stays");
}

#[tokio::test]
async fn a_redirect_to_a_private_address_or_to_ourselves_is_not_followed() {
    let origin = Origin::start().await;
    let inside = Origin::start_at([127, 0, 0, 2].into()).await;
    inside.at("/p").gives(png(3, 2, b"x"));
    origin.at("/in").redirects(302, inside.url("/p").as_str());
    origin
        .at("/us")
        .redirects(302, "https://feeds.example/sub/i/ksig/tail.png");
    let mut options = fetch::Options::default();
    options.allow_private.networks = vec!["127.0.0.1/32".parse().expect("network")];
    options.own = Some(Url::parse("https://feeds.example/sub").expect("url"));
    let images = Images::new(Options::default(), Fetcher::new(options), Clock::system());
    let error = images.get(&origin.url("/in")).await.expect_err("private");
    assert!(
        matches!(error, Error::Fetch(fetch::Error::Refused(_))),
        "{error:?}"
    );
    assert_eq!(inside.connections(), 0);
    let error = images.get(&origin.url("/us")).await.expect_err("a circle");
    assert!(matches!(error, Error::Fetch(fetch::Error::Circle)), "{error:?}");
}
