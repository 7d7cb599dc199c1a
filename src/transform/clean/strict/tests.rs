mod markup;

use std::sync::Arc;

use markup::{Dice, markup, mutated};

use super::super::images;
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

/// Runs both ways over `cases` pieces of markup; how many the scan took.
fn compare(cases: usize, seed: u64) -> usize {
    let policies = policies();
    let base = Url::parse("https://page.example/post").expect("url");
    let mut dice = Dice(seed);
    let mut taken = 0;
    for _ in 0..cases {
        let mut html = markup(&mut dice);
        if dice.below(4) == 0 {
            html = mutated(&html, &mut dice);
        }
        let policy = &policies[dice.below(policies.len())];
        let base = (dice.below(2) == 0).then_some(&base);
        let mut fast = Cleaner::new(policy);
        let Some(clean) = clean(&html, base, &mut fast) else {
            assert!(
                fast.pictures.is_empty() && fast.report.changes.is_empty() && fast.report.counts.is_empty()
            );
            continue;
        };
        taken += 1;
        let mut long = Cleaner::new(policy);
        assert_eq!(clean, long.the_long_way(&html, base), "{html:?}");
        assert_eq!(fast.report.changes, long.report.changes, "{html:?}");
        assert_eq!(fast.report.counts, long.report.counts, "{html:?}");
        assert_eq!(fast.pictures, long.pictures, "{html:?}");
    }
    taken
}

#[test]
fn both_ways_write_the_same_bytes_notes_and_pictures() {
    let taken = compare(3_000, 0x1234_5678_9abc_def1);
    assert!(taken > 500, "only {taken} of 3000 were taken");
}

#[test]
fn an_article_in_order_is_taken() {
    let policies = policies();
    for html in [
        "<div><i><br>2024</i></div><img src=\"https://images.weserv.nl/?url=static.a.example/1.jpg\" width=\"100%\"><div><small style=\"color: #999;\">x</small></div>",
        "<p>a <a href=\"https://a.example/1\" rel=\"ArticleRef\">b</a></p><iframe width=\"100%\" src=\"https://www.youtube.com/embed/V?x\"> </iframe><p><em>© c</em></p>",
        "<ul class=\"l\"><li>a &amp; b</li><li><p>c&nbsp;d</p></li></ul><!-- more --><h3>e</h3><p>f<br />g</p>",
    ] {
        let mut cleaner = Cleaner::new(&policies[0]);
        let fast = clean(html, None, &mut cleaner);
        assert_eq!(
            fast,
            Some(Cleaner::new(&policies[0]).the_long_way(html, None)),
            "{html}"
        );
    }
}

#[test]
fn whatever_the_tree_builder_would_move_is_handed_over() {
    let policies = policies();
    for html in [
        "<p>a<p>b",
        "<p><div>x</div></p>",
        "<b><i>x</b></i>",
        "<a href=\"https://a.example/\"><a href=\"https://b.example/\">x</a></a>",
        "<table><tr><td>x</table>",
        "<li>x</li>",
        "<ul>x<p><li>y</li></p></ul>",
        "<svg><p>x</p></svg>",
        "<script>x</script>",
        "<pre>\nx</pre>",
        "<P>x</P>",
        "<p onclick=x>y</p>",
        "x < y",
        "<p>x</div>",
        "<h1><h2>x</h2></h1>",
        "a\0b<br>",
        "<b><b>x</b></b>",
        "<p hidden>x</p>",
        "<a href=\"#x\">y</a>",
        "<iframe src=\"https://a.example/\"><p></iframe>",
        "<p/>x",
    ] {
        assert_eq!(clean(html, None, &mut Cleaner::new(&policies[0])), None, "{html}");
    }
}
