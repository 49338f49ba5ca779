//! One key figure over time as a small line chart.

use askama::Template;
use plotters::prelude::*;

use super::words;
use crate::report::input::{Trend, TrendPoint};

const WIDTH: u32 = 340;
const HEIGHT: u32 = 150;

/// plotters writes colours into the picture; `style.css` maps these four onto the page's own, so that they follow the
/// colour scheme. What they say here is right on white paper.
mod ink {
    use plotters::style::RGBColor;

    pub const GRID: RGBColor = RGBColor(0xd9, 0xdc, 0xe1);
    pub const AXIS: RGBColor = RGBColor(0x55, 0x5c, 0x66);
    pub const LINE: RGBColor = RGBColor(0x1f, 0x4e, 0x79);
    pub const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xfe);
}

/// The chart and the table that says the same.
#[derive(Template)]
#[template(path = "trend.html")]
pub struct Chart<'a> {
    number: usize,
    trend: &'a Trend,
    /// The newest value with its unit.
    latest: String,
    latest_period: String,
    description: String,
    unknown: u64,
    width: u32,
    height: u32,
    /// Marks and numbers alone: no text that was given to us is in it.
    plot: String,
    /// Below the axis: the first and the last period.
    ends: Option<(String, String)>,
    points: Vec<(&'a str, String, u64)>,
}

impl<'a> Chart<'a> {
    pub fn new(number: usize, trend: &'a Trend) -> Self {
        let latest = trend.points.iter().rev().find(|point| point.value.is_some());
        let shown = |point: &TrendPoint| {
            point.value.map_or("nothing to count".to_owned(), |value| with_unit(value, &trend.unit))
        };
        Self {
            number,
            latest: latest.map_or("–".to_owned(), shown),
            latest_period: latest.map_or_else(String::new, |point| point.period.clone()),
            description: describe(trend),
            unknown: trend.points.iter().map(|point| point.unknown).sum(),
            width: WIDTH,
            height: HEIGHT,
            plot: plot(trend),
            ends: match trend.points.as_slice() {
                [first, .., last] => Some((words::fitted(&first.period, 20), words::fitted(&last.period, 20))),
                _ => None,
            },
            points: trend.points.iter().map(|point| (point.period.as_str(), shown(point), point.unknown)).collect(),
            trend,
        }
    }
}

fn describe(trend: &Trend) -> String {
    let values = || trend.points.iter().filter_map(|point| Some((point, point.value?)));
    let (Some(first), Some(last)) = (values().next(), values().next_back()) else {
        return "No period has a value.".to_owned();
    };
    let (low, high) = values().fold((f64::MAX, f64::MIN), |(low, high), (_, value)| (low.min(value), high.max(value)));
    let said = |value: f64| with_unit(value, &trend.unit);
    format!(
        "{} in {}, {} in {}; lowest {}, highest {}.",
        said(first.1),
        first.0.period,
        said(last.1),
        last.0.period,
        said(low),
        said(high)
    )
}

/// `93.5 %`, `4 jobs`
fn with_unit(value: f64, unit: &str) -> String {
    format!("{} {unit}", number(value))
}

/// At most one decimal.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The marks of the chart, without the `<svg>` around them.
fn plot(trend: &Trend) -> String {
    let mut svg = String::new();
    draw(trend, &mut svg).expect("a String takes every mark");
    let from = svg.find("<svg").and_then(|at| svg[at..].find('>').map(|end| at + end + 1));
    let until = svg.rfind("</svg>");
    from.zip(until).map_or_else(String::new, |(from, until)| svg[from..until].to_owned())
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(trend: &Trend, svg: &mut String) -> Drawn {
    let highest = trend.points.iter().filter_map(|point| point.value).fold(0.0, f64::max);
    let top = match trend.unit.as_str() {
        "%" => 100.0_f64.max(highest),
        _ => nice_top(highest),
    };
    let last = trend.points.len().saturating_sub(1).max(1) as f64;
    let text = ("sans-serif", 13).into_font().color(&ink::AXIS);

    let area = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(10)
        .margin_right(14)
        .margin_bottom(20)
        .set_label_area_size(LabelAreaPosition::Left, 34)
        .build_cartesian_2d(0.0..last, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(TRANSPARENT)
        .bold_line_style(ink::GRID)
        .axis_style(ink::GRID)
        .y_labels(3)
        .y_label_formatter(&|value| number(*value))
        .y_label_style(text)
        .draw()?;

    for run in runs(&trend.points) {
        chart
            .draw_series(LineSeries::new(run.iter().map(|(at, value, _)| (*at, *value)), ink::LINE.stroke_width(2)))?;
    }
    // A hollow point: some things of its period could not be told.
    for (at, value, unknown) in runs(&trend.points).into_iter().flatten() {
        let fill = if unknown > 0 { ink::PAPER } else { ink::LINE };
        chart.draw_series([
            Circle::new((at, value), 3, fill.filled()),
            Circle::new((at, value), 3, ink::LINE.stroke_width(2)),
        ])?;
    }
    area.present()?;
    Ok(())
}

/// The values between periods without one: position, value, unknown.
fn runs(points: &[TrendPoint]) -> Vec<Vec<(f64, f64, u64)>> {
    let numbered: Vec<_> =
        points.iter().enumerate().map(|(at, point)| (at as f64, point.value, point.unknown)).collect();
    numbered
        .split(|(_, value, _)| value.is_none())
        .filter(|run| !run.is_empty())
        .map(|run| run.iter().filter_map(|(at, value, unknown)| Some((*at, (*value)?, *unknown))).collect())
        .collect()
}

/// The end of an axis that holds a value, at 1, 2, 5 or 10 times a power of ten.
fn nice_top(value: f64) -> f64 {
    if value <= 1.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(values: &[Option<f64>]) -> Trend {
        let points = values.iter().enumerate().map(|(at, value)| TrendPoint {
            period: format!("2026-W{at:02}"),
            value: *value,
            unknown: u64::from(at == 1),
        });
        Trend {
            name: "Jobs in a VPC".to_owned(),
            unit: "%".to_owned(),
            definition: "Jobs in a VPC of all jobs.".to_owned(),
            points: points.collect(),
        }
    }

    #[test]
    fn a_period_without_a_value_breaks_the_line() {
        let trend = trend(&[Some(1.0), Some(2.0), None, Some(3.0)]);
        assert_eq!(runs(&trend.points), [vec![(0.0, 1.0, 0), (1.0, 2.0, 1)], vec![(3.0, 3.0, 0)]]);
        assert_eq!(plot(&trend).matches("stroke-width=\"2\" points").count(), runs(&trend.points).len());
    }

    #[test]
    fn every_colour_of_a_plot_is_mapped_by_the_style_sheet() {
        let plot = plot(&trend(&[Some(1.0), Some(2.0)]));
        let style = include_str!("../../../templates/style.css");
        let colours: std::collections::BTreeSet<&str> =
            plot.match_indices("=\"#").map(|(at, _)| &plot[at + 2..at + 9]).collect();
        assert_eq!(colours.len(), 4, "{colours:?}");
        assert!(colours.iter().all(|colour| style.contains(*colour)), "{colours:?}");
        assert!(!plot.contains("style="), "the page's policy refuses inline style");
    }

    #[test]
    fn no_point_and_one_point_are_drawn() {
        assert!(Chart::new(0, &trend(&[])).description.starts_with("No period"));
        assert!(Chart::new(0, &trend(&[Some(f64::MIN_POSITIVE)])).plot.contains("<circle"));
        assert_eq!([nice_top(0.0), nice_top(3.0), nice_top(10.0), nice_top(1_400.0)], [1.0, 5.0, 10.0, 2_000.0]);
        assert_eq!([number(93.55), number(4.0)], ["93.5", "4"]);
    }
}
