//! What a start tag does before it stands: it closes what it implies to be closed and opens what it
//! implies to be open.

use super::super::sanitize::{self, Element};
use super::{Nesting, Open};

impl Nesting {
    /// Closes what a start tag implies to be closed and opens what it implies to be open.
    pub(super) fn make_room(&mut self, element: &'static Element) -> bool {
        let (name, kind) = (element.name, element.kind);
        if kind.is_table_part() {
            return self.make_room_in_table(name);
        }
        if name == "table" && self.is_table_frame() {
            // A table right inside a table ends it.
            self.end("table");
        }
        self.enter_cell();
        match name {
            "li" => self.end_sibling(&["li"]),
            "dd" | "dt" => self.end_sibling(&["dd", "dt"]),
            "a" => self.end_link(),
            "rb" | "rtc" => self.end_ruby(&["dd", "dt", "li", "p", "rb", "rp", "rt", "rtc"]),
            "rp" | "rt" => self.end_ruby(&["dd", "dt", "li", "p", "rb", "rp", "rt"]),
            _ => {}
        }
        if kind.closes_paragraph() {
            if let Some(at) = self.open_paragraph() {
                self.close_to(at);
            }
            if kind.is_heading() && self.open.last().is_some_and(|top| top.kind.is_heading()) {
                self.close_to(self.open.len() - 1);
            }
        }
        self.close_ended();
        true
    }

    /// The paragraph that a block ends: as [`Self::reach`] would find it.
    fn open_paragraph(&self) -> Option<usize> {
        let is_bound = |open: &Open| open.name == "p" || open.name == "table" || open.kind.is_cell();
        let at = self.open.iter().rposition(is_bound)?;
        (self.open[at].name == "p").then_some(at)
    }

    fn make_room_in_table(&mut self, name: &'static str) -> bool {
        let Some(table) = self.open.iter().rposition(|open| open.name == "table") else {
            return false;
        };
        let parents: &[&str] = match name {
            "tr" => &["tbody", "thead", "tfoot"],
            "td" | "th" => &["tr"],
            _ => &[],
        };
        let parent = self.open[table..]
            .iter()
            .rposition(|open| parents.contains(&open.name))
            .map_or(table, |at| table + at);
        self.close_to(parent + 1);
        if parent == table {
            match name {
                "tr" => self.imply("tbody"),
                "td" | "th" => {
                    let group = self.open[table..]
                        .iter()
                        .any(|open| matches!(open.name, "tbody" | "thead" | "tfoot"));
                    if !group {
                        self.imply("tbody");
                    }
                    self.imply("tr");
                }
                _ => {}
            }
        }
        true
    }

    /// Content right inside a table gets a cell of its own, so that it stays in its place.
    pub(super) fn enter_cell(&mut self) {
        if self.is_table_frame() && self.make_room_in_table("td") {
            self.imply("td");
        }
    }

    fn imply(&mut self, name: &str) {
        let Some(element) = sanitize::kept(name) else {
            return;
        };
        let begin = self.out.len();
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        self.at_pre_start = false;
        self.push(element, begin..begin);
    }

    /// Ends an open item that a new one follows.
    fn end_sibling(&mut self, names: &[&str]) {
        for at in (0..self.open.len()).rev() {
            let (name, kind) = (self.open[at].name, self.open[at].kind);
            if names.contains(&name) {
                return self.close_to(at);
            }
            if kind.is_special() && !matches!(name, "address" | "div" | "p") {
                return;
            }
        }
    }

    /// A link cannot stand in a link: the open one ends, with all that is open in it.
    fn end_link(&mut self) {
        let floor = self.floor();
        let mut at = 0;
        self.pending.retain(|open| {
            at += 1;
            at <= floor || open.name != "a"
        });
        if let Some(at) = self.in_cell(|open| open.name == "a") {
            self.open[at].ended = true;
            self.close_to(at);
        }
    }

    /// Inside ruby, its parts end one another (with all whose end tags may be missing).
    fn end_ruby(&mut self, names: &[&str]) {
        if self.in_cell(|open| open.name == "ruby").is_none() {
            return;
        }
        while self.open.last().is_some_and(|top| names.contains(&top.name)) {
            self.close_to(self.open.len() - 1);
        }
    }
}
