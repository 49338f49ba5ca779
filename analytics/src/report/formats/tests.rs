//! What holds for every format: the same rows, the same ids, the same texts; and golden files.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use schemas::control::{ControlId, Verdict};
use serde_json::Value;

use super::identity::{finding_id, job_id, uuid};
use super::legible::{legible, legible_within, read_back};
use super::{Terms, asff, junit, ocsf, oscal, samples, words};
use crate::report::finding::Finding;

type Writer = fn(&[Finding], &Terms, &mut dyn Write) -> io::Result<()>;

const FORMATS: [(&str, Writer); 4] = [
    ("findings.ocsf.ndjson", ocsf::write),
    ("findings.asff.ndjson", asff::write),
    ("findings.oscal.json", oscal::write),
    ("findings.junit.xml", junit::write),
];

fn text(write: Writer, findings: &[Finding]) -> String {
    let mut out = Vec::new();
    write(findings, &samples::terms(), &mut out).expect("memory takes any write");
    String::from_utf8(out).expect("every format is UTF-8")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn ocsf_events(findings: &[Finding]) -> Vec<Value> {
    lines(&text(ocsf::write, findings))
}

fn asff_lines(findings: &[Finding]) -> Vec<Vec<Value>> {
    lines(&text(asff::write, findings)).into_iter().map(|line| items(&line)).collect()
}

fn asff_findings(findings: &[Finding]) -> Vec<Value> {
    asff_lines(findings).concat()
}

/// The one result of the document.
fn oscal_result(findings: &[Finding]) -> Value {
    let document: Value = serde_json::from_str(&text(oscal::write, findings)).expect("the document is JSON");
    document["assessment-results"]["results"][0].clone()
}

fn items(list: &Value) -> Vec<Value> {
    list.as_array().cloned().unwrap_or_default()
}

/// A test case as a reader of XML finds it.
#[derive(Debug, Default, Clone)]
struct Case {
    suite: String,
    attributes: BTreeMap<String, String>,
    properties: BTreeMap<String, String>,
    /// Element, message, type, text.
    outcome: Option<(String, String, String, String)>,
}

fn attributes(element: &BytesStart<'_>) -> BTreeMap<String, String> {
    let attribute = |attribute: quick_xml::events::attributes::Attribute<'_>| {
        let name = String::from_utf8(attribute.key.as_ref().to_vec()).expect("names are text");
        let value = std::str::from_utf8(&attribute.value).expect("values are text");
        (name, quick_xml::escape::unescape(value).expect("values are escaped").into_owned())
    };
    element.attributes().map(|found| attribute(found.expect("attributes are well-formed"))).collect()
}

fn junit_cases(findings: &[Finding]) -> Vec<Case> {
    let document = text(junit::write, findings);
    assert!(!document.contains(|c: char| c.is_control() && c != '\n'), "XML excludes controls");
    let mut reader = Reader::from_str(&document);
    let (mut cases, mut suite, mut case) = (Vec::new(), String::new(), Case::default());
    loop {
        match reader.read_event().expect("the document is well-formed") {
            Event::Start(start) if start.name().as_ref() == b"testsuite" => suite = attributes(&start)["name"].clone(),
            Event::Start(start) if start.name().as_ref() == b"testcase" => {
                case = Case { suite: suite.clone(), attributes: attributes(&start), ..Case::default() };
            }
            Event::Empty(empty) if empty.name().as_ref() == b"property" => {
                let property = attributes(&empty);
                case.properties.insert(property["name"].clone(), property["value"].clone());
            }
            Event::Empty(empty) if empty.name().as_ref() == b"skipped" => {
                let message = attributes(&empty)["message"].clone();
                case.outcome = Some(("skipped".to_owned(), message, String::new(), String::new()));
            }
            Event::Start(start) if [b"failure".as_slice(), b"error"].contains(&start.name().as_ref()) => {
                let element = String::from_utf8(start.name().as_ref().to_vec()).expect("names are text");
                let body = reader.read_text(start.name()).expect("the element ends");
                let body = quick_xml::escape::unescape(std::str::from_utf8(&body).expect("text"))
                    .expect("escaped")
                    .into_owned();
                let found = attributes(&start);
                case.outcome = Some((element, found["message"].clone(), found["type"].clone(), body));
            }
            Event::End(end) if end.name().as_ref() == b"testcase" => cases.push(case.clone()),
            Event::Eof => return cases,
            _ => {}
        }
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The properties of an OSCAL object.
fn oscal_facts(object: &Value) -> BTreeMap<String, String> {
    items(&object["props"]).iter().map(|prop| (text_of(&prop["name"]), text_of(&prop["value"]))).collect()
}

fn asff_facts(finding: &Value) -> BTreeMap<String, String> {
    let fields = finding["ProductFields"].as_object().expect("product fields");
    fields.iter().map(|(name, value)| (name["bedrock-audit/".len()..].to_owned(), text_of(value))).collect()
}

fn one_of_each_verdict() -> Vec<Finding> {
    let pattern = samples::findings().swap_remove(0);
    Verdict::ALL
        .into_iter()
        .zip(ControlId::ALL)
        .map(|(verdict, control)| Finding { verdict, control, ..pattern.clone() })
        .collect()
}

#[test]
fn golden_formats() {
    for (name, write) in FORMATS {
        let found = text(write, &samples::findings());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/formats/golden").join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &found).expect("the golden file can be written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(expected == found, "{} differs (scripts/golden rewrites it); found:\n{found}", path.display());
    }
}

#[test]
fn every_format_has_every_finding_once_under_the_same_id() {
    for findings in [samples::findings(), samples::many(20), Vec::new()] {
        let expected: Vec<String> = findings.iter().map(finding_id).collect();
        let ocsf: Vec<String> =
            ocsf_events(&findings).iter().map(|event| text_of(&event["finding_info"]["uid"])).collect();
        let asff: Vec<String> = asff_findings(&findings).iter().map(|finding| text_of(&finding["Id"])).collect();
        let result = oscal_result(&findings);
        let oscal: Vec<String> =
            items(&result["findings"]).iter().map(|finding| oscal_facts(finding)["finding_id"].clone()).collect();
        let mut junit: Vec<String> =
            junit_cases(&findings).iter().map(|case| case.properties["finding_id"].clone()).collect();
        assert_eq!(ocsf, expected);
        assert_eq!(asff, expected);
        assert_eq!(oscal, expected);
        assert_eq!(items(&result["observations"]).len(), expected.len());
        let mut sorted = expected.clone();
        sorted.sort();
        junit.sort();
        assert_eq!(junit, sorted);
    }
}

#[test]
fn every_format_has_every_fact() {
    let findings = samples::findings();
    let cases: BTreeMap<String, Case> =
        junit_cases(&findings).into_iter().map(|case| (case.properties["finding_id"].clone(), case)).collect();
    let (asff, oscal) = (asff_findings(&findings), items(&oscal_result(&findings)["findings"]));
    for (at, finding) in findings.iter().enumerate() {
        let expected: BTreeMap<String, String> = words::facts(finding, &samples::terms())
            .into_iter()
            .map(|(name, text)| (name.to_owned(), legible(&text)))
            .collect();
        assert_eq!(asff_facts(&asff[at]), expected);
        assert_eq!(oscal_facts(&oscal[at]), expected);
        assert_eq!(cases[&finding_id(finding)].properties, expected);
    }
}

#[test]
fn ocsf_says_what_it_has_attributes_for() {
    for (finding, event) in samples::findings().iter().zip(ocsf_events(&samples::findings())) {
        let facts: BTreeMap<_, _> = words::facts(finding, &samples::terms()).into_iter().collect();
        let resource_at = usize::from(finding.resource_id.is_some());
        for (name, place) in [
            ("finding_id", "/finding_info/uid".to_owned()),
            ("account_id", "/cloud/account/uid".to_owned()),
            ("aws_region", "/cloud/region".to_owned()),
            ("principal_arn", "/resources/0/owner/uid".to_owned()),
            ("job_name", "/resources/0/name".to_owned()),
            ("job_arn", "/resources/0/uid".to_owned()),
            ("job_kind", "/unmapped/job_kind".to_owned()),
            ("request_event_id", "/unmapped/request_event_id".to_owned()),
            ("control", "/compliance/control".to_owned()),
            ("control_version", "/finding_info/analytic/version".to_owned()),
            ("verdict", "/compliance/status_code".to_owned()),
            ("reason", "/compliance/status_details/0".to_owned()),
            ("next_step", "/unmapped/next_step".to_owned()),
            ("resource_id", format!("/resources/{resource_at}/uid")),
            ("cited_event_id", "/evidences/0/data/cited_event_id".to_owned()),
            ("cited_log_file", "/evidences/0/data/cited_log_file".to_owned()),
            ("cited_record_index", "/evidences/0/data/cited_record_index".to_owned()),
            ("cited_log_file_state", "/evidences/0/data/cited_log_file_state".to_owned()),
            ("cited_digest_file", "/evidences/0/data/cited_digest_file".to_owned()),
            ("coverage", "/unmapped/coverage".to_owned()),
            ("tool_version", "/metadata/product/version".to_owned()),
            ("lake", "/unmapped/lake".to_owned()),
        ] {
            if let Some(expected) = facts.get(name) {
                assert_eq!(event.pointer(&place).map(text_of), Some(legible(expected)), "{name} in {event}");
            }
        }
        assert_eq!(event["time"], samples::as_of().timestamp_millis());
        let requested_at = finding.requested_at.map_or(Value::Null, |time| time.timestamp_millis().into());
        assert_eq!(event["finding_info"].get("created_time").cloned().unwrap_or_default(), requested_at);
    }
}

#[test]
fn ocsf_words_of_verdicts() {
    let found: Vec<_> = ocsf_events(&one_of_each_verdict())
        .iter()
        .map(|event| {
            let compliance = &event["compliance"];
            let number = |value: &Value| value.as_u64().expect("a number");
            (
                text_of(&compliance["status_code"]),
                number(&compliance["status_id"]),
                text_of(&compliance["status"]),
                number(&event["status_id"]),
                text_of(&event["severity"]),
                event.get("remediation").is_some(),
            )
        })
        .collect();
    let expected = [
        ("NonCompliant", 3, "Fail", 1, "High", true),
        ("Undetermined", 2, "Warning", 1, "High", true),
        ("Compliant", 1, "Pass", 4, "Informational", false),
        ("NotApplicable", 99, "NotApplicable", 4, "Informational", false),
    ]
    .map(|(verdict, id, status, state, severity, is_open)| {
        (verdict.to_owned(), id, status.to_owned(), state, severity.to_owned(), is_open)
    });
    assert_eq!(found, expected);
}

#[test]
fn asff_words_of_verdicts() {
    let found: Vec<_> = asff_findings(&one_of_each_verdict())
        .iter()
        .map(|finding| {
            assert_eq!(finding["Severity"], finding["FindingProviderFields"]["Severity"]);
            [
                text_of(&finding["Compliance"]["StatusReasons"][0]["ReasonCode"]),
                text_of(&finding["Compliance"]["Status"]),
                text_of(&finding["RecordState"]),
                text_of(&finding["Severity"]["Label"]),
            ]
        })
        .collect();
    let expected = [
        ["NonCompliant", "FAILED", "ACTIVE", "HIGH"],
        ["Undetermined", "WARNING", "ACTIVE", "HIGH"],
        ["Compliant", "PASSED", "ACTIVE", "INFORMATIONAL"],
        ["NotApplicable", "NOT_AVAILABLE", "ARCHIVED", "INFORMATIONAL"],
    ];
    assert_eq!(found, expected.map(|row| row.map(str::to_owned)));
}

#[test]
fn oscal_words_of_verdicts() {
    let result = oscal_result(&one_of_each_verdict());
    let risks: BTreeMap<String, Value> =
        items(&result["risks"]).into_iter().map(|risk| (text_of(&risk["uuid"]), risk)).collect();
    let found: Vec<_> = items(&result["findings"])
        .iter()
        .map(|finding| {
            let target = &finding["target"];
            let risk = finding["related-risks"][0]["risk-uuid"].as_str().map(|uuid| text_of(&risks[uuid]["status"]));
            let implementation = target["implementation-status"]["state"].as_str().unwrap_or("-").to_owned();
            let status = &target["status"];
            (
                oscal_facts(finding)["verdict"].clone(),
                [text_of(&status["state"]), text_of(&status["reason"]), implementation, risk.unwrap_or("-".to_owned())],
            )
        })
        .collect();
    let expected = [
        ("NonCompliant", ["not-satisfied", "fail", "-", "open"]),
        ("Undetermined", ["not-satisfied", "other", "-", "investigating"]),
        ("Compliant", ["satisfied", "pass", "-", "-"]),
        ("NotApplicable", ["satisfied", "other", "not-applicable", "-"]),
    ];
    assert_eq!(found, expected.map(|(verdict, row)| (verdict.to_owned(), row.map(str::to_owned))));
    assert_eq!(risks.len(), 2);
}

#[test]
fn junit_words_of_verdicts() {
    let found: BTreeMap<String, Option<String>> = junit_cases(&one_of_each_verdict())
        .into_iter()
        .map(|case| (case.properties["verdict"].clone(), case.outcome.map(|(element, ..)| element)))
        .collect();
    let expected = [
        ("NonCompliant", Some("failure")),
        ("Undetermined", Some("error")),
        ("Compliant", None),
        ("NotApplicable", Some("skipped")),
    ];
    assert_eq!(found, expected.map(|(verdict, element)| (verdict.to_owned(), element.map(str::to_owned))).into());
}

#[test]
fn severities_are_those_of_the_controls() {
    let pattern = Finding { verdict: Verdict::NonCompliant, ..samples::findings().swap_remove(0) };
    let findings: Vec<Finding> = ControlId::ALL.map(|control| Finding { control, ..pattern.clone() }).into();
    let result = oscal_result(&findings);
    let (ocsf, asff, risks) = (ocsf_events(&findings), asff_findings(&findings), items(&result["risks"]));
    for (at, finding) in findings.iter().enumerate() {
        let expected = words::severity_name(Some(config_rule::controls::about(finding.control).severity));
        assert_eq!(text_of(&ocsf[at]["severity"]).to_lowercase(), expected);
        assert_eq!(text_of(&asff[at]["Severity"]["Label"]).to_lowercase(), expected);
        assert_eq!(risks[at]["characterizations"][0]["facets"][0]["value"], expected);
    }
}

#[test]
fn asff_lines_are_of_one_place_and_within_limits() {
    let findings = samples::many(150);
    let lines = asff_lines(&findings);
    for line in &lines {
        let place = |finding: &Value| {
            (finding["AwsAccountId"].clone(), finding["Region"].clone(), finding["ProductArn"].clone())
        };
        assert!(line.len() <= asff::MAX_FINDINGS);
        assert!(line.iter().all(|finding| place(finding) == place(&line[0])));
    }
    assert_eq!(lines.iter().map(Vec::len).sum::<usize>(), findings.len());
    // 900 findings in six places of 150: two lines each.
    assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [100, 50].repeat(6));
    let arn = text_of(&lines[0][0]["ProductArn"]);
    assert_eq!(arn, "arn:aws:securityhub:eu-west-1:000000000001:product/000000000001/default");
    assert!(text(asff::write, &findings).lines().all(|line| {
        let parts: Vec<&str> = line.splitn(7, ':').collect();
        line.starts_with("[{\"ProductArn\":\"arn:") && parts[5].len() == 12 && parts[4].ends_with("-1")
    }));
}

/// Every text as long as can be and of what takes most bytes: quotes, backslashes, characters of four bytes, escapes.
fn huge() -> Vec<Finding> {
    let samples = samples::findings();
    let pattern = samples.iter().find(|finding| finding.next_step.is_some()).expect("a sample with everything");
    ["\"", "\\", "😀", "\u{202e}", "x"]
        .map(|piece| {
            let text = || Some(piece.repeat(6_000 / piece.len()));
            Finding {
                principal_arn: text(),
                job_name: text(),
                job_arn: Some(format!("arn{}", piece.repeat(3_000))),
                request_event_id: text(),
                reason: text().unwrap_or_default(),
                next_step: text(),
                resource_id: text(),
                cited_event_id: text(),
                cited_log_file: text(),
                cited_log_file_state: text(),
                cited_digest_file: text(),
                ..pattern.clone()
            }
        })
        .into()
}

#[test]
fn the_longest_texts_are_within_the_limits_of_asff() {
    let terms = Terms { lake: "😀".repeat(100_000), tool_version: "\"".repeat(100_000), ..samples::terms() };
    let findings: Vec<Finding> = huge().into_iter().cycle().take(120).collect();
    let mut out = Vec::new();
    asff::write(&findings, &terms, &mut out).expect("memory takes any write");
    let out = String::from_utf8(out).expect("UTF-8");
    let units = |value: &Value| value.as_str().expect("a text").encode_utf16().count();
    let mut count = 0;
    for line in out.lines() {
        assert!(line.len() <= 6_000_000, "{}", line.len());
        for finding in items(&serde_json::from_str(line).expect("JSON")) {
            count += 1;
            assert!(finding.to_string().len() < 240_000, "{}", finding.to_string().len());
            assert!(units(&finding["Title"]) <= 256 && text_of(&finding["Title"]).ends_with('…'));
            assert!(units(&finding["Description"]) <= 1024 && text_of(&finding["Description"]).ends_with('…'));
            assert!(units(&finding["Remediation"]["Recommendation"]["Text"]) <= 512);
            assert!(units(&finding["Compliance"]["StatusReasons"][0]["Description"]) <= 2048);
            let fields = finding["ProductFields"].as_object().expect("product fields");
            assert!(fields.len() <= 50);
            assert!(fields.iter().all(|(name, value)| name.len() <= 128 && units(value) <= 2048));
            for resource in items(&finding["Resources"]) {
                assert!(units(&resource["Id"]) <= 512 && text_of(&resource["Id"]).ends_with('…'));
                let details = resource["Details"]["Other"].as_object().cloned().unwrap_or_default();
                assert!(details.values().all(|value| units(value) < 1024));
            }
        }
    }
    assert_eq!(count, findings.len());
}

#[test]
fn only_asff_cuts_texts_off() {
    for finding in huge() {
        let findings = [finding];
        let expected = legible(&findings[0].reason);
        assert_eq!(ocsf_events(&findings)[0]["compliance"]["status_details"][0], expected);
        assert_eq!(oscal_result(&findings)["observations"][0]["description"], expected);
        assert_eq!(junit_cases(&findings)[0].properties["reason"], expected);
    }
}

#[test]
fn oscal_references_are_to_what_is_there() {
    let findings = samples::findings();
    let document: Value = serde_json::from_str(&text(oscal::write, &findings)).expect("JSON");
    let document = &document["assessment-results"];
    let result = &document["results"][0];
    let uuids = |list: &Value| -> Vec<String> { items(list).iter().map(|item| text_of(&item["uuid"])).collect() };
    let jobs = uuids(&result["local-definitions"]["inventory-items"]);
    let (observations, risks) = (uuids(&result["observations"]), uuids(&result["risks"]));
    let findings_found = items(&result["findings"]);
    assert_eq!(jobs.len(), 7, "the first three findings are of one job");
    for observation in items(&result["observations"]) {
        assert!(jobs.contains(&text_of(&observation["subjects"][0]["subject-uuid"])));
    }
    for finding in &findings_found {
        assert!(observations.contains(&text_of(&finding["related-observations"][0]["observation-uuid"])));
        assert!(
            finding["related-risks"][0]["risk-uuid"].as_str().is_none_or(|uuid| risks.iter().any(|risk| risk == uuid))
        );
    }
    assert_eq!(findings_found[0]["uuid"], uuid("finding", &finding_id(&findings[0])));
    let plan = &document["back-matter"]["resources"][0]["uuid"];
    assert_eq!(text_of(&document["import-ap"]["href"]), format!("#{}", text_of(plan)));
    let mut all = [jobs, observations, risks, uuids(&result["findings"])].concat();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "no UUID names two things");
}

#[test]
fn the_documents_uuid_is_that_of_its_contents() {
    let uuid_of = |findings: &[Finding], terms: &Terms| {
        let mut out = Vec::new();
        oscal::write(findings, terms, &mut out).expect("memory takes any write");
        text_of(&serde_json::from_slice::<Value>(&out).expect("JSON")["assessment-results"]["uuid"])
    };
    let (findings, terms) = (samples::findings(), samples::terms());
    let uuid = uuid_of(&findings, &terms);
    assert_eq!(uuid, uuid_of(&findings, &terms));
    assert_ne!(uuid, uuid_of(&findings[1..], &terms));
    assert_ne!(uuid, uuid_of(&findings, &Terms { is_strict: true, ..terms.clone() }));
    assert_ne!(uuid, uuid_of(&[], &terms));
    let mut changed = findings;
    changed[0].reason.push('!');
    assert_ne!(uuid, uuid_of(&changed, &terms));
}

#[test]
fn junit_test_cases_have_names_of_their_own() {
    let twins: Vec<Finding> =
        ["a", "b"].map(|arn| Finding { job_arn: Some(arn.to_owned()), ..samples::findings().swap_remove(0) }).into();
    let cases = junit_cases(&twins);
    assert_ne!(cases[0].attributes["name"], cases[1].attributes["name"]);
    assert_eq!(cases[0].attributes["name"], format!("claims-summary-v3 [{}]", &job_id(&twins[0])[..8]));
    assert_eq!(cases[0].attributes["classname"], "111122223333.eu-west-1.job_in_vpc");
    assert_eq!(cases[0].suite, "job_in_vpc");
}

/// Keeps nothing, and tells how much was written and in how large pieces.
#[derive(Default)]
struct Counting {
    bytes: usize,
    largest_write: usize,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        self.largest_write = self.largest_write.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn many_jobs_are_written_as_they_come() {
    let findings = samples::many(500);
    assert_eq!(findings.len(), 3_000);
    for (name, write) in FORMATS {
        let mut out = Counting::default();
        write(&findings, &samples::terms(), &mut out).expect("counting takes any write");
        assert!(out.bytes > 3_000 * 1_000, "{name}: {} bytes", out.bytes);
        assert!(out.largest_write <= 6_000_000, "{name}: {} bytes at once", out.largest_write);
    }
}

#[test]
fn an_error_of_the_writer_is_told() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for (name, write) in FORMATS {
        let failed = write(&samples::findings(), &samples::terms(), &mut Full).expect_err(name);
        assert_eq!(failed.kind(), io::ErrorKind::StorageFull, "{name}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let strange = proptest::sample::select(vec![
        "\u{0}",
        "\u{1b}",
        "\r\n",
        "\t",
        "\u{7f}",
        "\u{85}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{ffff}",
        "\u{fffe}",
        "]]>",
        "<",
        "&",
        "&lt;",
        "\"",
        "'",
        "\\",
        "\\u{",
        "😀",
        "…",
        " ",
        "--",
        "<![CDATA[",
        "%",
        "é",
        "\u{301}",
    ]);
    proptest::collection::vec(prop_oneof![strange.prop_map(str::to_owned), any::<String>(), "[a-z/:.-]{0,12}"], 0..8)
        .prop_map(|pieces| pieces.concat())
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let options = || proptest::option::of(any_text());
    let texts = (any_text(), options(), options(), options(), options());
    let cited = (options(), options(), options(), options(), proptest::option::of(any::<i64>()));
    (texts, cited, 0..ControlId::ALL.len(), 0..Verdict::ALL.len()).prop_map(|(texts, cited, control, verdict)| {
        Finding {
            reason: texts.0,
            job_name: texts.1,
            job_arn: texts.2,
            next_step: texts.3,
            resource_id: texts.4,
            cited_event_id: cited.0,
            cited_log_file: cited.1,
            cited_log_file_state: cited.2,
            cited_digest_file: cited.3,
            cited_record_index: cited.4,
            control: ControlId::ALL[control],
            verdict: Verdict::ALL[verdict],
            ..samples::findings().swap_remove(0)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_text_reads_back_from_every_format(finding in any_finding()) {
        let findings = [finding];
        let expected: BTreeMap<String, String> = words::facts(&findings[0], &samples::terms())
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text))
            .collect();
        let back = |facts: BTreeMap<String, String>| -> BTreeMap<String, String> {
            facts.into_iter().map(|(name, text)| (name, read_back(&text))).collect()
        };
        prop_assert_eq!(&back(junit_cases(&findings)[0].properties.clone()), &expected);
        prop_assert_eq!(&back(oscal_facts(&oscal_result(&findings)["findings"][0])), &expected);
        let event = &ocsf_events(&findings)[0];
        prop_assert_eq!(&read_back(&text_of(&event["compliance"]["status_details"][0])), &findings[0].reason);
        let is_short = expected.values().all(|text| legible(text) == legible_within(text, 2048));
        if is_short {
            prop_assert_eq!(&back(asff_facts(&asff_findings(&findings)[0])), &expected);
        }
        for (name, write) in FORMATS {
            let is_unseen = |c: char| {
                !c.is_ascii_graphic() && !" \n".contains(c) && legible(&c.to_string()) != c.to_string()
            };
            prop_assert!(!text(write, &findings).contains(is_unseen), "{}", name);
        }
    }
}
