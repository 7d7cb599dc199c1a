//! Markup that took one parser or another seconds or gigabytes once, of any size: for the test beside
//! and for `benches/ratios.rs`.

/// Makes one kind of it, about so many bytes.
pub(crate) type Bomb = Box<dyn Fn(usize) -> String>;

fn filled(begin: &'static str, piece: &'static str) -> Bomb {
    Box::new(move |size| format!("{begin}{}", piece.repeat(size / piece.len())))
}

/// A tag with as many attributes as fit.
fn flood(tag: &'static str, end: &'static str) -> Bomb {
    Box::new(move |size| {
        let attributes: Vec<String> = (0..size / 6).map(|n| format!("a{n:x}")).collect();
        format!("<{tag} {}>x{end}", attributes.join(" "))
    })
}

/// One attribute as long as all the rest.
fn long_value(tag: &'static str, piece: &'static str) -> Bomb {
    Box::new(move |size| format!("<{tag}=\"{}\">", piece.repeat(size / piece.len())))
}

/// All of them.
pub(crate) fn all() -> Vec<Bomb> {
    #[rustfmt::skip]
    const PIECES: &[&str] = &[
        // depth
        "<div>", "<ul><li>", "<p><div>", "<blockquote>", "<span>", "<table><tr><td>", "<dl><dd>", "<h1>", "<section>", "<font>",
        "<b>", "<b><i>", "<a href=x>", "<a href=x><div>", "<nobr>", "<ruby><rt>", "<select>", "<button>", "<form>", "<svg>", "<math>",
        "<svg><desc>", "<math><mi>", "<svg><foreignObject>", "<object>", "<video>", "<picture>", "<noscript>", "<template>",
        // formatting that must be closed and opened again
        "<b><p>x</b>", "<i><p>x", "<a href=x><p>x</a>", "<b>x<table>y</b>", "<table><b>x</b>", "<table>x", "<table><tr>x<td>",
        "<b><i><u><p>x</u></i></b>", "<b></p>", "</p>", "</b>", "</br>", "<p>x</div>", "<li>x", "<dt>x<dd>y", "<option>x", "<rb>x<rt>y",
        // characters
        "&amp;", "&", "&#x26;", "&nbsp;", "\u{a0}", "&lt;p&gt;", "&notin", "<", ">", "<<", "</", "<!", "<?", "\0", "\r",
        // comments and raw text
        "<!--", "<!-- --!>", "<!-->", "<!--x-->", "<![CDATA[", "<script>", "<style>", "<textarea>", "<title>", "<xmp>", "<plaintext>",
        "<iframe>", "<iframe/>", "<noembed>", "<!doctype html>",
        // addresses
        "<img src=https://wsrv.nl/?url=a.example/x>", "<a href='#x' id=x>", "<a name=x>", "<img srcset='a 1x, b 2x'>", "<embed src=//a.example>",
    ];
    let mut all: Vec<Bomb> = PIECES.iter().map(|piece| filled("", piece)).collect();
    all.extend([
        filled("<table>", "<b>x</b>"),
        filled("<table><tr>", "<td><b>x"),
        filled(
            "<p><i title=1><i title=2><i title=3><i title=4><i title=5>",
            "<p>y",
        ),
        filled("<b><b><b><i><u><s><tt>", "<div>x</div>"),
        filled("<a href=x>", "<div></a>"),
        filled("<select>", "<option>x"),
        filled("<svg>", "<p>x</p>"),
        filled("<pre>", "\n"),
        flood("p", ""),
        flood("p", "</p a"),
        flood("img src=x", ""),
        long_value("img src", "https://wsrv.nl/?url="),
        long_value("a href", "https://l.facebook.com/l.php?u="),
        long_value("img srcset", "https://a.example/x 1x,"),
        long_value("p title", "&amp;"),
        long_value("p title", "<"),
        long_value("iframe src", "//a.example/?url="),
    ]);
    all
}
