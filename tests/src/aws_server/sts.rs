//! STS: `AssumeRole` hands out a key pair of the role's account, `GetCallerIdentity` tells whose a key is (STS API
//! Reference).

use chrono::{DateTime, SecondsFormat};

use super::access::Key;
use super::form::Form;
use super::http::{Call, Refusal, Reply};
use super::service::{Caller, Routed, Service};
use super::state::{State, machine_seconds};
use super::{limits, xml};

const VERSION: &str = "2011-06-15";
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A session without `DurationSeconds`.
const SESSION_SECONDS_DEFAULT: usize = 3_600;

pub(super) fn route(call: &Call) -> Result<Routed, String> {
    let form = Form::of(call);
    match form.get("Action").unwrap_or("a request without Action") {
        "AssumeRole" => Ok(Routed::new("AssumeRole", form.get("RoleArn").unwrap_or_default())),
        "GetCallerIdentity" => Ok(Routed::new("GetCallerIdentity", "")),
        asked => Err(asked.to_owned()),
    }
}

pub(super) fn answer(state: &mut State, caller: &Caller, operation: &str, call: &Call) -> Result<Reply, Refusal> {
    let form = Form::of(call);
    form.require_version(VERSION)?;
    let result = if operation == "AssumeRole" { assume_role(state, caller, &form)? } else { identity(caller) };
    let result = xml::element(&format!("{operation}Result"), &result);
    Ok(Reply::xml(200, &format!("<{operation}Response xmlns=\"{NAMESPACE}\">{result}</{operation}Response>")))
}

/// Any role that is there lets itself be assumed; to refuse, take it away or add a fault.
fn assume_role(state: &mut State, caller: &Caller, form: &Form) -> Result<String, Refusal> {
    let arn = form.get("RoleArn").unwrap_or_default();
    let session = form.get("RoleSessionName").unwrap_or_default();
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    let (shortest, longest) = (limits::SESSION_NAME_MIN, limits::SESSION_NAME_MAX);
    if !(shortest..=longest).contains(&session.len()) || !session.chars().all(is_word) {
        return Err(invalid(format!("roleSessionName is {session:?}")));
    }
    let seconds = form.number("DurationSeconds")?.unwrap_or(SESSION_SECONDS_DEFAULT);
    if !(limits::SESSION_SECONDS_MIN..=limits::SESSION_SECONDS_MAX).contains(&seconds) {
        return Err(invalid(format!("durationSeconds is {seconds}")));
    }
    let role = state.roles.get(arn).ok_or_else(|| Service::Sts.denied(&caller.arn, "AssumeRole"))?;
    let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
    let assumed = format!("arn:aws:sts::{account}:assumed-role/{}/{session}", role.name);
    let number = state.keys.len();
    let (id, token) = (format!("ASIA{number:016}"), format!("session-token-{number}"));
    state.keys.insert(id.clone(), Key { account, arn: assumed.clone(), session_token: Some(token.clone()) });
    let credentials = [
        xml::text("AccessKeyId", &id),
        xml::text("SecretAccessKey", "end-to-end-test-only-not-a-secret-key000"),
        xml::text("SessionToken", &token),
        xml::text("Expiration", &expiration(seconds)),
    ];
    let user = [xml::text("AssumedRoleId", &format!("AROAENDTOENDTESTONLY0:{session}")), xml::text("Arn", &assumed)];
    Ok(xml::element("Credentials", &credentials.concat()) + &xml::element("AssumedRoleUser", &user.concat()))
}

/// By the machine's clock, whatever the services' says: the SDKs compare with it.
fn expiration(seconds: usize) -> String {
    let at = machine_seconds() + i64::try_from(seconds).expect("a session is short");
    DateTime::from_timestamp(at, 0).expect("a moment that a calendar has").to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn identity(caller: &Caller) -> String {
    [xml::text("Arn", &caller.arn), xml::text("UserId", "AIDAENDTOENDTESTONLY0"), xml::text("Account", &caller.account)]
        .concat()
}

fn invalid(message: String) -> Refusal {
    Refusal::new(400, "ValidationError", message)
}
