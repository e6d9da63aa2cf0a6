//! Plots as SVG: bars beside each other or lines over time, with a line across for what is compared with.
//!
//! The colours follow the reader's light or dark scheme, and every axis names its unit.

use super::report::number;

/// A plot.
pub(super) struct Chart {
    /// What it shows.
    pub(super) title: String,
    /// What the values are, with their unit.
    pub(super) values: String,
    /// What is compared with: its name and its value.
    pub(super) mark: Option<(String, f64)>,
    /// The values.
    pub(super) data: Data,
}

/// The values of a plot.
pub(super) enum Data {
    /// One bar for each name; `None` where the value is beyond measure.
    Bars(Vec<(String, Option<f64>)>),
    /// Lines through points; what their first numbers are, and each line's name.
    Lines(String, Vec<(String, Vec<(f64, f64)>)>),
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 440.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 376.0;
const RIGHT: f64 = 820.0;
/// Where lines begin, and where bars do, which have their names before them.
const LEFT: f64 = 84.0;
const LEFT_OF_BARS: f64 = 250.0;
/// Values that differ by more than this are drawn by their logarithm.
const LINEAR_RATIO_MAX: f64 = 30.0;

const STYLE: &str = "\
svg{--ink:#1b2733;--faint:#d5dce3;--paper:#ffffff;--a:#1f6fb2;--b:#c2571a;--c:#2f7d4f;--mark:#b0243a}\
@media(prefers-color-scheme:dark){svg{--ink:#e3e9ef;--faint:#3a4652;--paper:#151b21;--a:#6cb2eb;\
--b:#f0975c;--c:#7ccf9c;--mark:#ff7d92}}\
text{font:13px system-ui,sans-serif;fill:var(--ink)}.title{font-size:17px;font-weight:600}\
.paper{fill:var(--paper)}.grid{stroke:var(--faint)}.axis{stroke:var(--ink)}\
.mark{stroke:var(--mark);stroke-width:1.5;stroke-dasharray:6 4}.mark-text{fill:var(--mark)}\
.line{fill:none;stroke-width:2}.s0{stroke:var(--a)}.s1{stroke:var(--b)}.s2{stroke:var(--c)}\
.t0,.bar{fill:var(--a)}.t1,.beyond{fill:var(--b)}.t2{fill:var(--c)}";

impl Chart {
    /// The plot as an SVG document.
    pub(super) fn svg(&self) -> String {
        let inside = match &self.data {
            Data::Bars(bars) => self.bars(bars),
            Data::Lines(steps, lines) => self.lines(steps, lines),
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
             {}{inside}</svg>\n",
            text("title", (24.0, 34.0), "start", &self.title),
            title = escaped(&self.title),
        )
    }

    fn bars(&self, bars: &[(String, Option<f64>)]) -> String {
        let known = bars.iter().filter_map(|(_, value)| *value);
        let values: Vec<f64> = known.chain(self.mark.as_ref().map(|mark| mark.1)).collect();
        let scale = Scale::of(&values, LEFT_OF_BARS, RIGHT - 40.0, true);
        let mut svg = String::new();
        for value in scale.ticks() {
            let x = scale.place(value);
            svg.push_str(&line("grid", (x, TOP), (x, BOTTOM)));
            svg.push_str(&text("", (x, BOTTOM + 20.0), "middle", &number(value)));
        }
        let count = u32::try_from(bars.len().max(1)).map_or(1.0, f64::from);
        let height = (BOTTOM - TOP) / count;
        let mut y = TOP;
        for (name, value) in bars {
            let (end, class, words) = match value {
                Some(value) => (scale.place(*value), "bar", number(*value)),
                None => (RIGHT - 40.0, "beyond", "never".to_owned()),
            };
            let (top, thick) = (y + height * 0.2, height * 0.6);
            let long = (end - LEFT_OF_BARS).max(1.0);
            svg.push_str(&format!(
                "<rect class=\"{class}\" x=\"{LEFT_OF_BARS}\" y=\"{top:.1}\" width=\"{long:.1}\" \
                 height=\"{thick:.1}\"/>\n"
            ));
            let middle = y + height / 2.0 + 4.0;
            svg.push_str(&text("", (LEFT_OF_BARS - 10.0, middle), "end", name));
            svg.push_str(&text("", (end + 6.0, middle), "start", &words));
            y += height;
        }
        if let Some((name, value)) = &self.mark {
            let x = scale.place(*value);
            svg.push_str(&line("mark", (x, TOP - 6.0), (x, BOTTOM)));
            svg.push_str(&text("mark-text", (x, TOP - 10.0), "middle", name));
        }
        svg.push_str(&line("axis", (LEFT_OF_BARS, TOP), (LEFT_OF_BARS, BOTTOM)));
        let middle = f64::midpoint(LEFT_OF_BARS, RIGHT);
        let values = if scale.by_logarithm {
            format!("{}, logarithmic", self.values)
        } else {
            self.values.clone()
        };
        svg.push_str(&text("", (middle, HEIGHT - 18.0), "middle", &values));
        svg
    }

    fn lines(&self, steps: &str, lines: &[(String, Vec<(f64, f64)>)]) -> String {
        let points = || lines.iter().flat_map(|(_, points)| points);
        let across: Vec<f64> = points().map(|point| point.0).collect();
        let up: Vec<f64> = points().map(|point| point.1).collect();
        let up: Vec<f64> = up.into_iter().chain(self.mark.as_ref().map(|mark| mark.1)).collect();
        let (x, y) = (
            Scale::of(&across, LEFT, RIGHT, false),
            // Upwards: a larger value is nearer to the top.
            Scale::of(&up, BOTTOM, TOP, false),
        );
        let mut svg = String::new();
        for value in y.ticks() {
            let place = y.place(value);
            svg.push_str(&line("grid", (LEFT, place), (RIGHT, place)));
            svg.push_str(&text("", (LEFT - 8.0, place + 4.0), "end", &number(value)));
        }
        for value in x.ticks() {
            svg.push_str(&text("", (x.place(value), BOTTOM + 20.0), "middle", &number(value)));
        }
        svg.push_str(&line("axis", (LEFT, BOTTOM), (RIGHT, BOTTOM)));
        let mut name_at = LEFT + 8.0;
        for (index, (name, points)) in lines.iter().enumerate() {
            let path: Vec<String> = points
                .iter()
                .map(|(a, b)| format!("{:.1},{:.1}", x.place(*a), y.place(*b)))
                .collect();
            let class = index % 3;
            svg.push_str(&format!(
                "<polyline class=\"line s{class}\" points=\"{}\"/>\n",
                path.join(" ")
            ));
            svg.push_str(&text(&format!("t{class}"), (name_at, TOP - 8.0), "start", name));
            name_at += 24.0 + 7.5 * u32::try_from(name.chars().count()).map_or(0.0, f64::from);
        }
        if let Some((name, value)) = &self.mark {
            let place = y.place(*value);
            svg.push_str(&line("mark", (LEFT, place), (RIGHT, place)));
            svg.push_str(&text("mark-text", (RIGHT, place - 6.0), "end", name));
        }
        svg.push_str(&text("", (f64::midpoint(LEFT, RIGHT), HEIGHT - 18.0), "middle", steps));
        svg.push_str(&format!(
            "<text transform=\"translate(22 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
            f64::midpoint(TOP, BOTTOM),
            escaped(&self.values)
        ));
        svg
    }
}

/// From values to places on the paper.
struct Scale {
    least: f64,
    most: f64,
    step: f64,
    from: f64,
    to: f64,
    by_logarithm: bool,
}

impl Scale {
    fn of(values: &[f64], from: f64, to: f64, may_be_logarithmic: bool) -> Self {
        let most = values.iter().copied().fold(0.0, f64::max).max(1e-3);
        let least = values.iter().copied().filter(|value| *value > 0.0).fold(most, f64::min);
        if may_be_logarithmic && most / least > LINEAR_RATIO_MAX {
            let least = 10_f64.powf(least.log10().floor());
            let most = 10_f64.powf(most.log10().ceil());
            return Self { least, most, step: 10.0, from, to, by_logarithm: true };
        }
        let step = step(most / 5.0);
        Self { least: 0.0, most: (most / step).ceil() * step, step, from, to, by_logarithm: false }
    }

    fn place(&self, value: f64) -> f64 {
        let share = if self.by_logarithm {
            (value.max(self.least) / self.least).log10() / (self.most / self.least).log10()
        } else {
            (value - self.least) / (self.most - self.least)
        };
        self.from + share * (self.to - self.from)
    }

    fn ticks(&self) -> Vec<f64> {
        let next = |value: &f64| {
            Some(if self.by_logarithm { value * self.step } else { value + self.step })
        };
        let ticks = std::iter::successors(Some(self.least), next);
        ticks.take_while(|value| *value <= self.most * 1.001).take(20).collect()
    }
}

/// The next of 1, 2 and 5 times a power of ten.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let fits = [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power).find(|step| *step >= least);
    fits.unwrap_or(10.0 * power)
}

fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> String {
    format!(
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>\n",
        from.0, from.1, to.0, to.1
    )
}

fn text(class: &str, (x, y): (f64, f64), anchor: &str, words: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
        escaped(words)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_that_hold_all_values() {
        let scale = Scale::of(&[3.0, 17.0], 0.0, 100.0, false);
        assert_eq!(scale.ticks(), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!((scale.place(0.0), scale.place(20.0)), (0.0, 100.0));
        let wide = Scale::of(&[2.0, 20_000.0], 0.0, 100.0, true);
        assert_eq!(wide.ticks(), [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0]);
        assert_eq!((wide.place(1.0), wide.place(100_000.0)), (0.0, 100.0));
        assert!(Scale::of(&[], 0.0, 1.0, false).ticks().len() > 1, "nothing to show is no panic");
    }

    #[test]
    fn a_plot_names_its_axes_and_escapes_what_it_is_given() {
        let lines = vec![("a & b".to_owned(), vec![(0.0, 1.0), (1.0, 2.0)])];
        let chart = Chart {
            title: "<all>".to_owned(),
            values: "deliveries per second".to_owned(),
            mark: Some(("bar".to_owned(), 3.0)),
            data: Data::Lines("seconds".to_owned(), lines),
        };
        let svg = chart.svg();
        for part in ["&lt;all&gt;", "a &amp; b", "deliveries per second", ">seconds<", ">bar<"] {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
        let bars = vec![("well".to_owned(), Some(2.0)), ("dead".to_owned(), None)];
        let chart = Chart { data: Data::Bars(bars), mark: None, ..chart };
        assert!(chart.svg().contains(">never<"));
    }
}
