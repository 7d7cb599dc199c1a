use super::*;
use crate::sign::{Key, KeyRing, Signer};

fn url(address: &str) -> Url {
    Url::parse(address).expect("address")
}

fn signer() -> Signer {
    let key = Key {
        id: 'k',
        secret: [7; 32],
        created: 0,
    };
    Signer::new(
        Arc::new(KeyRing::new(vec![key]).expect("key")),
        &url("https://limpid.example"),
    )
}

fn policy(images: images::Policy) -> Policy {
    Policy {
        images,
        trackers: true,
        ..Policy::default()
    }
}

fn clean_with(policy: &Policy, html: &str) -> String {
    let base = url("https://site.example/dir/article");
    let mut cleaner = Cleaner::new(policy);
    let once = cleaner.html(html, Some(&base));
    let twice = Cleaner::new(policy).html(&once, Some(&base));
    assert_eq!(twice, once, "not a fixpoint: {html}");
    once
}

fn clean(html: &str) -> String {
    clean_with(&policy(images::Policy::Direct), html)
}

const REL: &str = "rel=\"noopener noreferrer nofollow\"";
const NR: &str = "referrerpolicy=\"no-referrer\"";

#[test]
fn a_wrapped_photo_comes_through_us_and_the_video_is_one_click_away() {
    let policy = policy(images::Policy::Proxy(signer()));
    let html = "<img src=\"https://images.weserv.nl/?url=pics.example/1.jpg\" width=\"100%\"><p>Text <iframe src=\"https://www.youtube.com/embed/abc\">old</iframe></p>";
    let mut cleaner = Cleaner::new(&policy);
    let clean = cleaner.html(html, None);
    let photo = signer().image(&url("https://pics.example/1.jpg"));
    let poster = signer().image(&url("https://i.ytimg.com/vi/abc/hqdefault.jpg"));
    assert_eq!(
        clean,
        format!(
            "<img src=\"{photo}\" width=\"100%\" {NR}><p>Text <a href=\"https://www.youtube.com/watch?v=abc\" {REL}>\
             <img src=\"{poster}\" alt=\"\" {NR}><br>YouTube video</a></p>"
        )
    );
    assert_eq!(cleaner.pictures.len(), 2);
    assert_eq!(clean_with(&policy, html), clean);
}
