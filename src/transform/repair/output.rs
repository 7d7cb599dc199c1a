//! What a walk writes. Most documents are in order, and a copy of one is a hundred pages that the kernel has to clear:
//! so as long as what is written is what the source holds, it is only counted.

use std::borrow::Cow;

use crate::transform::buffers;

/// Text that is written piece by piece, beside the source that it may be equal to.
#[derive(Debug)]
pub(super) struct Output<'s> {
    source: &'s str,
    /// How much of the source was written, before anything else was.
    same: usize,
    /// What was written, once it is something else.
    own: Option<String>,
}

impl<'s> Output<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            same: 0,
            own: None,
        }
    }

    /// All that was written.
    pub(super) fn into_text(self) -> Cow<'s, str> {
        match self.own {
            Some(own) => Cow::Owned(own),
            None => Cow::Borrowed(self.source.get(..self.same).unwrap_or_default()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match &self.own {
            Some(own) => own,
            None => self.source.get(..self.same).unwrap_or_default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.own.as_ref().map_or(self.same, String::len)
    }

    pub(super) fn push_str(&mut self, text: &str) {
        if self.goes_on_with(text) {
            self.same += text.len();
        } else {
            self.own().push_str(text);
        }
    }

    pub(super) fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    pub(super) fn truncate(&mut self, length: usize) {
        match &mut self.own {
            Some(own) => own.truncate(length),
            None => self.same = self.same.min(length),
        }
    }

    pub(super) fn insert_str(&mut self, at: usize, text: &str) {
        if !text.is_empty() {
            self.own().insert_str(at, text);
        }
    }

    /// Whether what was written is the source up to here, and `text` comes next in it.
    fn goes_on_with(&self, text: &str) -> bool {
        let next = || self.source.get(self.same..)?.get(..text.len());
        // A piece of the source at its own place need not be looked at.
        self.own.is_none() && next().is_some_and(|next| std::ptr::eq(next, text) || next == text)
    }

    fn own(&mut self) -> &mut String {
        self.own.get_or_insert_with(|| {
            let mut own = buffers::take_text(self.source.len() + self.source.len() / 16 + 64);
            own.push_str(self.source.get(..self.same).unwrap_or_default());
            own
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_borrowed_until_something_else_is_written() {
        let source = "<a>é</a>".to_owned();
        let mut out = Output::new(&source);
        out.push('<');
        out.push_str("a>");
        out.push('é');
        out.insert_str(2, "");
        out.push_str(&source["<a>é".len()..]);
        assert_eq!((out.len(), out.as_str()), (source.len(), source.as_str()));
        assert!(matches!(out.into_text(), Cow::Borrowed("<a>é</a>")));
    }

    #[test]
    fn whatever_is_done_to_it_is_done_as_to_a_string() {
        type Step = fn(&mut Output<'_>, &mut String);
        const STEPS: [Step; 6] = [
            |out, text| (out.push('a'), text.push('a')).0,
            |out, text| (out.push_str("bc"), text.push_str("bc")).0,
            |out, text| (out.push('é'), text.push('é')).0,
            |out, text| {
                let half = text.len() / 4 * 2;
                if text.is_char_boundary(half) {
                    out.truncate(half);
                    text.truncate(half);
                }
            },
            |out, text| (out.insert_str(0, "x"), text.insert(0, 'x')).0,
            |out, _| out.push_str(""),
        ];
        for source in ["", "abcé", "abcabc", "éa", "x"] {
            for steps in 0..STEPS.len().pow(5) {
                let (mut out, mut text) = (Output::new(source), String::new());
                let mut left = steps;
                for _ in 0..5 {
                    STEPS[left % STEPS.len()](&mut out, &mut text);
                    left /= STEPS.len();
                    assert_eq!((out.as_str(), out.len()), (text.as_str(), text.len()));
                }
                assert_eq!(out.into_text(), text);
            }
        }
    }
}
