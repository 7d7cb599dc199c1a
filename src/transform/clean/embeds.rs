//! iframe, object and embed become a plain link to what they showed, or nothing.

/// What becomes of an embed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// A link (and a poster, as a picture) to what it showed.
    #[default]
    Link,
    /// Nothing.
    Strip,
}
