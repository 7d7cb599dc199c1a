//! Large pictures, each read by somebody else at once: from their origin, and again from where they are kept.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::server::Server;

/// What streaming may take beyond what the program holds when it idles.
const LIMIT_KIB: u64 = 64 * 1024;

pub(crate) async fn run(pictures: usize, mib: usize) -> bool {
    let port = origin(pictures, mib << 20).await;
    // Above the default, as all of them together are.
    let mut server = Server::start(&format!(
        "[server]\npublic_url = \"http://feeds.example\"\n[images]\nprefetch = false\nallow_private = [\"127.0.0.0/8\"]\ndisk = \"8GiB\"\n\
         [fetch]\nallow_private = [\"127.0.0.0/8\"]\nper_host = 16\ntimeout = \"10m\"\n\
         [feeds.f]\nurl = \"http://127.0.0.1:{port}/feed\"\n"
    ));
    let feed = get(&server.readers, "/feeds/f").await.expect("the feed");
    let feed = String::from_utf8(feed).expect("UTF-8");
    let addresses: Vec<String> = feed
        .split("http://feeds.example")
        .filter(|part| part.starts_with("/i/"))
        .filter_map(|part| part.split(['"', '&']).next().map(str::to_owned))
        .collect();
    assert_eq!(
        addresses.len(),
        pictures,
        "every picture is at an address of ours"
    );
    let mut kept = true;
    for whence in ["from their origin", "from disk"] {
        let idle = server.kib("VmRSS");
        server.forget_the_most();
        let began = Instant::now();
        let whole = read_all(&server.readers, &addresses, mib << 20).await;
        let most = server.kib("VmHWM");
        println!(
            "{whole} of {pictures} pictures of {mib} MiB at once {whence}, within {:.1} s: {idle} KiB before, {most} KiB at most: {:.1} MiB more",
            began.elapsed().as_secs_f64(),
            most.saturating_sub(idle) as f64 / 1024.0
        );
        kept &= whole == pictures && most.saturating_sub(idle) < LIMIT_KIB;
    }
    kept && server.lives()
}

/// How many came whole.
async fn read_all(host: &str, addresses: &[String], size: usize) -> usize {
    let mut readers = tokio::task::JoinSet::new();
    for address in addresses {
        let (host, address) = (host.to_owned(), address.clone());
        readers.spawn(async move { length(&host, &address).await.is_some_and(|length| length > size) });
    }
    let mut whole = 0;
    while let Some(one) = readers.join_next().await {
        whole += usize::from(one.expect("a reader"));
    }
    whole
}

async fn ask(host: &str, path: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(host).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    Some(stream)
}

/// The answer, head and all.
async fn get(host: &str, path: &str) -> Option<Vec<u8>> {
    let (mut stream, mut answer) = (ask(host, path).await?, Vec::new());
    stream.read_to_end(&mut answer).await.ok()?;
    answer.starts_with(b"HTTP/1.1 200").then_some(answer)
}

/// The length of the answer, which is read as it comes: by a reader who is not the fastest.
async fn length(host: &str, path: &str) -> Option<usize> {
    let (mut stream, mut piece) = (ask(host, path).await?, vec![0; 64 << 10]);
    let (mut length, mut is_good) = (0, false);
    loop {
        let read = stream.read(&mut piece).await.ok()?;
        is_good |= length == 0 && piece[..read].starts_with(b"HTTP/1.1 200");
        length += read;
        if read == 0 {
            return is_good.then_some(length);
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

/// One feed, and the pictures that it shows. Returns the port.
async fn origin(pictures: usize, size: usize) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, port, pictures, size));
        }
    });
    port
}

async fn answer_all(mut stream: TcpStream, port: u16, pictures: usize, size: usize) -> std::io::Result<()> {
    let mut head = vec![0; 4096];
    while let read @ 1.. = stream.read(&mut head).await? {
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        match path.strip_prefix("/p").and_then(|number| number.parse().ok()) {
            Some(number) => picture(&mut stream, number, size).await?,
            None => {
                let images: String = (0..pictures)
                    .map(|n| format!("&lt;img src=\"http://127.0.0.1:{port}/p{n}\"&gt;"))
                    .collect();
                let feed = format!(
                    "<rss version=\"2.0\"><channel><title>f</title><item><guid>1</guid><description>{images}</description></item></channel></rss>"
                );
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", feed.len());
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(feed.as_bytes()).await?;
            }
        }
    }
    Ok(())
}

/// A PNG of that many bytes and some, unlike the others, said a block at a time.
async fn picture(stream: &mut TcpStream, number: u64, size: usize) -> std::io::Result<()> {
    const BLOCK: usize = 64 << 10;
    let chunk = |kind: &[u8; 4], contents: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(contents);
        let length = u32::try_from(contents.len()).expect("short").to_be_bytes();
        [&length[..], kind, contents, &crc.sum().to_be_bytes()].concat()
    };
    let side = 4000_u32.to_be_bytes();
    let header = chunk(b"IHDR", &[&side[..], &side, &[8, 2, 0, 0, 0]].concat());
    let blocks = size.div_ceil(BLOCK);
    let (start, end) = (b"\x89PNG\r\n\x1a\n", chunk(b"IEND", b""));
    let length = start.len() + header.len() + blocks * (BLOCK + 12) + end.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    stream
        .write_all(&[head.as_bytes(), start, &header].concat())
        .await?;
    for block in 0..blocks as u64 {
        let word = (number << 32 | block).to_be_bytes();
        stream.write_all(&chunk(b"IDAT", &word.repeat(BLOCK / 8))).await?;
    }
    stream.write_all(&end).await
}
