//! Markup made to tell the two ways apart: for the test beside, and for `examples/both_ways.rs`, which
//! goes on for as long as one likes.

/// Numbers that are the same in every run (xorshift64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }

    pub(crate) fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "p", "div", "b", "i", "em", "strong", "small", "span", "a", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3",
    "blockquote", "figure", "figcaption", "pre", "code", "u", "s", "tt", "big", "strike", "sub", "sup", "q", "cite",
    "section", "article", "details", "summary", "address", "center", "font", "abbr", "time", "del", "ins", "nav",
    "main", "header", "footer", "aside", "mark", "samp", "var", "kbd", "dfn", "acronym", "table", "table", "ruby",
    "picture", "video", "audio", "bdi", "data", "hgroup",
];

/// Elements that the scan must hand over, and void ones.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "br", "hr", "wbr", "img", "br /", "hr/", "img/", "table", "tr", "td", "th", "tbody", "caption", "script", "style",
    "svg", "math", "noscript", "title", "textarea", "select", "option", "input", "button", "form", "video", "audio",
    "source", "picture", "iframe", "object", "embed", "ruby", "rt", "rb", "nobr", "listing", "xmp", "plaintext",
    "template", "image", "P", "DIV", "b/", "p/", "hgroup", "bdo", "data", "x-y", "frameset", "body", "html", "label",
];

#[rustfmt::skip]
const ATTRIBUTES: &[&str] = &[
    " class=\"a b\"", " style='color: #999'", " style=\"width:1px\"", " style=\"display:none\"", " id=\"n1\"", " id=n2",
    " href=\"https://a.example/x?y=1&z=2\"", " href=\"/rel?utm_source=rss&amp;b=1\"", " href='#n1'", " href=\"\"",
    " href=\"javascript:x\"", " href=\"https://page.example/post#n1\"", " href=\"mailto:a@b.example\"", " href=\"#\"",
    " href=\"https://www.google.com/url?q=https://t.example/\"", " href=\"https://www.facebook.com/sharer?u=x\"",
    " href=\"https://wsrv.nl/?url=a.example/x.png\"", " href=\" https://a.example/ä b \"", " href=\"http://a.example/&copy=1\"",
    " src=\"https://images.weserv.nl/?url=static.a.example/1.jpg\"", " src=\"https://a.example/p.png?x&amp;y\"",
    " src=\"/b.png\"", " src=\"data:image/png;base64,AA\"", " src=\"https://pixel.wp.com/b.gif\"", " src=x",
    " src=\"https://www.youtube.com/embed/abc?x=1\"", " src=\"https://player.example/v\"", " data-src=\"https://a.example/l.png\"",
    " srcset=\"https://a.example/1.png 1x, https://a.example/2.png 2x\"", " width=\"100%\"", " width=1", " height=\"1\"",
    " alt=\"a &lt; b &quot;c&quot; > d\"", " alt=''", " alt", " title=\"T &amp; t\"", " title='&nbsp;é&#8217;'", " lang=\"en\"",
    " dir=\"rtl\"", " dir=up", " hidden", " onclick=\"x()\"", " rel=\"ArticleRef\"", " target=\"_blank\"", " open",
    " class=a class=b", " title=a title=b", " Class=\"x\"", " data-x=\"<p>\"", " a<b=\"c\"", " /", " =x", " \u{a0}=x",
    " loading=\"lazy\"", " sizes=\"10vw\"", " datetime=\"2026\"", " start=\"3\"", " reversed", " type=\"a\"", " color=\"red\"",
    "\nclass=\"x\"\n", " title=\"a\nb\"", " width=\"10\"height=\"10\"", " name=\"n1\"", " srcdoc=\"<p>\"", " allowfullscreen=\"\"",
    " href=\"https://a.example/a'b\"", " href='https://a.example/\"q\"'", " title=\"&amp\"", " title=\"&amp=\"", " title=\"&notit;\"",
];

#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "word", " ", "\n", "\n\n", "é", "，。：", "中文字", "a > b", "a < b", "a & b", "&amp;", "&lt;p&gt;", "&#60;", "&nbsp;", "\u{a0}",
    "&#8217;", "&#x27;", "&eacute;", "&copy", "&copy;", "&notit;", "&#0;", "&#128;", "&#xFFFE;", "&#+38;", "&#x+26;", "&;", "&", "&&amp;", "&x=1",
    "\"q\"", "'", "`", "\u{feff}", "\u{fffd}", "\u{ffff}", "\u{1}", "\0", "\r\n", "\r", "\t", "\u{85}", "\u{2028}", "￥", "ﻀ", "\u{200b}",
    "<!-- c -->", "<!---->", "<!-->", "<!--->", "<!--x--!>", "<!-- <p> -->", "<!-- a > b -->", "<!--", "<!x>", "<?x?>", "</>", "< p>", "<", ">",
    "]]>", "<![CDATA[x]]>", "&am<!-- -->p;", "<<!-- -->b>", "&NewLine;", "&Tab;", "&zwj;", "&acE;", "&#38;amp;", "&amp;lt;",
];

/// Markup that is nearly in order.
pub(crate) fn markup(dice: &mut Dice) -> String {
    let mut out = String::new();
    let mut open: Vec<&str> = Vec::new();
    // Some fields are in perfect order, some hold one mistake in a few pieces.
    let wild = [0, 0, 1, 4, 30][dice.below(5)];
    for _ in 0..dice.below(24) {
        let astray = dice.below(100) < wild;
        match dice.below(10) {
            0..=2 => {
                let name = match (open.last(), astray) {
                    (_, true) => dice.of(OTHERS),
                    (Some(&("ul" | "ol")), false) => "li",
                    (Some(&"dl"), false) => dice.of(&["dt", "dd"]),
                    (Some(&"table"), false) => dice.of(&["tbody", "tbody", "thead", "caption", "tr"]),
                    (Some(&("tbody" | "thead")), false) => "tr",
                    (Some(&"tr"), false) => dice.of(&["td", "td", "th"]),
                    (Some(&"ruby"), false) => dice.of(&["rt", "rp", "rb", "rtc"]),
                    (Some(&"picture"), false) => dice.of(&["source", "img"]),
                    _ => dice.of(NAMES),
                };
                start(name, dice, &mut out, wild);
                if !name.contains('/') && !matches!(name, "br" | "hr" | "wbr" | "img" | "source") {
                    open.push(name);
                }
            }
            3 => {
                let name = dice.of(&["br", "hr", "img", "img", "wbr", "br /", "img /"]);
                start(name, dice, &mut out, wild);
            }
            4 => {
                start("iframe", dice, &mut out, wild);
                out.push_str(if astray { dice.of(TEXTS) } else { " " });
                out.push_str("</iframe>");
            }
            5..=6 => {
                if astray {
                    out.push_str(&format!("</{}>", dice.of(NAMES)));
                } else if let Some(name) = open.pop() {
                    out.push_str(&format!("</{name}>"));
                }
            }
            _ => {
                // The first half of the plain ones does no harm anywhere.
                out.push_str(if wild > 0 {
                    dice.of(TEXTS)
                } else {
                    dice.of(&TEXTS[..22])
                });
            }
        }
    }
    if dice.below(4) > 0 {
        while let Some(name) = open.pop() {
            out.push_str(&format!("</{name}>"));
        }
    }
    // Long fields are looked at once more before they are cleaned.
    if dice.below(40) == 0 {
        out.push_str(&"中文 ".repeat(700));
    }
    out
}

fn start(name: &str, dice: &mut Dice, out: &mut String, wild: usize) {
    out.push('<');
    let (name, slash) = name.split_once(' ').unwrap_or((name, ""));
    out.push_str(name);
    let most = if matches!(name, "img" | "a" | "iframe") {
        4
    } else {
        2
    };
    for _ in 0..dice.below(most) {
        out.push_str(if wild > 0 {
            dice.of(ATTRIBUTES)
        } else {
            dice.of(&ATTRIBUTES[..45])
        });
    }
    out.push_str(slash);
    out.push('>');
}

/// One byte (or a few) changed, taken out or doubled.
pub(crate) fn mutated(html: &str, dice: &mut Dice) -> String {
    const SPICE: &[u8] = b"<>&;\"'=/ !-\n\tapbi#x0\x00\x0c\r";
    let mut bytes = html.as_bytes().to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len().max(1));
        match dice.below(3) {
            0 if at < bytes.len() => bytes[at] = SPICE[dice.below(SPICE.len())],
            1 if at < bytes.len() => {
                let to = (at + 1 + dice.below(6)).min(bytes.len());
                bytes.drain(at..to);
            }
            _ => bytes.insert(at.min(bytes.len()), SPICE[dice.below(SPICE.len())]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
