use super::*;
use crate::transform::report::MAX_NOTES;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

fn with_report(text: &str, limits: &Limits) -> (String, Report) {
    let mut report = Report::default();
    let repaired = repair(text, limits, &mut report).expect(text);
    assert_sound(&repaired.text);
    (repaired.text.into_owned(), report)
}

/// The document without its declaration.
fn repaired(text: &str) -> String {
    let text = with_report(text, &Limits::default()).0;
    let text = text.strip_prefix(DECLARATION).expect("a declaration");
    text.trim_start_matches('\n').to_owned()
}

/// What becomes of something inside an entry.
fn in_item(inside: &str) -> String {
    let text = repaired(&format!("<rss><channel><item>{inside}</item></channel></rss>"));
    let text = text.strip_prefix("<rss><channel><item>").expect(&text);
    text.strip_suffix("</item></channel></rss>")
        .expect(text)
        .to_owned()
}

/// Every prefix is bound, every attribute is there once, every end tag fits.
pub(super) fn assert_sound(text: &str) {
    use quick_xml::events::Event;
    use quick_xml::name::ResolveResult;
    let mut reader = quick_xml::NsReader::from_str(text);
    reader.config_mut().check_end_names = true;
    reader.config_mut().check_comments = true;
    loop {
        let (namespace, event) = reader.read_resolved_event().expect(text);
        assert!(!matches!(namespace, ResolveResult::Unknown(_)), "{text}");
        match event {
            Event::Eof => break,
            Event::DocType(_) => panic!("{text}"),
            Event::Start(tag) | Event::Empty(tag) => {
                let mut seen = std::collections::HashSet::new();
                for attribute in tag.attributes() {
                    let attribute = attribute.expect(text);
                    let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
                    assert!(!matches!(namespace, ResolveResult::Unknown(_)), "{text}");
                    assert!(
                        seen.insert((format!("{namespace:?}"), local.into_inner().to_vec())),
                        "{text}"
                    );
                    quick_xml::escape::unescape(std::str::from_utf8(&attribute.value).expect(text))
                        .expect(text);
                }
            }
            Event::GeneralRef(reference) => {
                let known = reference.is_char_ref()
                    || [&b"amp"[..], b"lt", b"gt", b"quot", b"apos"].contains(&&*reference);
                assert!(known, "{text}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_well_formed_feed_comes_through_byte_for_byte() {
    let text = format!(
        "{DECLARATION}\n<!-- a - b --><?p q=\"<>\" ?><rss version='2.0'\n  xmlns:dc = \"urn:x\" ><channel ><item>\r\n\
         <dc:a b='&amp;&#60;\">'/><![CDATA[<p>&nbsp;]]]]></item\n><item xmlns:dc='urn:y'><dc:a></dc:a>\
         <p>a<br></br>b > c]]</p><img>text</img><item><item/></item></item></channel></rss >\n<!-- b -->\n"
    );
    let (out, report) = with_report(&text, &Limits::default());
    assert_eq!(out, text);
    assert_eq!(report.repairs, []);
}

#[test]
fn text_is_made_well_formed() {
    let cases = [
        (
            "a & b &x; &#; &#x; &amp &#65 AT&T",
            "a &amp; b &amp;x; &amp;#; &amp;#x; &amp;amp &amp;#65 AT&amp;T",
        ),
        ("?a=1&copy=2&nbsp=3", "?a=1&amp;copy=2&amp;nbsp=3"),
        (
            "&nbsp;&eacute;&hellip;&AMP;&LT;&GT;&NotEqualTilde;",
            "\u{a0}é…&amp;&lt;&gt;≂\u{338}",
        ),
        (
            "&amp;&lt;&gt;&quot;&apos;&#38;&#x26;",
            "&amp;&lt;&gt;&quot;&apos;&#38;&#x26;",
        ),
        ("&#150;&#x92;&#128;", "–’€"),
        ("a&#0;b&#8;c&#xFFFE;d&#xD800;e&#1114112;f&#99999999999;", "abcdef"),
        ("&#55357;&#56832; &#xD83D;&#xDE00;", "😀 😀"),
        ("&#X41;&#X3c;", "A&lt;"),
        (
            "1 < 2, x <- y, i <3 u, </3 </>",
            "1 &lt; 2, x &lt;- y, i &lt;3 u, &lt;/3 &lt;/>",
        ),
        ("x <y and <z", "x &lt;y and &lt;z"),
        ("a ]]> b", "a ]]&gt; b"),
        ("]]\u{1}>", "]]&gt;"),
        ("]]<!x>>", "]]&gt;"),
        ("a\u{0}b\u{FFFF}c\u{b}d\u{FFFD}e\u{7f}", "abcd\u{FFFD}e\u{7f}"),
        ("<![cdata[<b>]]>", "<![CDATA[<b>]]>"),
        ("<![if !IE]>x<![endif]>", "x"),
        ("<!doctype html>x", "x"),
        (
            "<?php echo 1 ?><?1 x?><??><?xml version='1.0'?><?a:b c?>",
            "<?php echo 1 ?>",
        ),
        (
            "<!-- a -- b --->x<!-->y<!--->z",
            "<!-- a - - b - -->x<!---->y<!---->z",
        ),
        ("<!--->\u{0}", "<!---->"),
        ("<!-\u{0}-x-\u{0}->", "<!--x-->"),
    ];
    for (before, after) in cases {
        assert_eq!(in_item(before), after, "{before}");
    }
}

#[test]
fn tags_are_made_well_formed() {
    let cases = [
        ("<a b=c d='e' f>x</a>", "<a b=\"c\" d='e' f=\"\">x</a>"),
        ("<a b=\"1\"c=\"2\"/>", "<a b=\"1\" c=\"2\"/>"),
        ("<a b='1' b='2' B='3'/>", "<a b='1' B='3'/>"),
        (
            "<a b='<&\"&nbsp;&quot;&Tab;'/>",
            "<a b='&lt;&amp;\"\u{a0}&quot;&#9;'/>",
        ),
        ("<a b=http://x/?c&d>x</a>", "<a b=\"http://x/?c&amp;d\">x</a>"),
        (
            "<a href=\"foo>x</a><a href=\"bar\">y</a>",
            "<a href=\"foo\">x</a><a href=\"bar\">y</a>",
        ),
        ("<img src=\"a.png />", "<img src=\"a.png\" />"),
        ("<a b=\"c d e=\"f\"/>", "<a b=\"c d\" e=\"f\"/>"),
        ("<title<p>x</p></title>", "<title><p>x</p></title>"),
        ("<a / b = 'c' \"/>", "<a b = 'c'/>"),
        ("<a 1b='c' @d='e' f:g:h='i'/>", "<a _1b='c' __d='e' f:g_h='i'/>"),
        ("<a$b>x</a$b>", "<a_b>x</a_b>"),
        ("<a:>x</a:>", "<a>x</a>"),
        ("<xmlns:a>x</xmlns:a>", "<xmlns_a>x</xmlns_a>"),
        ("<xml:a xml:lang='e'>x</xml:a>", "<xml_a xml:lang='e'>x</xml_a>"),
        ("<title>x</Title>", "<title>x</title>"),
        ("<a b='c'<d>x</d></a>", "<a b='c'><d>x</d></a>"),
        ("<title>x</title<link>y</link>", "<title>x</title><link>y</link>"),
        ("x</b>y", "xy"),
        ("<a b=\"http://c/>d</a>", "<a b=\"http://c/\">d</a>"),
        ("</item><item c<d>e</d>", "</item><item c=\"\"><d>e</d>"),
    ];
    for (before, after) in cases {
        let out = repaired(&format!("<rss><channel><item>{before}</item></channel></rss>"));
        assert!(out.contains(&format!("<item>{after}</item>")), "{before}\n{out}");
    }
}

#[test]
fn elements_are_closed_where_their_author_would_have() {
    let cases = [
        (
            "<p>a<br>b<hr/>c<img src='x'>d</p>",
            "<p>a<br/>b<hr/>c<img src='x'/>d</p>",
        ),
        ("<b><i>x</b></i>y", "<b><i>x</i></b>y"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<div><div>a</div>", "<div><div>a</div></div>"),
        ("<title>a<link>b</link>", "<title>a</title><link>b</link>"),
        ("<title>a<title>b</title>", "<title>a</title><title>b</title>"),
        ("<link href='a'><id>b</id>", "<link href='a'/><id>b</id>"),
        ("<title>a</ti<link>b</link>", "<title>a</title><link>b</link>"),
        ("<a>x</div>y</a>", "<a>xy</a>"),
        ("<x:a xmlns:x='u'>1</a>2", "<x:a xmlns:x='u'>1</x:a>2"),
    ];
    for (before, after) in cases {
        assert_eq!(in_item(before), after, "{before}");
    }
}

#[test]
fn an_entry_without_an_end_costs_no_other() {
    let out = repaired(
        "<rss><channel><item><title>a</title><item><title>b<item><title>c</title></item></channel></rss>",
    );
    let after = "<rss><channel><item><title>a</title></item><item><title>b</title></item><item><title>c</title></item>\
                 </channel></rss>";
    assert_eq!(out, after);
    let out = repaired("<rss><channel><image><item>a</image></item><item>b</item></channel></rss>");
    assert_eq!(
        out,
        "<rss><channel><image><item>a</item><item>b</item></image></channel></rss>"
    );
}

#[test]
fn the_whole_entries_before_a_cut_are_kept_and_the_cut_one_if_it_says_anything() {
    let whole = "<rss><channel><item><title>a</title></item>";
    let cases = [
        ("", ""),
        ("<item", ""),
        ("<item>", ""),
        ("<item><title></title><link href='http://e", ""),
        ("<item><title>b", "<item><title>b</title></item>"),
        (
            "<item><title>b</title><link>",
            "<item><title>b</title><link></link></item>",
        ),
        ("<item><title>b</ti", "<item><title>b</title></item>"),
        (
            "<item><title><![CDATA[b",
            "<item><title><![CDATA[b]]></title></item>",
        ),
        ("<item>b<!-- c", "<item>b<!-- c--></item>"),
        ("<item>b<?c", "<item>b<?c?></item>"),
        ("<item>b &am", "<item>b &amp;am</item>"),
    ];
    for (cut, after) in cases {
        assert_eq!(
            repaired(&format!("{whole}{cut}")),
            format!("{whole}{after}</channel></rss>"),
            "{cut}"
        );
    }
    assert_eq!(
        repaired("<rss><channel></channel></rss"),
        "<rss><channel></channel></rss>"
    );
}

#[test]
fn what_stands_before_the_root_is_dropped_but_for_comments_and_instructions() {
    let cases = [
        ("\n \n<?xml version='1.0'?>\n<rss/>", "<rss/>"),
        ("\u{FEFF}<rss/>", "<rss/>"),
        ("\n<!-- a -->\n<rss/>\n", "<!-- a -->\n<rss/>\n"),
        (
            "<!-- a --><?xml version='1.0' encoding='x'?><rss/>",
            "<!-- a --><rss/>",
        ),
        ("<?xml version='1.0'><rss/><?a b?>", "<rss/><?a b?>"),
        ("<br />\n<b>Warning</b>: it & that<rss/>", "<rss/>"),
        ("<!-- a <rss/>", "<!-- a --><rss/>"),
        ("<![CDATA[x]]><rss/>", "<rss/>"),
        ("<!DOCTYPE rss PUBLIC \"-//a>b//\" 'c'><rss/>", "<rss/>"),
        ("<!DOCTYPE rss \"a><rss/>", "<rss/>"),
        (
            "<!DOCTYPE rss [ <!-- ' ]> --> <!ELEMENT a (b)> %c; ]><rss/>",
            "<rss/>",
        ),
        ("<!DOCTYPE rss [ <rss/>", "<rss/>"),
    ];
    for (before, after) in cases {
        assert_eq!(repaired(before), after, "{before}");
    }
}

#[test]
fn what_stands_behind_the_root_is_dropped_but_for_entries() {
    let feed = "<rss><channel><item>a</item></channel></rss>";
    assert_eq!(
        repaired(&format!("{feed}\n<!-- b --> x <script>y</script></p>")),
        format!("{feed}\n<!-- b -->")
    );
    let out = repaired(&format!("{feed}<x/><item>b</item></channel></rss>{feed}"));
    assert_eq!(
        out,
        "<rss><channel><item>a</item><item>b</item><item>a</item></channel></rss>"
    );
    let out = repaired("<feed xmlns:x='u'></feed>z<entry><x:a/></entry>");
    assert_eq!(out, "<feed xmlns:x='u'><entry><x:a/></entry></feed>");
}

#[test]
fn only_safe_entities_of_a_doctype_are_expanded() {
    let subset = "<!ENTITY a \"x\"><!ENTITY b '&#233;'><!ENTITY c \"&a;&a;\"><!ENTITY d SYSTEM \"file:///etc/passwd\">\
                  <!ENTITY % e \"f\"><!ENTITY g '<b>'><!ENTITY lt 'no'><!ENTITY a \"y\"><!ENTITY h '\"'>";
    let out = repaired(&format!(
        "<!DOCTYPE rss [{subset}]><rss a=\"&h;\">&a;&b;&c;&d;&e;&g;&lt;</rss>"
    ));
    assert_eq!(out, "<rss a=\"&quot;\">xé&amp;c;&amp;d;&amp;e;&amp;g;&lt;</rss>");
}

#[test]
fn what_entities_add_is_bounded() {
    let value = "x".repeat(256);
    let text = format!(
        "<!DOCTYPE rss [<!ENTITY a \"{value}\">]><rss>{}</rss>",
        "&a;".repeat(10_000)
    );
    assert!(repaired(&text).len() < 10_000 * "&amp;a;".len() + (64 << 10) + 100);
}

#[test]
fn a_name_is_cut_once() {
    for name in ["-".repeat(200), "é".repeat(100), format!("a:{}", "1".repeat(128))] {
        let once = repaired(&format!("<rss><{name}>x</{name}></rss>"));
        assert_eq!(repaired(&once), once, "{name}");
        assert!(once.len() < 600, "{once}");
    }
}

#[test]
fn prefixes_are_declared() {
    let cases = [
        (
            "<rss><dc:a/></rss>",
            "<rss xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:a/></rss>",
        ),
        (
            "<rss a='b' ><x y:z=''/></rss>",
            "<rss a='b' xmlns:y=\"urn:undeclared:y\" ><x y:z=''/></rss>",
        ),
        ("<r:rss/>", "<r:rss xmlns:r=\"urn:undeclared:r\"/>"),
        (
            "<rss><a xmlns:p='u'><p:b/></a><p:c/></rss>",
            "<rss xmlns:p=\"urn:undeclared:p\"><a xmlns:p='u'><p:b/></a><p:c/></rss>",
        ),
        (
            "<rss xmlns:dc=' http://x/y z{é% '/>",
            "<rss xmlns:dc='http://x/y%20z%7B%C3%A9%25'/>",
        ),
        (
            "<rss xmlns:xmlns='u' xmlns:xml='v' xmlns:a='' xmlns:='w'/>",
            "<rss/>",
        ),
        (
            "<rss xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='e'/>",
            "<rss xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='e'/>",
        ),
        (
            "<rss xmlns:a='<p>http://b/#c#d'/>",
            "<rss xmlns:a='urn:invalid:%3Cp%3Ehttp_//b/_c_d'/>",
        ),
        (
            "<rss xmlns:a='http://b:c/'/>",
            "<rss xmlns:a='urn:invalid:http_//b_c/'/>",
        ),
        ("<rss dc='' xmlns:dc='u'/>", "<rss dc='' xmlns:dc='u'/>"),
        ("<rss xmlns='http://www.w3.org/2000/xmlns/'/>", "<rss/>"),
        (
            "<rss xmlns:a='u' xmlns:b='u' a:c='1' b:c='2' c='3'/>",
            "<rss xmlns:a='u' xmlns:b='u' a:c='1' c='3'/>",
        ),
        ("<rss xmlns:a='u' xmlns:a='v'/>", "<rss xmlns:a='u'/>"),
        (
            "<rss xmlns=''><a xmlns='u'/></rss>",
            "<rss xmlns=''><a xmlns='u'/></rss>",
        ),
    ];
    for (before, after) in cases {
        assert_eq!(repaired(before), after, "{before}");
    }
}

#[test]
fn over_the_limits_a_document_loses_what_is_over_and_nothing_else() {
    let limits = Limits {
        depth: 4,
        attributes: 2,
        namespaces: 3,
        ..Limits::default()
    };
    let after = |text: &str| {
        with_report(text, &limits)
            .0
            .split_once('\n')
            .expect("a line")
            .1
            .to_owned()
    };
    assert_eq!(
        after(
            "<rss><channel><item><a><b c='d'><e>1</e>2<f/></b><!-- g --></a></item><item><a>3</a></item></channel></rss>"
        ),
        "<rss><channel><item><a>12<!-- g --></a></item><item><a>3</a></item></channel></rss>"
    );
    assert_eq!(
        after("<rss><channel><item><a><b><br>1</item><item>2</item></channel></rss>"),
        "<rss><channel><item><a>1</a></item><item>2</item></channel></rss>"
    );
    assert_eq!(after("<rss a='1' b='2' c='3'/>"), "<rss a='1' b='2'/>");
    assert_eq!(
        after(
            "<rss xmlns:a='1' xmlns:b='2'><c xmlns:e='3'/><c xmlns:e='4' xmlns:f='5'><c xmlns:g='6' xmlns:h='7'><h:i/></c></c></rss>"
        ),
        "<rss xmlns:a='1' xmlns:b='2'><c xmlns:e='3'/><c xmlns:e='4' xmlns:f='5'><c xmlns:g='6'><h_i/></c></c></rss>"
    );
}

#[test]
fn the_family_of_a_feed_is_that_of_its_root_under_any_prefix() {
    let cases = [
        ("<rss/>", Kind::Rss),
        ("<RSS version='0.91'/>", Kind::Rss),
        ("<x:rss xmlns:x='u'/>", Kind::Rss),
        ("<CHANNEL HREF='x'/>", Kind::Rss),
        ("<Channel xmlns='http://purl.org/net/rss1.1#'/>", Kind::Rdf),
        ("<c:Channel xmlns:c='http://purl.org/net/rss1.1#'/>", Kind::Rdf),
        ("<rdf:RDF/>", Kind::Rdf),
        ("<r:RDF xmlns:r='u'/>", Kind::Rdf),
        ("<feed/>", Kind::Atom),
        ("<a:feed xmlns:a='u'/>", Kind::Atom),
        ("<entry/>", Kind::Atom),
        ("<soap><rss/></soap>", Kind::Rss),
    ];
    for (text, kind) in cases {
        let repaired = repair(text, &Limits::default(), &mut Report::default()).expect(text);
        assert_eq!(repaired.kind, kind, "{text}");
    }
}

#[test]
fn what_is_no_feed_is_refused() {
    let refused = |text: &str| repair(text, &Limits::default(), &mut Report::default()).expect_err(text);
    for page in [
        "<html><rss/></html>",
        "<!doctype html><title>x</title>",
        "<!DOCTYPE HTML PUBLIC 'x'>\n<BODY>",
        "<HTML>",
    ] {
        assert!(matches!(refused(page), Error::WebPage), "{page}");
    }
    for other in [
        "",
        "x",
        "<opml/>",
        "<opml><channel/></opml>",
        "<<<&&&",
        "<rss",
        "</rss>",
        "<!--<rss/>-->",
        "\u{fffd}PNG\n<x:xmpmeta><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><r:Description/></r:RDF></x:xmpmeta>",
    ] {
        assert!(matches!(refused(other), Error::NotAFeed), "{other}");
    }
    let wrapped = "<x><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns=' http://purl.org/rss/1.0/'/></x>";
    assert!(
        repaired(wrapped).starts_with("<r:RDF"),
        "a feed within something else"
    );
}

#[test]
fn each_repair_is_told_with_its_line_and_column() {
    let (_, report) = with_report("<rss>\n é & b\n<a b=c></rss>\n\u{0}", &Limits::default());
    let told: Vec<_> = report
        .repairs
        .iter()
        .map(|r| (r.line, r.column, r.what))
        .collect();
    let expected = [
        (4, 1, "illegal character dropped"),
        (2, 4, "bare & escaped"),
        (3, 1, "element closed"),
        (3, 6, "attribute value quoted"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn notes_are_bounded_and_counts_are_not() {
    let (_, report) = with_report(&format!("<rss>{}</rss>", "& ".repeat(2_000)), &Limits::default());
    assert_eq!(report.repairs.len(), MAX_NOTES);
    assert_eq!(report.counts["bare & escaped"], 2_000);
}

#[test]
fn a_document_in_order_is_borrowed_and_one_that_is_not_comes_out_the_same_as_ever() {
    let repaired = |text: &str| {
        let repaired = repair(text, &Limits::default(), &mut Report::default()).expect("a feed");
        (
            matches!(repaired.text, Cow::Borrowed(_)),
            repaired.text.into_owned(),
        )
    };
    let feed = "<rss xmlns:a=\"urn:a&amp;b\"><channel><title a:b='&lt;&quot;'>é &amp; ]] &gt;</title>\
                <!-- c --><?x y?><item><![CDATA[<p>]]></item ><item /></channel></rss>\n";
    let document = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{feed}");
    assert_eq!(repaired(&document), (true, document.clone()));
    let written = "<?xml version='1.0' encoding='utf-8'?>";
    assert_eq!(repaired(&format!("{written}{feed}")), (false, document.clone()));
    let broken = document.replace("</title>", " & </title>");
    assert_eq!(
        repaired(&broken),
        (false, document.replace("</title>", " &amp; </title>"))
    );
}
