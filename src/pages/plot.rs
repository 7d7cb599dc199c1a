//! Small bars, one a refresh, as SVG without a script. Pure.

use std::fmt::Write as _;

/// Width of the drawing in its own units; it is stretched to the page.
const WIDTH: usize = 336;
const HEIGHT: u64 = 48;
/// So many looks fill the width; fewer keep to the left.
pub(super) const LOOKS: usize = 56;

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) value: u64,
    /// Drawn over the full height, in the colour of trouble.
    pub(super) is_bad: bool,
}

/// The last bars, of which `fill` fill the width, the newest at the right end; `label` says to who does not see them
/// what they show. Nothing has no bar.
pub(super) fn bars(bars: &[Bar], fill: usize, label: &str) -> String {
    let bars = &bars[bars.len().saturating_sub(fill)..];
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0).max(1);
    let step = WIDTH / fill;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{label}\">"
    );
    for (place, bar) in bars.iter().enumerate() {
        let height = if bar.is_bad {
            HEIGHT
        } else {
            (bar.value * HEIGHT / most).max(bar.value.min(1))
        };
        if height == 0 {
            continue;
        }
        let class = if bar.is_bad { " class=\"bad\"" } else { "" };
        let _infallible = write!(
            svg,
            "<rect{class} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{height}\"/>",
            place * step,
            HEIGHT - height,
            step - 1,
        );
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn_to_the_highest_and_only_the_last_ones() {
        let all: Vec<_> = (0..100)
            .map(|value| Bar {
                value,
                is_bad: value == 99,
            })
            .collect();
        let svg = bars(&all, LOOKS, "sizes");
        assert_eq!(svg.matches("<rect").count(), LOOKS);
        assert_eq!(svg.matches("class=\"bad\"").count(), 1);
        assert_eq!(
            bars(&all[..2], 28, "days").matches("<rect").count(),
            1,
            "nothing has no bar"
        );
        assert!(bars(&[], LOOKS, "none").contains("aria-label=\"none\""));
    }
}
