//! Others' readings of AWS: moto as an account, and botocore's service models beside our stand-in's limits.

use std::collections::BTreeMap;
use std::process::Command;

use end_to_end::aws_server::limits;
use end_to_end::moto::Moto;
use end_to_end::program::Program;
use end_to_end::runtime_api::Lambda;
use serde_json::Value;

/// Job name and control to verdict.
type Verdicts = BTreeMap<(String, String), String>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What the seed expects of the jobs of one account.
fn expected(seed: &Value, account: &str) -> Verdicts {
    let id = &seed["accounts"][account]["account_id"];
    let jobs = seed["jobs"].as_object().expect("the seed names jobs");
    let mut expected = Verdicts::new();
    for job in jobs.values().filter(|job| job["account_id"] == *id) {
        for (control, verdict) in job["verdicts"].as_object().expect("each job has verdicts") {
            if verdict.is_string() {
                expected.insert((text(&job["job_name"]), control.clone()), text(verdict));
            }
        }
    }
    expected
}

#[test]
fn evaluate_agrees_with_moto_on_every_job_and_control() {
    let Some(moto) = Moto::start() else { return };
    let seed = moto.seed();
    let outcome = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test"))
        .args(["--quiet", "evaluate", "--output", "ndjson"])
        .envs(moto.environment())
        .run()
        .expect_status(1);
    let found: Verdicts = outcome
        .rows()
        .iter()
        .map(|row| ((text(&row["job_name"]), text(&row["control"])), text(&row["verdict"])))
        .collect();
    let expected = expected(&seed, "home");
    assert!(expected.len() > 20, "{} expectations", expected.len());
    for (key, verdict) in &expected {
        assert_eq!(found.get(key), Some(verdict), "{key:?}\n{}\n{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn the_function_reports_two_accounts_of_moto_each_through_its_own_credentials() {
    let Some(moto) = Moto::start() else { return };
    let seed = moto.seed();
    let mut environment = moto.environment();
    environment.push(("SECOND_LOOK_SECONDS".to_owned(), "0".to_owned()));
    let lambda =
        Lambda::start_in("123456789012", "us-east-1", env!("CARGO_BIN_EXE_bootstrap-under-test"), &environment);
    for account in ["home", "member"] {
        let mut event = seed["accounts"][account]["scheduled_event"].clone();
        if account == "member" {
            let role_arn = text(&seed["accounts"][account]["execution_role_arn"]);
            let role = role_arn.rsplit('/').next().unwrap_or_default();
            event["ruleParameters"] = format!(r#"{{"control":"job_in_vpc","executionRoleName":"{role}"}}"#).into();
        }
        let answer = lambda.invoke(&event).expect_answer();
        let jobs = expected(&seed, account).into_keys().map(|(job, _)| job).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(answer["jobs"], jobs.len(), "{account}: {answer}");
    }
}

#[test]
fn our_stand_in_is_as_strict_as_botocores_models() {
    let Ok(python) = std::env::var("BEDROCK_AUDIT_TEST_PYTHON") else { return };
    let script = crate::place::repository().join("tests/python/botocore_limits.py");
    let output = Command::new(python).arg(script).output().expect("the Python that scripts/test made");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Value = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    assert_eq!(limits::as_json(), theirs);
}
