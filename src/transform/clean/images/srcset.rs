//! The WHATWG srcset attribute (HTML §4.8.4.2.1): parsed as browsers do, so commas inside addresses stay.

/// One candidate: an address and what is said about it (`2x`, `640w`), or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate<'a> {
    pub address: &'a str,
    pub descriptor: &'a str,
}

impl Candidate<'_> {
    /// How large the picture is beside the others: its width, or its density as if 1x were 1000.
    pub(crate) fn size(&self) -> f64 {
        let number = |unit| {
            self.descriptor
                .strip_suffix(unit)
                .and_then(|n| n.parse::<f64>().ok())
        };
        number('w')
            .or_else(|| number('x').map(|x| x * 1000.0))
            .unwrap_or(1000.0)
    }
}

/// The candidates of an attribute; those with a broken descriptor are left out.
pub(crate) fn parse(srcset: &str) -> Vec<Candidate<'_>> {
    let mut candidates = Vec::new();
    let mut rest = srcset;
    loop {
        rest = rest.trim_start_matches(|c: char| is_space(c) || c == ',');
        if rest.is_empty() {
            return candidates;
        }
        let end = rest.find(is_space).unwrap_or(rest.len());
        let (mut address, tail) = rest.split_at(end);
        rest = tail;
        let mut descriptor = "";
        if address.ends_with(',') {
            address = address.trim_end_matches(',');
        } else {
            (descriptor, rest) = descriptors(rest);
        }
        if is_valid(descriptor) {
            candidates.push(Candidate { address, descriptor });
        }
    }
}

/// The descriptors up to the next comma that stands in no parentheses, and what follows.
fn descriptors(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return (text[..at].trim_matches(is_space), &text[at + 1..]),
            _ => {}
        }
    }
    (text.trim_matches(is_space), "")
}

/// Nothing, one width or one density. (A height may follow a width; browsers ignore it, we drop the pair.)
fn is_valid(descriptor: &str) -> bool {
    if descriptor.is_empty() {
        return true;
    }
    let number = |unit| descriptor.strip_suffix(unit);
    if let Some(width) = number('w') {
        return width.len() <= 9
            && width.bytes().all(|b| b.is_ascii_digit())
            && width.parse::<u32>().is_ok_and(|w| w > 0);
    }
    number('x').is_some_and(|density| {
        density.len() <= 9
            && density.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && density.parse::<f64>().is_ok_and(f64::is_finite)
    })
}

/// Appends a candidate whose address holds no white space.
pub(crate) fn push(out: &mut String, address: &str, descriptor: &str) {
    if !out.is_empty() {
        out.push_str(", ");
    }
    // A comma at either end would be read as a separator.
    let begin = address.len() - address.trim_start_matches(',').len();
    let end = address.trim_end_matches(',').len().max(begin);
    out.push_str(&"%2C".repeat(begin));
    out.push_str(&address[begin..end]);
    out.push_str(&"%2C".repeat(address.len() - end));
    if !descriptor.is_empty() {
        out.push(' ');
        out.push_str(descriptor);
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0c' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_read_as_browsers_read_them() {
        for (given, told) in [
            ("a.jpg", vec![("a.jpg", "")]),
            (" a.jpg 1x , b.jpg 2x", vec![("a.jpg", "1x"), ("b.jpg", "2x")]),
            (
                "a,b/c.jpg 640w, d,e 1280w",
                vec![("a,b/c.jpg", "640w"), ("d,e", "1280w")],
            ),
            ("a.jpg, b.jpg 1.5x", vec![("a.jpg", ""), ("b.jpg", "1.5x")]),
            ("a.jpg,b.jpg", vec![("a.jpg,b.jpg", "")]),
            ("a.jpg 1x,b.jpg 2x", vec![("a.jpg", "1x"), ("b.jpg", "2x")]),
            (
                "a.jpg 0w, b.jpg x, c.jpg -1x, d.jpg 1q, e.jpg 1w 2x, f.jpg 2w",
                vec![("f.jpg", "2w")],
            ),
            ("a.jpg (x,y) , b.jpg 2x", vec![("b.jpg", "2x")]),
            (",, ,a.jpg,,", vec![("a.jpg", "")]),
            ("", vec![]),
        ] {
            let found: Vec<_> = parse(given)
                .into_iter()
                .map(|c| (c.address, c.descriptor))
                .collect();
            assert_eq!(found, told, "{given:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut out = String::new();
        push(&mut out, "https://a.example/x,y,", "2x");
        push(&mut out, ",b", "");
        let read: Vec<_> = parse(&out)
            .into_iter()
            .map(|c| (c.address.to_owned(), c.descriptor))
            .collect();
        assert_eq!(
            read,
            [
                ("https://a.example/x,y%2C".to_owned(), "2x"),
                ("%2Cb".to_owned(), "")
            ]
        );
    }
}
