//! HTML's elements, as data: which are kept, renamed or dropped, and how they nest.

/// The state the tokenizer must enter after a start tag (HTML §13.2.6.4, scripting off).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RawText {
    Script,
    Rawtext,
    Rcdata,
    Plaintext,
}

/// Whether the content of `name` is text whatever it looks like.
pub(super) fn raw_text(name: &str) -> Option<RawText> {
    match name {
        "script" => Some(RawText::Script),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawText::Rawtext),
        "textarea" | "title" => Some(RawText::Rcdata),
        "plaintext" => Some(RawText::Plaintext),
        _ => None,
    }
}

/// Raw-text elements that an XHTML author may have closed in the start tag: browsers would take the
/// rest of the article for their content, we do not.
pub(super) fn may_close_itself(name: &str) -> bool {
    matches!(name, "iframe" | "textarea" | "title")
}

/// Elements that mean another one: obsolete ones, AMP's, and what only matters as a block.
pub(super) fn renamed(name: &str) -> &str {
    match name {
        "image" | "amp-img" | "amp-anim" => "img",
        "amp-video" => "video",
        "amp-audio" => "audio",
        "amp-iframe" | "frame" => "iframe",
        "applet" => "object",
        "xmp" | "listing" | "plaintext" => "pre",
        "dir" | "menu" => "ul",
        "form" | "fieldset" | "dialog" | "search" => "div",
        other => other,
    }
}

/// Elements dropped with all they hold: nothing in them is for reading.
pub(super) fn is_dropped(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "template"
            | "svg"
            | "noembed"
            | "noframes"
            | "title"
            | "datalist"
            | "annotation"
            | "annotation-xml"
            | "frameset"
    )
}

/// Void elements that are not kept but worth a note: they load or act.
pub(super) fn is_noted(name: &str) -> bool {
    matches!(
        name,
        "form" | "input" | "button" | "link" | "meta" | "base" | "textarea" | "select" | "math"
    )
}

/// HTML tags that end an svg element although its end tag is missing (HTML §13.2.6.5).
pub(super) fn breaks_out_of_svg(name: &str) -> bool {
    matches!(
        name,
        "b" | "big"
            | "blockquote"
            | "body"
            | "br"
            | "center"
            | "code"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "em"
            | "embed"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "head"
            | "hr"
            | "i"
            | "img"
            | "li"
            | "listing"
            | "menu"
            | "meta"
            | "nobr"
            | "ol"
            | "p"
            | "pre"
            | "ruby"
            | "s"
            | "small"
            | "span"
            | "strong"
            | "strike"
            | "sub"
            | "sup"
            | "table"
            | "tt"
            | "u"
            | "ul"
            | "var"
    )
}

/// Elements of SVG whose children are HTML again.
pub(super) fn is_svg_integration_point(name: &str) -> bool {
    matches!(name, "foreignobject" | "desc" | "title")
}

/// Elements that only mark up words: bare, they do nothing in any reader.
pub(super) fn is_inert(name: &str) -> bool {
    matches!(
        name,
        "abbr"
            | "b"
            | "big"
            | "blink"
            | "blockquote"
            | "br"
            | "center"
            | "cite"
            | "code"
            | "del"
            | "dfn"
            | "div"
            | "em"
            | "font"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "hr"
            | "i"
            | "ins"
            | "kbd"
            | "li"
            | "mark"
            | "marquee"
            | "ol"
            | "p"
            | "pre"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "tt"
            | "u"
            | "ul"
            | "var"
    )
}

/// Elements without content.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
            | "col"
            | "embed"
            | "frame"
            | "hr"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Formatting elements: closed by another's end, they go on after it (HTML §13.2.4.3).
pub(super) fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b" | "big" | "code" | "em" | "font" | "i" | "s" | "small" | "strike" | "strong" | "tt" | "u"
    )
}

/// h1 to h6.
pub(super) fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// Start tags that end an open paragraph.
pub(super) fn closes_paragraph(name: &str) -> bool {
    is_heading(name)
        || matches!(
            name,
            "address"
                | "article"
                | "aside"
                | "blockquote"
                | "center"
                | "dd"
                | "details"
                | "div"
                | "dl"
                | "dt"
                | "figcaption"
                | "figure"
                | "footer"
                | "header"
                | "hgroup"
                | "hr"
                | "li"
                | "main"
                | "nav"
                | "ol"
                | "p"
                | "pre"
                | "section"
                | "summary"
                | "table"
                | "ul"
        )
}

/// Elements that an end tag of ordinary content does not reach across ("special", of those kept).
pub(super) fn is_special(name: &str) -> bool {
    closes_paragraph(name) || is_table_part(name)
}

/// The parts of a table.
pub(super) fn is_table_part(name: &str) -> bool {
    matches!(name, "caption" | "tbody" | "td" | "tfoot" | "th" | "thead" | "tr")
}

/// Parts of a table that hold ordinary content.
pub(super) fn is_cell(name: &str) -> bool {
    matches!(name, "caption" | "td" | "th")
}

/// True inside a table but outside its cells: no text may stand here.
pub(super) fn is_table_frame(name: &str) -> bool {
    matches!(name, "table" | "tbody" | "tfoot" | "thead" | "tr")
}

/// All that the rules of nesting ask of an element, told in one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(u8);

impl Kind {
    const FORMATTING: u8 = 1;
    const HEADING: u8 = 2;
    const CLOSES_PARAGRAPH: u8 = 4;
    const TABLE_PART: u8 = 8;
    const CELL: u8 = 16;
    const TABLE_FRAME: u8 = 32;
    const VOID: u8 = 64;

    /// What `name` is.
    pub(super) fn of(name: &str) -> Self {
        let all = [
            (Self::FORMATTING, is_formatting(name)),
            (Self::HEADING, is_heading(name)),
            (Self::CLOSES_PARAGRAPH, closes_paragraph(name)),
            (Self::TABLE_PART, is_table_part(name)),
            (Self::CELL, is_cell(name)),
            (Self::TABLE_FRAME, is_table_frame(name)),
            (Self::VOID, is_void(name)),
        ];
        let bits = all.iter().filter(|(_, is)| *is).map(|(bit, _)| bit);
        Self(bits.fold(0, |all, bit| all | bit))
    }

    const fn has(self, bits: u8) -> bool {
        self.0 & bits != 0
    }

    pub(super) const fn is_formatting(self) -> bool {
        self.has(Self::FORMATTING)
    }

    pub(super) const fn is_heading(self) -> bool {
        self.has(Self::HEADING)
    }

    pub(super) const fn closes_paragraph(self) -> bool {
        self.has(Self::CLOSES_PARAGRAPH)
    }

    pub(super) const fn is_table_part(self) -> bool {
        self.has(Self::TABLE_PART)
    }

    pub(super) const fn is_special(self) -> bool {
        self.has(Self::CLOSES_PARAGRAPH | Self::TABLE_PART)
    }

    pub(super) const fn is_cell(self) -> bool {
        self.has(Self::CELL)
    }

    pub(super) const fn is_table_frame(self) -> bool {
        self.has(Self::TABLE_FRAME)
    }

    pub(super) const fn is_void(self) -> bool {
        self.has(Self::VOID)
    }
}

/// True for the name of an element (or a well-known custom one) of HTML, SVG or MathML.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.binary_search(&name).is_ok()
}

/// Every element name of HTML (living and obsolete), SVG 1.1/2 and MathML, in lower case, sorted.
#[rustfmt::skip]
static KNOWN: &[&str] = &[
    "a", "abbr", "acronym", "address", "altglyph", "animate", "animatecolor", "animatemotion",
    "animatetransform", "annotation", "annotation-xml", "applet", "area", "article", "aside", "audio", "b",
    "base", "basefont", "bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br", "button",
    "canvas", "caption", "center", "circle", "cite", "clippath", "code", "col", "colgroup", "command",
    "content", "data", "datalist", "dd", "defs", "del", "desc", "details", "dfn", "dialog", "dir",
    "discard", "div", "dl", "dt", "ellipse", "em", "embed", "fecolormatrix", "feflood", "feimage",
    "fencedframe", "fieldset", "figcaption", "figure", "filter", "font", "footer", "foreignobject", "form",
    "frame", "frameset", "g", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html",
    "i", "iframe", "ilayer", "image", "img", "input", "ins", "isindex", "kbd", "keygen", "label", "legend",
    "li", "line", "lineargradient", "link", "listing", "maction", "main", "map", "mark", "marker",
    "marquee", "mask", "math", "menu", "menuitem", "merror", "meta", "metadata", "meter", "mfenced",
    "mfrac", "mglyph", "mi", "mlabeledtr", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mpath",
    "mphantom", "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup",
    "msup", "mtable", "mtd", "mtext", "mtr", "multicol", "munder", "munderover", "nav", "nextid", "nobr",
    "noembed", "noframes", "noscript", "object", "ol", "optgroup", "option", "output", "p", "param", "path",
    "pattern", "picture", "plaintext", "polygon", "polyline", "portal", "pre", "progress", "q",
    "radialgradient", "rb", "rect", "rp", "rt", "rtc", "ruby", "s", "samp", "script", "search", "section",
    "select", "selectedcontent", "semantics", "set", "shadow", "slot", "small", "source", "spacer", "span",
    "stop", "strike", "strong", "style", "sub", "summary", "sup", "svg", "switch", "symbol", "table",
    "tbody", "td", "template", "text", "textarea", "textpath", "tfoot", "th", "thead", "time", "title",
    "tr", "track", "tref", "tspan", "tt", "u", "ul", "use", "usermedia", "var", "video", "view", "wbr",
    "xmp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_known_names_is_sorted() {
        assert!(KNOWN.is_sorted());
    }
}
