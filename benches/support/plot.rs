//! Plots for `docs/`, as SVG without a script: lines through points, on axes that begin at zero unless they are
//! logarithmic. Readable on light and dark pages.

use std::fmt::Write as _;
use std::path::Path;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
/// Room for what stands around the axes: left, right (names of lines), top, bottom.
const MARGINS: [f64; 4] = [64.0, 150.0, 40.0, 48.0];
/// Marks on an axis, about.
const TICKS: f64 = 5.0;
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600}.grid{stroke:#8884;stroke-width:1}.line{fill:none;stroke-width:2}.l0{stroke:#2563a8}.l1{stroke:#c2571a}.l2{stroke:#2e7d4f}.l3{stroke:#8a4fa3}circle.l0{fill:#2563a8}circle.l1{fill:#c2571a}circle.l2{fill:#2e7d4f}circle.l3{fill:#8a4fa3}@media(prefers-color-scheme:dark){text{fill:#ddd}.l0{stroke:#6aa9ea}.l1{stroke:#f0955c}.l2{stroke:#6fc391}.l3{stroke:#c796dd}circle.l0{fill:#6aa9ea}circle.l1{fill:#f0955c}circle.l2{fill:#6fc391}circle.l3{fill:#c796dd}}";

/// Points joined by a line.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// One drawing.
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    /// What is told from left to right, and upwards.
    pub(crate) axes: [&'static str; 2],
    /// Whether equal steps to the right are equal factors.
    pub(crate) logarithmic: bool,
    pub(crate) lines: Vec<Line>,
}

impl Plot {
    /// Writes `docs/plot-NAME.svg`.
    pub(crate) fn write(&self, name: &str) {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        std::fs::write(docs.join(format!("plot-{name}.svg")), self.svg()).expect("written");
    }

    fn svg(&self) -> String {
        let [left, right, top, bottom] = MARGINS;
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(f64::MIN_POSITIVE, f64::max);
        let (step, highest) = nice(most(|point| point.1));
        let least = all().map(|point| point.0).fold(f64::INFINITY, f64::min);
        let (begin, end) = match self.logarithmic {
            true => (least.ln(), most(|point| point.0).ln()),
            false => (0.0, most(|point| point.0)),
        };
        let x = |value: f64| {
            let at = if self.logarithmic { value.ln() } else { value };
            left + (at - begin) / (end - begin) * (WIDTH - left - right)
        };
        let y = |value: f64| HEIGHT - bottom - value / highest * (HEIGHT - top - bottom);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n<text class=\"title\" x=\"{left}\" y=\"18\">{}</text>\n",
            self.title, self.title
        );
        let mut add = |line: String| {
            svg.push_str(&line);
            svg.push('\n');
        };
        let mut value = 0.0;
        while value <= highest * 1.001 {
            let (at, end) = (y(value), WIDTH - right);
            add(format!(
                "<path class=\"grid\" d=\"M{left} {at:.1}H{end}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 8.0,
                at + 4.0,
                short(value)
            ));
            value += step;
        }
        for value in self.marks(most(|point| point.0)) {
            add(format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                x(value),
                HEIGHT - bottom + 18.0,
                short(value)
            ));
        }
        let middle = left + (WIDTH - left - right) / 2.0;
        add(format!(
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text x=\"{left}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            HEIGHT - 8.0,
            self.axes[0],
            top - 14.0,
            self.axes[1]
        ));
        let mut free = f64::INFINITY;
        // Names stand at the ends of their lines, from the lowest line up, none on another.
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        let last = |at: &usize| self.lines[*at].points.last().map_or(0.0, |point| point.1);
        order.sort_by(|a, b| last(a).total_cmp(&last(b)));
        for at in order {
            let line = &self.lines[at];
            let mut path = String::new();
            for (number, point) in line.points.iter().enumerate() {
                let _ = write!(
                    path,
                    "{}{:.1} {:.1}",
                    if number == 0 { 'M' } else { 'L' },
                    x(point.0),
                    y(point.1)
                );
            }
            add(format!("<path class=\"line l{at}\" d=\"{path}\"/>"));
            for point in &line.points {
                add(format!(
                    "<circle class=\"l{at}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                    x(point.0),
                    y(point.1)
                ));
            }
            free = (y(last(&at)) + 4.0).min(free - 16.0);
            add(format!(
                "<text x=\"{:.1}\" y=\"{free:.1}\">{}</text>",
                WIDTH - right + 10.0,
                line.name
            ));
        }
        svg + "</svg>\n"
    }

    /// Where the lower axis is marked.
    fn marks(&self, most: f64) -> Vec<f64> {
        if self.logarithmic {
            let mut all: Vec<f64> = self
                .lines
                .iter()
                .flat_map(|line| &line.points)
                .map(|p| p.0)
                .collect();
            all.sort_by(f64::total_cmp);
            all.dedup();
            return all;
        }
        let (step, _) = nice(most);
        let mut marks = vec![0.0];
        while marks[marks.len() - 1] + step <= most * 1.001 {
            marks.push(marks[marks.len() - 1] + step);
        }
        marks
    }
}

/// A round step of which about [`TICKS`] hold `most`, and the multiple of it that does.
fn nice(most: f64) -> (f64, f64) {
    let rough = most / TICKS;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    (step, (most / step).ceil() * step)
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
