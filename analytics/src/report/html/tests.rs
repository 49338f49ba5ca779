//! The page as a whole: what it says, and that nothing of a log becomes markup.

use chrono::{DateTime, Utc};

use super::*;
use crate::report::finding::Finding;
use crate::report::input::{Citation, DayCoverage, Facts, Lane, Mark, MarkKind, Trend, TrendPoint};

const AS_OF: &str = "2026-03-30T12:05:00Z";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

pub fn facts() -> Facts {
    Facts {
        as_of: time(AS_OF),
        is_strict: false,
        lake: "bedrock-audit-demo/lake".to_owned(),
        tool_version: "0.1.0".to_owned(),
        first_delivery: Some(time("2026-02-01T12:05:00Z")),
        last_delivery: Some(time(AS_OF)),
        log_files: 90,
        accounts: 2,
        regions: 2,
        log_files_set_aside: 1,
        records_set_aside: 0,
        csv_file: Some("report.csv".to_owned()),
    }
}

pub fn finding(job: &str, control: ControlId, verdict: Verdict) -> Finding {
    Finding {
        account_id: "111122223333".to_owned(),
        aws_region: "eu-west-1".to_owned(),
        requested_at: Some(time("2026-02-10T08:00:00Z")),
        principal_arn: Some("arn:aws:sts::111122223333:assumed-role/ml/ann".to_owned()),
        request_event_id: None,
        job_kind: "model_customization".to_owned(),
        job_name: Some(job.to_owned()),
        job_arn: None,
        control,
        verdict,
        reason: "a reason".to_owned(),
        next_step: None,
        resource_id: None,
        cited_event_id: Some("0983bd42-b451-4442-993b-235f01dd9844".to_owned()),
        cited_log_file: Some("trail/x.json.gz".to_owned()),
        cited_record_index: Some(6),
        cited_log_file_state: Some("not_attested".to_owned()),
        cited_digest_file: None,
    }
}

/// A report with every field that a log can fill filled with one text, or with harmless ones.
fn input(hostile: Option<&str>) -> Input {
    let say = |usual: &str| hostile.unwrap_or(usual).to_owned();
    let mut findings = vec![
        finding("lost-its-group", ControlId::JobInVpc, Verdict::Compliant),
        finding("lost-its-group", ControlId::JobSecurityGroupsExist, Verdict::NonCompliant),
        finding("lost-its-group", ControlId::JobNetworkTagged, Verdict::Undetermined),
        finding("as-it-should-be", ControlId::JobInVpc, Verdict::Compliant),
        finding("masked", ControlId::JobInVpc, Verdict::Undetermined),
    ];
    findings[2].next_step = Some("ingest from 2026-01-01".to_owned());
    if let Some(text) = hostile {
        for finding in &mut findings {
            let text = || Some(text.to_owned());
            finding.principal_arn = text();
            finding.job_name = text();
            finding.job_arn = text();
            finding.next_step = text();
            finding.resource_id = text();
            finding.cited_event_id = text();
            finding.cited_log_file = text();
            finding.cited_log_file_state = text();
            finding.cited_digest_file = text();
            for field in [&mut finding.account_id, &mut finding.aws_region, &mut finding.job_kind, &mut finding.reason]
            {
                *field = text().unwrap_or_default();
            }
        }
    }
    let citation =
        Citation { event_id: Some(say("f4f3de6b")), log_file: Some(say("trail/y.json.gz")), record_index: Some(7) };
    let mark = |lane: Lane, kind: MarkKind, at: &str, what: &str| Mark {
        lane,
        kind,
        at: time(at),
        what: say(what),
        who: Some(say("arn:aws:sts::111122223333:assumed-role/deploy/ci")),
        citation: citation.clone(),
    };
    let group = || Lane::SecurityGroup { id: say("sg-01e5968a3e287f551"), name: Some(say("invoice-training")) };
    let interface = || Lane::Interface { id: say("eni-0112a34f300abeb92") };
    let marks = vec![
        mark(group(), MarkKind::Began, "2026-02-09T08:00:00Z", "the group was created"),
        mark(Lane::Job, MarkKind::Began, "2026-02-10T08:00:00Z", "the job was requested, in a VPC"),
        mark(interface(), MarkKind::Began, "2026-02-10T08:00:40Z", "Bedrock made an interface"),
        mark(group(), MarkKind::RulesChanged, "2026-02-10T20:00:00Z", "it began to allow traffic out"),
        mark(group(), MarkKind::DeletionRefused, "2026-02-11T08:00:00Z", "its deletion was refused"),
        mark(interface(), MarkKind::Ended, "2026-02-11T12:00:00Z", "the interface was deleted"),
        mark(group(), MarkKind::Ended, "2026-02-12T09:41:07Z", "the group was deleted"),
    ];
    let day = |date: &str, attested_hours: u32, gap_hours: u32| DayCoverage {
        account_id: say("111122223333"),
        aws_region: say("eu-west-1"),
        day: date.parse().expect("a date"),
        attested_hours,
        delivered_hours: 0,
        gap_hours,
        logging_stopped_hours: 0,
    };
    Input {
        facts: Facts { lake: say("bedrock-audit-demo/lake"), csv_file: Some(say("report.csv")), ..facts() },
        timelines: vec![Timeline { job: (&findings[0]).into(), marks }],
        findings,
        coverage: vec![day("2026-02-01", 24, 0), day("2026-02-02", 20, 4), day("2026-02-03", 24, 0)],
        trends: vec![Trend {
            name: say("Jobs in a VPC"),
            unit: say("%"),
            definition: say("Jobs in a VPC of all jobs of the week."),
            points: vec![
                TrendPoint { period: say("2026-W06"), value: Some(50.0), unknown: 0 },
                TrendPoint { period: say("2026-W07"), value: Some(100.0), unknown: 2 },
            ],
        }],
    }
}

/// What a page says and does, apart from our own style and script.
fn body(page: &str) -> String {
    page.replace(STYLE, "").replace(SCRIPT, "")
}

#[test]
fn golden_page() {
    let page = render(&input(None));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/html/golden.html");
    let page = body(&page).replace(&policy(), "POLICY");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &page).expect("the golden file is writable");
    }
    let expected = std::fs::read_to_string(path).expect("the golden file is there");
    assert!(page == expected, "the page differs from {path}; UPDATE_GOLDEN=1 writes it again");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(render(&input(None)), render(&input(None)));
}

/// Every tag and attribute name of a page, without its texts: what a browser would build.
fn skeleton(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for piece in page.split('<').skip(1) {
        let tag = &piece[..piece.find('>').unwrap_or(piece.len())];
        let names = tag.split('"').step_by(2).flat_map(str::split_ascii_whitespace).map(str::to_owned);
        tags.push(names.collect::<Vec<_>>().join(" "));
    }
    tags
}

#[test]
fn no_attack_in_any_field_changes_what_a_browser_builds() {
    let harmless = "plain";
    let expected = skeleton(&body(&render(&input(Some(harmless)))));
    assert!(expected.len() > 200, "the page has every part");
    for attack in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title></style></script><svg onload=alert(1)>",
        "]]><!--",
        "-->",
        "javascript:alert(1)",
        "{{ 7*7 }}",
        "&lt;b&gt;&#60;i>",
        "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}",
        "a\r\nb\0c\u{1b}[2J\u{85}\u{2028}",
        "=cmd|'/C calc'!A0",
    ] {
        let page = render(&input(Some(attack)));
        assert_eq!(skeleton(&body(&page)), expected, "{attack:?}");
        let unseen = |c: &char| {
            matches!(
                c,
                '\u{202e}' | '\u{2066}' | '\u{200b}' | '\u{feff}' | '\0' | '\r' | '\u{1b}' | '\u{85}' | '\u{2028}'
            )
        };
        assert_eq!(page.chars().find(unseen), None, "{attack:?}");
    }
    assert!(render(&input(Some("\u{202e}gnp"))).contains(r"\u{202e}gnp"), "it is shown, not dropped");
}

#[test]
fn one_endless_field_does_not_make_an_endless_page() {
    // Key figures and the names of lake and CSV come from us and the command line, not from a log.
    let hostile = input(Some(&"long ".repeat(20_000)));
    let page = render(&Input { facts: facts(), trends: Vec::new(), ..hostile });
    assert!(page.len() < 500_000, "{} bytes", page.len());
}

#[test]
fn nothing_in_the_page_asks_a_network_and_the_policy_forbids_it() {
    let page = render(&input(None));
    for asks in [
        "http:",
        "https:",
        "src=",
        "url(\"",
        "@import",
        "<link",
        "<iframe",
        "fetch(",
        "XMLHttpRequest",
        " style=\"",
        " onclick",
    ] {
        let found = page.matches(asks).count();
        assert_eq!(found, 0, "{asks}");
    }
    assert!(page.contains("default-src 'none'"));
    assert_eq!((STYLE.contains("</style"), SCRIPT.contains("</script")), (false, false));
}

#[test]
fn every_id_is_there_once_and_every_reference_finds_it() {
    let page = body(&render(&input(None)));
    let values = |attribute: &str| -> Vec<String> {
        page.split(&format!(" {attribute}=\""))
            .skip(1)
            .map(|rest| rest[..rest.find('"').unwrap_or(0)].to_owned())
            .collect()
    };
    let ids = values("id");
    let unique: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    let references = values("aria-labelledby")
        .iter()
        .flat_map(|all| all.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect::<Vec<_>>();
    let links = values("href").into_iter().map(|link| link.trim_start_matches('#').to_owned());
    for reference in references.into_iter().chain(links) {
        assert!(unique.contains(&reference), "{reference}");
    }
}

#[test]
fn undetermined_is_never_left_out() {
    let page = render(&input(None));
    assert!(page.contains("and 1 more could not be judged"), "in the sentence");
    assert!(page.contains("To settle it: <bdi>ingest from 2026-01-01"), "with what would settle it");
    assert!(page.contains(words::SETTLE), "or where to look");
}

#[test]
fn an_empty_lake_and_a_lake_without_jobs_are_reports_too() {
    let empty = Input {
        facts: Facts { log_files: 0, first_delivery: None, last_delivery: None, ..facts() },
        findings: Vec::new(),
        coverage: Vec::new(),
        timelines: Vec::new(),
        trends: Vec::new(),
    };
    let page = render(&empty);
    assert!(page.contains("The lake holds no log files, so nothing can be said of any job."));
    assert!(page.contains("No log file and no digest file tells which hours are covered."));
}
