use super::*;

fn unwrapped(address: &str) -> String {
    let url = Url::parse(address).expect("address");
    unwrap(&url).map_or(url, |unwrapped| unwrapped.url).into()
}

/// A wrapped address and the origin in it; the same address: nothing is wrapped there.
const VECTORS: &[(&str, &str)] = &[
    // weserv: every form
    (
        "https://images.weserv.nl/?url=pics.example/p/1.jpg",
        "https://pics.example/p/1.jpg",
    ),
    (
        "http://images.weserv.nl/?url=ssl:pics.example/p.gif",
        "https://pics.example/p.gif",
    ),
    (
        "https://images.weserv.nl/?url=ssl:pics.example/p&w=730&t=fit&il",
        "https://pics.example/p",
    ),
    (
        "https://wsrv.nl/?url=HTTP://pics.example/p",
        "http://pics.example/p",
    ),
    (
        "https://wsrv.nl/?url=%2F%2Fpics.example%2Fp",
        "https://pics.example/p",
    ),
    ("https://wsrv.nl/?url=//pics.example/p", "https://pics.example/p"),
    (
        "https://images.weserv.nl?url=https%3A%2F%2Fpics.example%2Fp%3Fa%3D1%26b%3D2",
        "https://pics.example/p?a=1&b=2",
    ),
    ("https://wsrv.nl/?URL=pics.example/p", "https://pics.example/p"),
    (
        "https://wsrv.nl/any/path?w=1&url=pics.example/p&h=2",
        "https://pics.example/p",
    ),
    (
        "https://wsrv.nl/?url=pics.example/u/7?v=4&h=60&mask=circle",
        "https://pics.example/u/7?v=4",
    ),
    (
        "https://wsrv.nl/?url=https://pics.example/i.php?id=5&size=large&w=300",
        "https://pics.example/i.php?id=5&size=large",
    ),
    (
        "https://wsrv.nl/?url=https%253A%252F%252Fpics.example%252Fa%2520b.jpg",
        "https://pics.example/a%20b.jpg",
    ),
    (
        "https://wsrv.nl/?url=pics.example/p&amp;w=300",
        "https://pics.example/p",
    ),
    (
        "https://wsrv.nl/?w=1&amp;url=pics.example/p",
        "https://pics.example/p",
    ),
    (
        "https://wsrv.nl/?url=https:/pics.example/p",
        "https://pics.example/p",
    ),
    (
        "https://wsrv.nl/?url=pics.example/a%2Bb%20c%E4.jpg",
        "https://pics.example/a+b%20c%E4.jpg",
    ),
    (
        "https://wsrv.nl/?url=pics.example/p&rand=3",
        "https://pics.example/p",
    ),
    (
        "https://wsrv.nl/?url=pics.example/p%23part",
        "https://pics.example/p",
    ),
    ("https://wsrv.nl./?url=pics.example/p", "https://pics.example/p"),
    (
        "https://wsrv.nl:443/?url=b%C3%BCcher.example/p",
        "https://xn--bcher-kva.example/p",
    ),
    (
        "https://wsrv.nl/?url=https%3A%2F%2Fimages.weserv.nl%2F%3Furl%3Dpics.example%2Fp",
        "https://pics.example/p",
    ),
    // and what is none
    (
        "https://images.weserv.nl/pics.jpg",
        "https://images.weserv.nl/pics.jpg",
    ),
    ("https://wsrv.nl/?url=", "https://wsrv.nl/?url="),
    (
        "https://wsrv.nl/?url=localhost/x",
        "https://wsrv.nl/?url=localhost/x",
    ),
    (
        "https://wsrv.nl/?url=http://a:b@pics.example/x",
        "https://wsrv.nl/?url=http://a:b@pics.example/x",
    ),
    (
        "https://wsrv.nl/?url=javascript:alert(1)",
        "https://wsrv.nl/?url=javascript:alert(1)",
    ),
    (
        "https://wsrv.nl/?url=ftp://pics.example/x",
        "https://wsrv.nl/?url=ftp://pics.example/x",
    ),
    (
        "https://i.wsrv.nl.example/?url=pics.example/x",
        "https://i.wsrv.nl.example/?url=pics.example/x",
    ),
    // the others
    (
        "https://i2.wp.com/blog.example/a/b.jpg?fit=80%2C60&ssl=1",
        "https://blog.example/a/b.jpg",
    ),
    (
        "https://i0.wp.com/blog.example/a.php?q=id%3D7%26x&w=9",
        "https://blog.example/a.php?id=7&x",
    ),
    (
        "https://rsz.io/pics.example/a.jpg?width=9",
        "https://pics.example/a.jpg",
    ),
    ("https://pics.example.rsz.io/9x9", "https://pics.example/9x9"),
    (
        "https://external-content.duckduckgo.com/iu/?u=http%3A%2F%2Fpics.example%2Fx&f=1",
        "http://pics.example/x",
    ),
    (
        "https://images9-opensocial.googleusercontent.com/gadgets/proxy?container=focus&url=http%3A%2F%2Fpics.example%2Fx",
        "http://pics.example/x",
    ),
    (
        "https://ci4.googleusercontent.com/proxy/abc=s0-d-e1-ft#http://pics.example/x",
        "http://pics.example/x",
    ),
    (
        "https://shop.example/cdn-cgi/image/w=9,q=8/a/b.jpg?v=1",
        "https://shop.example/a/b.jpg?v=1",
    ),
    (
        "https://shop.example/cdn-cgi/image/w=9/https://pics.example/b.jpg",
        "https://pics.example/b.jpg",
    ),
    (
        "https://shop.example/docs/_next/image?url=%2Fimg%2Fp.jpg&w=9",
        "https://shop.example/img/p.jpg",
    ),
    (
        "https://shop.example/_vercel/image?url=https%3A%2F%2Fpics.example%2Fp&w=9",
        "https://pics.example/p",
    ),
    (
        "https://shop.example/.netlify/images?url=/owl.jpeg&w=50",
        "https://shop.example/owl.jpeg",
    ),
    (
        "https://substackcdn.com/image/fetch/$s_!x!,w_9,c_limit/https%3A%2F%2Fpics.example%2Fa%2520b.png",
        "https://pics.example/a%20b.png",
    ),
    (
        "https://res.cloudinary.com/demo/image/fetch/w_6,q_auto/https://pics.example/x?y=1",
        "https://pics.example/x?y=1",
    ),
    (
        "https://camo.example/0123456789abcdef0123456789abcdef01234567/687474703a2f2f706963732e6578616d706c652f78",
        "http://pics.example/x",
    ),
    (
        "https://camo.example/0123456789abcdef0123456789abcdef01234567?url=http%3A%2F%2Fpics.example%2Fx",
        "http://pics.example/x",
    ),
    (
        "https://img.example/sig/rs:fit:9:9/plain/https%3A%2F%2Fpics.example%2Fx%3Fa@webp",
        "https://pics.example/x?a",
    ),
    (
        "https://img.example/insecure/f:avif/aHR0cHM6Ly9waWNz/LmV4YW1wbGUveA.png",
        "https://pics.example/x",
    ),
    (
        "https://images-ext-2.discordapp.net/external/abc/https/pics.example/x.png",
        "https://pics.example/x.png",
    ),
    (
        "https://images-ext-2.discordapp.net/external/abc/%3Fa%3D1/http/pics.example/x.png",
        "http://pics.example/x.png?a=1",
    ),
    (
        "https://i.embed.ly/1/display?key=k&url=http%3A%2F%2Fpics.example%2Fx",
        "http://pics.example/x",
    ),
    (
        "https://pics.example/a/http/b.jpg",
        "https://pics.example/a/http/b.jpg",
    ),
];

#[test]
fn every_wrapper_gives_its_origin() {
    for (wrapped, origin) in VECTORS {
        assert_eq!(unwrapped(wrapped), *origin, "{wrapped}");
        assert_eq!(unwrapped(origin), *origin, "{wrapped} twice");
    }
}

#[test]
fn a_guessed_scheme_has_http_and_then_the_wrapper_to_fall_back_on() {
    let told = |address: &str| -> Vec<String> {
        let url = Url::parse(address).expect("address");
        unwrap(&url)
            .expect("wrapped")
            .alternates
            .into_iter()
            .map(String::from)
            .collect()
    };
    let scheme_less = "https://wsrv.nl/?url=pics.example/p";
    assert_eq!(told(scheme_less), ["http://pics.example/p", scheme_less]);
    let sure = "https://wsrv.nl/?url=ssl:pics.example/p";
    assert_eq!(told(sure), [sure]);
}

#[test]
fn wrappers_nested_without_end_are_left_alone() {
    let mut address = "https://pics.example/p".to_owned();
    for _ in 0..6 {
        address = format!(
            "https://wsrv.nl/?url={}",
            address
                .replace('%', "%25")
                .replace('?', "%3F")
                .replace('&', "%26")
        );
    }
    assert_eq!(unwrapped(&address), "https://pics.example/p");
    let address = format!(
        "https://wsrv.nl/?url={}",
        address.replace('%', "%25").replace('?', "%3F")
    );
    assert_eq!(
        unwrapped(&address),
        Url::parse(&address).expect("address").as_str()
    );
}

proptest::proptest! {
    #[test]
    fn unwrapping_twice_is_unwrapping_once(parts in proptest::collection::vec(0..22_usize, 1..9)) {
        const PARTS: [&str; 22] = [
            "https://wsrv.nl/?url=", "https%3A%2F%2F", "//", "ssl:", "pics.example/", "%2F", "?", "&", "#", "aHR0cHM6Ly9waWNzLmV4YW1wbGUveA",
            "https://i0.wp.com/", "/image/fetch/", "/plain/", "@", "%25", "/cdn-cgi/image/x/", "rsz.io/", "q=", "%3F", "url=", "/unsafe/", "x.jpg",
        ];
        let address: String = std::iter::once("https://a.example/").chain(parts.iter().map(|&i| PARTS[i])).collect();
        for address in [address.as_str(), &address["https://a.example/".len()..]] {
            if let Ok(url) = Url::parse(address) {
                let once = unwrapped(url.as_str());
                proptest::prop_assert_eq!(&unwrapped(&once), &once);
            }
        }
    }
}

#[test]
fn the_beginning_of_every_mark_is_known() {
    for wrapper in WRAPPERS
        .iter()
        .filter(|wrapper| wrapper.is_anywhere() && !wrapper.mark.is_empty())
    {
        assert!(begins_a_mark(wrapper.mark), "{}", wrapper.path);
    }
}
