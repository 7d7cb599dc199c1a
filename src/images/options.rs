//! How pictures are fetched and kept.

use std::path::PathBuf;
use std::time::Duration;

/// What becomes of SVG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Svg {
    /// Refused.
    #[default]
    Block,
    /// Served in a sandbox, as an attachment.
    Sandbox,
}

/// How pictures are fetched and kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of one picture.
    pub max_size: usize,
    /// Pixels (width × height) of one picture, from its header.
    pub max_pixels: u64,
    /// Pixels of a picture's longer side, from its header.
    pub max_side: u64,
    /// Bytes kept in memory.
    pub memory: u64,
    /// Bytes of a picture that is kept in memory too; a larger one is on disk only, and streamed from there.
    pub memory_each: usize,
    /// Bytes kept on disk, in [`Options::folder`].
    pub disk: u64,
    /// Bytes that stay free on that disk: below, old pictures go and new ones are not kept there.
    pub disk_free: u64,
    /// Where pictures are kept on disk. `None`: in memory only.
    pub folder: Option<PathBuf>,
    /// What becomes of SVG.
    pub svg: Svg,
    /// Whether Exif, XMP and comments are removed (orientation and colour profile stay).
    pub strip_metadata: bool,
    /// Pixels of a picture's width as it is served; 0: as it came.
    pub max_width: u32,
    /// Bytes that making one picture smaller may take.
    pub resize_memory: u64,
    /// The hash of the token that opens the compatible endpoint, `/w/TOKEN/?url=…`; `None`: closed.
    pub compatible: Option<blake3::Hash>,
    /// Whether pictures are fetched before anyone reads.
    pub prefetch: bool,
    /// The longest random wait before a picture is prefetched.
    pub prefetch_delay: Duration,
    /// The least time between two pictures prefetched from one host.
    pub prefetch_pace: Duration,
    /// Pictures waiting to be prefetched at once; more are fetched when they are read.
    pub prefetch_queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_size: 10 << 20,
            max_pixels: 50_000_000,
            max_side: 16_384,
            memory: 32 << 20,
            memory_each: 256 << 10,
            disk: 2 << 30,
            disk_free: 512 << 20,
            folder: None,
            svg: Svg::Block,
            strip_metadata: true,
            max_width: 0,
            resize_memory: 96 << 20,
            compatible: None,
            prefetch: true,
            // The feed's own origin knows when we fetched the feed; a minute is enough to hide the order.
            prefetch_delay: Duration::from_mins(1),
            prefetch_pace: Duration::from_millis(500),
            prefetch_queue: 2_000,
        }
    }
}
