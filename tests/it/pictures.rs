//! Pictures as readers get them: addresses that last, parts of files, and what stays when the origin is gone.

use http::Method;

use crate::images::png;
use crate::support::client::Reader;
use crate::support::origin::Origin;
use crate::support::program::Home;
use crate::support::program::Running;
use crate::support::proxy::{PUBLIC, Proxy, proxy};

const LARGE: usize = 1_000_000;

/// A proxy that keeps pictures in `folder`.
async fn keeping(folder: &std::path::Path) -> Proxy {
    let folder = folder.to_owned();
    proxy()
        .with(|options| options.images.folder = Some(folder))
        .start()
        .await
}

/// Our address of the picture at `path`, without what readers call us.
fn address(proxy: &Proxy, origin: &Origin, path: &str) -> String {
    let address = proxy.app.in_force().signer.image(&origin.url(path));
    address.trim_start_matches(PUBLIC).to_owned()
}

#[tokio::test]
async fn a_picture_comes_whole_or_in_part_from_memory_and_from_disk() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    let proxy = keeping(folder.path()).await;
    for (path, size) in [("/small.png", 1000), ("/large.png", LARGE)] {
        origin
            .at(path)
            .gives(png(3, 2, &vec![7; size]))
            .with("set-cookie", "id=1")
            .with("x-told", "by the origin");
        let address = address(&proxy, &origin, path);
        let whole = proxy.get(&address).await.has_status(200);
        assert_eq!(whole.header("content-type"), "image/png");
        assert_eq!(whole.header("content-length"), whole.body.len().to_string());
        assert!(
            whole.body.len() > size
                && whole.header("set-cookie").is_empty()
                && whole.header("x-told").is_empty()
        );
        let etag = whole.header("etag").to_owned();

        let last = whole.body.len() - 1;
        for (range, part) in [
            ("bytes=0-0", 0..=0),
            ("bytes=5-99", 5..=99),
            ("bytes=-7", last - 6..=last),
            ("bytes=500-", 500..=last),
        ] {
            let answer = proxy
                .reader
                .get_with(&address, &[("range", range)])
                .await
                .has_status(206);
            assert_eq!(answer.body, whole.body[part.clone()], "{path} {range}");
            let told = format!("bytes {}-{}/{}", part.start(), part.end(), whole.body.len());
            assert_eq!(answer.header("content-range"), told);
        }
        let asked = [("range", "bytes=5-99"), ("if-range", "\"other\"")];
        proxy.reader.get_with(&address, &asked).await.has_status(200);
        proxy
            .reader
            .get_with(&address, &[("range", "bytes=9999999-")])
            .await
            .has_status(416);

        let head = proxy
            .reader
            .ask(Method::HEAD, &address, &[])
            .await
            .has_status(200);
        assert_eq!(
            (head.header("content-length"), head.body.len()),
            (whole.header("content-length"), 0)
        );
        let same = proxy
            .reader
            .get_with(&address, &[("if-none-match", &etag)])
            .await
            .has_status(304);
        assert_eq!((same.header("etag"), same.body.len()), (etag.as_str(), 0));
        assert_eq!(origin.count(path), 1);
    }
}

#[tokio::test]
async fn five_hundred_readers_of_a_large_picture_cost_one_request_and_get_it_whole() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    origin.at("/p.png").gives(png(3, 2, &vec![7; LARGE]));
    let proxy = keeping(folder.path()).await;
    let address = address(&proxy, &origin, "/p.png");
    let readers: Vec<_> = (0..500)
        .map(|_| {
            let (reader, address) = (Reader::of(proxy.address), address.clone());
            tokio::spawn(async move { reader.get(&address).await.has_status(200).body.len() })
        })
        .collect();
    for reader in readers {
        assert!(reader.await.expect("an answer") > LARGE);
    }
    assert_eq!(origin.count("/p.png"), 1);
    origin.fails_with(503);
    proxy.advance(60 * 24 * 60);
    proxy.get(&address).await.has_status(200);
}

/// The program, and a reader of it.
async fn serving(home: &Home) -> (Running, Reader) {
    let mut running = Running::start(home, &["--set", "server.public_url=http://feeds.example/sub"]);
    let address = running.said("readers");
    let address = address.trim_start_matches("http://").parse().expect("an address");
    (running, Reader::of(address))
}

fn signed(home: &Home, url: &str) -> String {
    let settings = "server.public_url=http://feeds.example/sub";
    let address = home.run(&["sign", "--image", url, "--set", settings]).out;
    address
        .trim()
        .trim_start_matches("http://feeds.example")
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_a_new_key_break_no_address_and_a_dead_origin_no_picture() {
    let origin = Origin::start().await;
    origin.at("/s.png").gives(png(3, 2, b"small"));
    origin.at("/l.png").gives(png(3, 2, &vec![7; LARGE]));
    let home = Home::with_settings("[images]\nallow_private = [\"127.0.0.0/8\"]\n");
    let addresses: Vec<String> = ["/s.png", "/l.png"]
        .map(|path| signed(&home, origin.url(path).as_str()))
        .to_vec();
    let (running, reader) = serving(&home).await;
    let mut etags = Vec::new();
    for address in &addresses {
        let answer = reader.get(address).await.has_status(200);
        etags.push(answer.header("etag").to_owned());
    }
    drop((running, reader));

    origin.fails_with(503);
    home.run(&["key", "rotate"]);
    let renewed: Vec<String> = ["/s.png", "/l.png"]
        .map(|path| signed(&home, origin.url(path).as_str()))
        .to_vec();
    assert!(addresses.iter().zip(&renewed).all(|(old, new)| old != new));
    let (_running, reader) = serving(&home).await;
    for address in addresses.iter().chain(&renewed) {
        let answer = reader.get(address).await.has_status(200);
        assert!(etags.contains(&answer.header("etag").to_owned()));
    }
    assert_eq!((origin.count("/s.png"), origin.count("/l.png")), (1, 1));
    let wrapped = format!("https://wsrv.nl/?url={}", origin.url("/s.png"));
    let told = home.run(&["explain", "--image", &wrapped]);
    assert_eq!(told.code, 69, "its origin is gone: {}", told.err);
    for part in [
        "weserv",
        "fresh until",
        origin.url("/s.png").as_str(),
        "status 503",
    ] {
        assert!(told.out.contains(part), "{part} is not in {}", told.out);
    }
    let purged = home.run(&["purge", "--host", "127.0.0.1"]);
    assert_eq!((purged.code, purged.out.as_str()), (0, "2 pictures taken away\n"));
}

/// A photo with something to see in it, of this size.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        [x * 7 % 251, y * 5 % 241, x * y % 239].map(|part| u8::try_from(part).expect("a byte"))
    };
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| pixel(x, y)))
        .collect();
    let mut rows = Vec::new();
    for row in pixels.chunks(width as usize * 3) {
        rows.push(0);
        rows.extend_from_slice(row);
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &rows).expect("in memory");
    png(width, height, &packed.finish().expect("in memory"))
}

#[cfg(feature = "transform")]
#[tokio::test]
async fn a_smaller_picture_is_made_once_and_only_for_who_has_a_signature() {
    let folder = tempfile::tempdir().expect("folder");
    let origin = Origin::start().await;
    origin.at("/p.png").gives(photo(700, 350));
    origin.at("/small.png").gives(photo(100, 50));
    let proxy = keeping(folder.path()).await;
    let at_most = |path: &str, width| {
        let address = proxy
            .app
            .in_force()
            .signer
            .image_at_most(&origin.url(path), width);
        address.trim_start_matches(PUBLIC).to_owned()
    };
    let whole = proxy
        .get(&address(&proxy, &origin, "/p.png"))
        .await
        .has_status(200);
    let small = proxy.get(&at_most("/p.png", 320)).await.has_status(200);
    let size = imagesize::blob_size(&small.body).expect("a picture");
    assert_eq!((size.width, size.height), (320, 160));
    assert!(small.body.len() < whole.body.len() && small.header("etag") != whole.header("etag"));
    assert_eq!(proxy.get(&at_most("/p.png", 320)).await.body, small.body);
    // Never larger than it came.
    let same = proxy.get(&at_most("/small.png", 640)).await.has_status(200);
    assert_eq!(imagesize::blob_size(&same.body).expect("a picture").width, 100);
    let forged = at_most("/p.png", 320).replace("/w320/", "/w160/");
    proxy.get(&forged).await.has_status(403);
    assert_eq!(origin.count("/p.png"), 1);
    // It outlives its origin as well.
    origin.fails_with(410);
    let proxy = keeping(folder.path()).await;
    let again = proxy.get(&at_most("/p.png", 320)).await.has_status(200);
    assert_eq!(again.header("etag"), small.header("etag"));
}

#[cfg(feature = "transform")]
#[tokio::test]
async fn no_picture_is_wider_than_the_owner_wants() {
    let origin = Origin::start().await;
    origin.at("/p.png").gives(photo(700, 350));
    let proxy = proxy()
        .with(|options| options.images.max_width = 200)
        .start()
        .await;
    let answer = proxy
        .get(&address(&proxy, &origin, "/p.png"))
        .await
        .has_status(200);
    assert_eq!(imagesize::blob_size(&answer.body).expect("a picture").width, 200);
}

#[tokio::test]
async fn the_compatible_endpoint_is_closed_unless_it_has_a_token_and_opens_to_that_alone() {
    let origin = Origin::start().await;
    origin.at("/p.png").gives(png(3, 2, b"x"));
    let asked = format!("/w/0123456789abcdef/?url={}", origin.url("/p.png"));
    let closed = proxy().start().await;
    closed.get(&asked).await.has_status(404);
    closed.get("/w//?url=x.example").await.has_status(404);
    let open = proxy()
        .with(|options| options.images.compatible = Some(blake3::hash(b"0123456789abcdef")))
        .start()
        .await;
    let answer = open.get(&asked).await.has_status(200);
    assert_eq!(answer.header("content-type"), "image/png");
    open.get(&asked.replace("abcdef", "abcdee")).await.has_status(404);
    open.get("/w/0123456789abcdef/?url=localhost/x")
        .await
        .has_status(403);
}
