//! Key figures over time, one chart each. What a figure counts is written in the question that it comes from.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::Asked;
use crate::error::Result;
use crate::query::rows::parse;
use crate::report::input::{Trend, TrendPoint};

type Row = Map<String, Value>;

/// Where a chart comes from.
struct Source {
    name: &'static str,
    unit: &'static str,
    definition: &'static str,
    question: &'static str,
    /// What rows of the question must have to be in the chart.
    only: &'static [(&'static str, &'static str)],
    /// The column of the values; several rows of one period are summed where the unit is a number of things.
    value: &'static str,
    /// The columns of what could not be told.
    unknown: &'static [&'static str],
}

const SOURCES: [Source; 5] = [
    Source {
        name: "Jobs in a VPC",
        unit: "%",
        definition: "of the jobs created in the month whose network is known (query jobs_in_vpc_by_period)",
        question: "jobs_in_vpc_by_period",
        only: &[("period", "month"), ("job_kind", "all")],
        value: "percent_in_vpc",
        unknown: &["unknown"],
    },
    Source {
        name: "Jobs that lost a security group",
        unit: "jobs",
        definition: "jobs requested in the month of which a group no longer exists (query violations_by_control_and_month)",
        question: "violations_by_control_and_month",
        only: &[("control", "job_security_groups_exist")],
        value: "violations",
        unknown: &["undetermined"],
    },
    Source {
        name: "Non-compliant detections",
        unit: "findings",
        definition: "jobs and controls that the rule first found not met in the week (query detections_by_week)",
        question: "detections_by_week",
        only: &[],
        value: "detected",
        unknown: &["undetermined"],
    },
    Source {
        name: "Median time to remediate a job outside a VPC",
        unit: "hours",
        definition: "from detection to remedy, by month of detection, of the cases that have one (query \
                     time_to_remediate_percentiles)",
        question: "time_to_remediate_percentiles",
        only: &[("period", "month"), ("control", "job_in_vpc")],
        value: "p50_hours",
        unknown: &["open", "unknown"],
    },
    Source {
        name: "Jobs failed through drift of their network",
        unit: "jobs",
        definition: "failed jobs whose network had changed and whose failure names it (query \
                     jobs_failed_through_drift_by_month)",
        question: "jobs_failed_through_drift_by_month",
        only: &[],
        value: "through_drift",
        unknown: &["cause_unknown"],
    },
];

/// The charts that have anything in them.
pub async fn trends(asked: &Asked<'_>) -> Result<Vec<Trend>> {
    let mut trends = Vec::new();
    for source in &SOURCES {
        let rows = parse(&asked.answer(source.question).await?, source.question)?;
        trends.extend(source.trend(&rows));
    }
    Ok(trends)
}

impl Source {
    fn trend(&self, rows: &[Row]) -> Option<Trend> {
        let mut points = Vec::<TrendPoint>::new();
        let is_shown = |row: &&Row| self.only.iter().all(|(column, value)| row[*column] == *value);
        for row in rows.iter().filter(is_shown) {
            let Some(period) = self.period(row) else { continue };
            let (value, unknown) =
                (number(&row[self.value]), self.unknown.iter().map(|column| count(&row[*column])).sum());
            match points.last_mut().filter(|last| last.period == period) {
                Some(last) => {
                    last.value = [last.value, value].into_iter().flatten().reduce(|one, other| one + other);
                    last.unknown += unknown;
                }
                None => points.push(TrendPoint { period, value, unknown }),
            }
        }
        let [name, unit, definition] = [self.name, self.unit, self.definition].map(str::to_owned);
        (!points.is_empty()).then_some(Trend { name, unit, definition, points })
    }

    /// `2026-02`, or `2026-W07` of a question by week. What has no month is in no chart.
    fn period(&self, row: &Row) -> Option<String> {
        let starts_at: DateTime<Utc> = row["starts_at"].as_str()?.parse().ok()?;
        let form = if self.question.ends_with("_by_week") { "%G-W%V" } else { "%Y-%m" };
        Some(starts_at.format(form).to_string())
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(rows: &Value) -> Vec<Row> {
        serde_json::from_value(rows.clone()).expect("rows")
    }

    #[test]
    fn a_chart_has_the_rows_of_its_own_and_what_could_not_be_told() {
        let jobs_in_vpc = rows(&json!([
            {"period": "month", "starts_at": "2026-02-01T00:00:00Z", "job_kind": "all", "percent_in_vpc": 75.5, "unknown": 2},
            {"period": "month", "starts_at": "2026-02-01T00:00:00Z", "job_kind": "model_import", "percent_in_vpc": 1, "unknown": 9},
            {"period": "month", "starts_at": "2026-03-01T00:00:00Z", "job_kind": "all", "percent_in_vpc": null, "unknown": 1},
            {"period": "week", "starts_at": "2026-03-02T00:00:00Z", "job_kind": "all", "percent_in_vpc": 3, "unknown": 0},
        ]));
        let found = SOURCES[0].trend(&jobs_in_vpc).expect("a chart");
        let point = |period: &str, value, unknown| TrendPoint { period: period.to_owned(), value, unknown };
        assert_eq!(found.points, [point("2026-02", Some(75.5), 2), point("2026-03", None, 1)]);
        assert_eq!(SOURCES[0].trend(&[]), None);
    }

    #[test]
    fn the_rows_of_a_week_are_summed() {
        let detections = rows(&json!([
            {"starts_at": "2026-12-28T00:00:00Z", "control": "a", "detected": 2, "undetermined": 0},
            {"starts_at": "2026-12-28T00:00:00Z", "control": "b", "detected": 3, "undetermined": 1},
        ]));
        let found = SOURCES[2].trend(&detections).expect("a chart");
        assert_eq!(found.points, [TrendPoint { period: "2026-W53".to_owned(), value: Some(5.0), unknown: 1 }]);
    }
}
