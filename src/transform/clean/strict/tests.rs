pub(in super::super) mod markup;

use std::sync::Arc;

use markup::{Dice, markup, mutated};

use super::super::{images, settled};
use super::*;
use crate::sign::{Key, KeyRing, Signer};
use crate::transform::clean::{Policy, embeds};

fn policies() -> Vec<Policy> {
    let key = Key {
        id: 'k',
        secret: [3; 32],
        created: 0,
    };
    let ring = Arc::new(KeyRing::new(vec![key]).expect("a key"));
    let url = Url::parse("https://home.example/sub").expect("url");
    let images = [
        images::Policy::Proxy(Signer::new(ring, &url)),
        images::Policy::Direct,
        images::Policy::Weserv("https://wsrv.nl/?url=".to_owned()),
        images::Policy::Strip,
    ];
    let all = images.into_iter().enumerate().map(|(n, images)| Policy {
        images,
        trackers: n < 2,
        embeds: [embeds::Policy::Link, embeds::Policy::Strip][usize::from(n == 3)],
        ..Policy::default()
    });
    all.collect()
}

/// What the fast way makes of `html`, if neither the tokenizer nor the sanitizer is asked.
fn taken(html: &str, base: Option<&Url>, policy: &Policy) -> Option<String> {
    let rewritten = rewrite(html, base, &mut Cleaner::new(policy))?.ok()?;
    settled::is_settled(&rewritten).then_some(rewritten)
}

/// Runs both ways over `cases` pieces of markup; how many needed no tokenizer and no sanitizer.
fn compare(cases: usize, seed: u64) -> usize {
    let policies = policies();
    let base = Url::parse("https://page.example/post").expect("url");
    let mut dice = Dice(seed);
    let mut all_taken = 0;
    for _ in 0..cases {
        let mut html = markup(&mut dice);
        if dice.below(4) == 0 {
            html = mutated(&html, &mut dice);
        }
        let policy = &policies[dice.below(policies.len())];
        let base = (dice.below(2) == 0).then_some(&base);
        let (mut fast, mut long) = (Cleaner::new(policy), Cleaner::new(policy));
        assert_eq!(
            fast.cleaned(&html, base, true),
            long.cleaned(&html, base, false),
            "{html:?}"
        );
        assert_eq!(fast.report.changes, long.report.changes, "{html:?}");
        assert_eq!(fast.report.counts, long.report.counts, "{html:?}");
        assert_eq!(fast.pictures, long.pictures, "{html:?}");
        all_taken += usize::from(taken(&html, base, policy).is_some());
    }
    all_taken
}

#[test]
fn both_ways_write_the_same_bytes_notes_and_pictures() {
    let taken = compare(3_000, 0x1234_5678_9abc_def1);
    assert!(taken > 600, "only {taken} of 3000 were taken");
}

#[test]
fn an_article_is_neither_tokenized_nor_parsed() {
    let policies = policies();
    for html in [
        "<div><i><br>2024</i></div><img src=\"https://images.weserv.nl/?url=static.a.example/1.jpg\" width=\"100%\"><div><small style=\"color: #999;\">x</small></div>",
        "<p>a <a href=\"https://a.example/1\" rel=\"ArticleRef\">b</a></p><iframe width=\"100%\" src=\"https://www.youtube.com/embed/V?x\"> </iframe><p><em>© c</em></p>",
        "<ul class=\"l\"><li>a &amp; b</li><li><p>c&nbsp;d</p></li></ul><!-- more --><h3>e</h3><p>f<br />g</p>",
        "<p>a & b, &) &; &</p>&",
        "<P ALIGN=center>a<p>b<ul><li>c<li>d</ul><table border=0><tr><td>e<td>f</table>",
        "<p>a < b<b><i>c</b></i><script async src=\"x.js\">if (a > b) c()</script><figure><picture><img src=/a.png></picture></figure>",
        "<!-- a > b --><p>1<a href=\"#fn1\">2</a></p><ol><li id=\"fn1\">3</ol><video src=https://a.example/v.mp4></video>",
    ] {
        let base = Url::parse("https://a.example/post").expect("url");
        let fast = taken(html, Some(&base), &policies[0]);
        let long = Cleaner::new(&policies[0]).cleaned(html, Some(&base), false);
        assert_eq!(fast, Some(long), "{html}");
    }
}

#[test]
fn what_tokenizers_read_in_more_ways_than_one_is_handed_over() {
    let policies = policies();
    for html in [
        "a\0b<br>",
        "a\r\nb<br>",
        "\u{feff}<br>",
        "<p class='a'title='b'>x",
        "<p title=a\"b>x",
        "<p title=a title=b>x",
        "<p/title=a>x",
        "<p title = a>x",
        "<p =x>y",
        "<p title=\"a",
        "<p",
        "</p",
        "</p x>",
        "</>",
        "<!-- a",
        "<!doctype html>",
        "<![CDATA[x]]>",
        "<?x?>",
        "a &copy b<br>",
        "<b>&NewLine;</b>",
        "&acE;<br>",
        "<script><!--<script></script>x</script>",
        "<title>&amp;</title>",
        "<iframe><p></p></iframe>",
        "<plaintext>x",
        "<style>x</style >y",
    ] {
        let mut cleaner = Cleaner::new(&policies[0]);
        assert!(rewrite(html, None, &mut cleaner).is_none(), "{html}");
        let report = &cleaner.report;
        assert!(cleaner.pictures.is_empty() && report.changes.is_empty() && report.counts.is_empty());
    }
}
