//! The live APIs: what the rule and `evaluate` rest on.

use super::{Check, Finding, Found, State};
use crate::doctor::facts::Facts;
use crate::doctor::why::{Why, action, remedy, tell, why};

/// The resource types whose changes start the rule: those of infra/recorder.yaml.
const NEEDED_TYPES: [&str; 5] =
    ["AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint"];

pub fn recorder(facts: &Facts) -> Found {
    let check = Check::Recorder;
    let recording = Finding::told(check, &facts.recorder)?;
    let region = facts.region.as_deref().unwrap_or_default();
    let deploy = format!(
        "aws cloudformation deploy --stack-name bedrock-audit-recorder --template-file infra/recorder.yaml \
         --capabilities CAPABILITY_IAM --region {region} (infra/README.md); without the rule: --skip recorder"
    );
    let Some(recorder) = recording.recorders.first() else {
        return Ok(Finding::bad(
            check,
            format!("AWS Config has no recorder in {region}: the rule sees no change"),
            deploy,
        ));
    };
    let name = &recorder.name;
    let status = recording.statuses.iter().find(|status| status.name == *name);
    let start = || {
        format!(
            "aws configservice start-configuration-recorder --configuration-recorder-name {name} --region {region}; \
             without the rule: --skip recorder"
        )
    };
    let Some(status) = status.filter(|status| status.is_recording) else {
        return Ok(Finding::bad(check, format!("the recorder {name} does not record"), start()));
    };
    if recording.channels.is_empty() {
        let next_step = "aws configservice put-delivery-channel, as in infra/recorder.yaml";
        return Ok(Finding::bad(check, format!("the recorder {name} has no delivery channel"), next_step));
    }
    if let Some(failure) = &status.last_failure {
        let next_step = "let Config's role write to the bucket of its delivery channel, as in infra/recorder.yaml";
        return Ok(Finding::bad(check, format!("the last recording of {name} failed: {failure}"), next_step));
    }
    let lacking: Vec<&str> = NEEDED_TYPES.into_iter().filter(|of| !recorder.types.includes(of)).collect();
    if !lacking.is_empty() {
        let what = format!("the recorder {name} leaves out {}", lacking.join(", "));
        let next_step = "aws configservice put-configuration-recorder with these types too, as in infra/recorder.yaml";
        return Ok(Finding::bad(check, what, next_step));
    }
    Ok(Finding::good(check, format!("{name} records the network, and delivers")))
}

pub fn live_apis(facts: &Facts) -> Finding {
    let check = Check::LiveApis;
    let Some(region) = &facts.region else { return Finding::not_asked(check, "there is no Region") };
    let is_live = |action: &str| action.starts_with("bedrock:") || action.starts_with("ec2:");
    let calls: Vec<_> = facts.calls.iter().filter(|call| is_live(&call.action)).collect();
    if calls.is_empty() {
        return Finding::not_asked(check, "no call is answered without an identity");
    }
    let unread: Vec<_> = calls.iter().filter_map(|call| call.unread.as_ref()).collect();
    let denied: Vec<&str> =
        unread.iter().filter(|unread| why(unread) == Why::Denied).map(|unread| action(unread)).collect();
    if !denied.is_empty() {
        let what = format!("evaluate would be denied {}", denied.join(", "));
        return Finding::bad(check, what, "allow them, then run doctor again: see permissions");
    }
    if let Some(first) = unread.first() {
        let others = unread.len() - 1;
        let more = if others == 0 { String::new() } else { format!(", and {others} more calls") };
        return Finding::could_not_tell(check, format!("{}{more}", tell(first)), remedy(first));
    }
    let jobs = facts.recent_jobs;
    let what = format!("Bedrock and EC2 answer in {region}; {jobs} jobs were created there in the last 7 days");
    Finding::new(check, State::Good, what, format!("bedrock-audit evaluate --region {region}"))
}
