//! JSON Feed 1.1: what stands in a string, by its key.

use crate::transform::clean::Role;

/// What stands in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonNode {
    Html,
    /// Text that readers take for HTML when it looks like it.
    TextOrHtml,
    /// An address.
    Address(Role),
    Id,
}

static KEYS: &[(&str, JsonNode)] = &[
    ("content_html", JsonNode::Html),
    ("title", JsonNode::TextOrHtml),
    ("summary", JsonNode::TextOrHtml),
    ("content_text", JsonNode::TextOrHtml),
    ("description", JsonNode::TextOrHtml),
    ("user_comment", JsonNode::TextOrHtml),
    ("name", JsonNode::TextOrHtml),
    ("tags", JsonNode::TextOrHtml),
    ("image", JsonNode::Address(Role::Image)),
    ("banner_image", JsonNode::Address(Role::Image)),
    ("icon", JsonNode::Address(Role::Image)),
    ("favicon", JsonNode::Address(Role::Image)),
    ("avatar", JsonNode::Address(Role::Image)),
    ("url", JsonNode::Address(Role::Link)),
    ("external_url", JsonNode::Address(Role::Link)),
    ("home_page_url", JsonNode::Address(Role::Link)),
    ("id", JsonNode::Id),
];

/// Every key in the table, with what stands there.
pub fn json_nodes() -> impl Iterator<Item = (&'static str, JsonNode)> {
    KEYS.iter().copied()
}

/// What stands at `key`; `None`: the default rule.
#[must_use]
pub fn json_node(key: &str) -> Option<JsonNode> {
    KEYS.iter()
        .find(|(known, _)| *known == key)
        .map(|(_, node)| *node)
}
