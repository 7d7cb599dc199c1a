use super::super::Cleaner;
use super::super::Policy;
use super::super::strict::tests::markup::{Dice, markup, mutated};
use super::*;

#[test]
fn what_is_settled_is_what_the_sanitizer_hands_back() {
    let policy = Policy::default();
    let mut dice = Dice(0x0fed_cba9_8765_4321);
    let mut settled = 0;
    for _ in 0..3_000 {
        let html = markup(&mut dice);
        assert!(is_told_truly(&html), "{html:?}");
        // What was cleaned is settled, or nearly so when it is changed.
        let clean = Cleaner::new(&policy).html(&html, None);
        assert!(is_told_truly(&clean), "{clean:?}");
        let changed = mutated(&clean, &mut dice);
        settled += usize::from(is_settled(&changed));
        assert!(is_told_truly(&changed), "{changed:?}");
    }
    assert!(settled > 300, "only {settled} of 3000 were settled");
}

#[test]
fn markup_in_order_is_settled() {
    for html in [
        "",
        "a &amp; b &lt;c&gt;&nbsp;\"d\"",
        "<p title=\"a &quot;b&quot;\">x</p><hr><h1>y</h1><h2>z</h2>",
        "<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul><dl><dt>d</dt><dd>e</dd></dl>",
        "<table><caption>a</caption><tbody>\n<tr> <td colspan=\"2\"><p>b</p><table><tbody><tr><th>c</th></tr></tbody></table></td></tr></tbody></table>",
        "<b><div><b>a</b></div></b><pre>x\ny</pre>",
        "<ruby>a<rb>b</rb><rtc>c<rt>d</rt></rtc></ruby>",
        "<a href=\"mailto:a@b.example?subject=c&amp;body=d\">e</a><a href=\"#fn-1\">f</a><a>g</a>",
        "<picture><source srcset=\"https://a.example/1.png 1x\"><img src=\"https://a.example/?a&amp;b\" alt=\"\"></picture>",
        "<div><div><li>a</li></div></div>",
    ] {
        assert!(is_settled(html), "{html}");
        assert_eq!(sanitize::sanitize(html), html);
    }
}

#[test]
fn whatever_the_sanitizer_might_change_is_not_settled() {
    for html in [
        // not on the lists
        "<script>x</script>",
        "<svg><p>x</p></svg>",
        "<p onclick=\"x\">y</p>",
        "<p style=\"x\">y</p>",
        "<td-x>y</td-x>",
        "<a href=\"javascript:x\">y</a>",
        "<a href=\"java&#115;cript:x\">y</a>",
        "<a href=\"x\">y</a>",
        "<a href=\"//a.example/\">y</a>",
        "<a href=\"https://[/\">y</a>",
        "<img src=\"data:image/png,x\">",
        "<video poster=\"javascript:x\"></video>",
        "<!-- x -->",
        // spelt otherwise
        "a & b",
        "a > b",
        "a < b",
        "&copy;",
        "&quot;",
        "&amp",
        "\u{a0}",
        "\u{feff}x",
        "a\0b",
        "a\rb",
        "<P>x</P>",
        "<br/>",
        "<br />",
        "<p title='a'>x</p>",
        "<p title=a>x</p>",
        "<p title>x</p>",
        "<p title=\"a<b\">x</p>",
        "<p title=\"a>b\">x</p>",
        "<p title=\"a&b\">x</p>",
        "<p  title=\"a\">x</p>",
        "<p title=\"a\" >x</p>",
        "<p title=\"a\"lang=\"b\">x</p>",
        "<p title=\"a\" title=\"b\">x</p>",
        "<p title=\"a>x</p>",
        "<p x",
        "<",
        // put elsewhere by the tree builder
        "<p>a<p>b",
        "<p>a",
        "x</p>",
        "</br>",
        "<p><div>x</div></p>",
        "<p><table></table></p>",
        "<p><b><ul></ul></b></p>",
        "<b><i>x</b></i>",
        "<a href=\"https://a.example/\"><b><a href=\"https://b.example/\">x</a></b></a>",
        "<table><tr><td>x</td></tr></table>",
        "<table>x</table>",
        "<table><tbody>&nbsp;</tbody></table>",
        "<table><tbody><tr><b></b></tr></tbody></table>",
        "<table><tbody><p>x</p></tbody></table>",
        "<table><table></table></table>",
        "<td>x</td>",
        "<caption>x</caption>",
        "<li>x<li>y</li></li>",
        "<ul><li><div><li>x</li></div></li></ul>",
        "<dl><dt><span><dd>x</dd></span></dt></dl>",
        "<h1><h2>x</h2></h1>",
        "<pre>\nx</pre>",
        "<rt>x</rt>",
        "<ruby><rt><rt>x</rt></rt></ruby>",
        "<p><hr></p>",
    ] {
        assert!(!is_settled(html), "{html}");
    }
}

#[test]
fn time_is_linear_however_deep_or_many() {
    // Every check looks at the innermost element, or at as many as may be open.
    let deep = "<b>".repeat(MAX_DEPTH) + &"</b>".repeat(MAX_DEPTH);
    assert!(is_settled(&deep));
    assert!(!is_settled(&format!("<b>{deep}</b>")));
}
