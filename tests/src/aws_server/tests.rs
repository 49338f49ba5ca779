use std::io::{Read, Write};
use std::net::TcpStream;

use aws_sdk_config::config::retry::RetryConfig;
use aws_sdk_config::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_config::error::ProvideErrorMetadata;
use aws_sdk_config::primitives::DateTime;
use aws_sdk_config::types::{ComplianceType, Evaluation as Sent};
use schemas::job::JobKind;
use serde_json::{Value, json};

use super::*;

/// A request without an SDK: status and body. The connection is closed after it.
fn raw(server: &AwsServer, service: &str, first_line: &str, headers: &str, body: &str) -> (u16, String) {
    let credential = format!("{ACCESS_KEY_ID}/20250301/{REGION}/{service}/aws4_request");
    let mut stream = TcpStream::connect(server.http.address()).expect("the server listens");
    let length = body.len();
    let request = format!(
        "{first_line} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\
         authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn get(server: &AwsServer, path: &str) -> (u16, Value) {
    let (status, body) = raw(server, "bedrock", &format!("GET {path}"), "", "");
    (status, serde_json::from_str(&body).expect("a JSON body"))
}

fn ec2(server: &AwsServer, form: &str) -> (u16, String) {
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    raw(server, "ec2", "POST /", headers, &format!("{form}&Version=2016-11-15"))
}

fn config_client(server: &AwsServer) -> aws_sdk_config::Client {
    let retries = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(5));
    let config = aws_sdk_config::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(server.endpoint())
        .credentials_provider(Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "end-to-end"))
        .region(Region::new(REGION))
        .retry_config(retries)
        .build();
    aws_sdk_config::Client::from_conf(config)
}

fn evaluation(resource_type: &str, id: &str, seconds: i64) -> Sent {
    Sent::builder()
        .compliance_resource_type(resource_type)
        .compliance_resource_id(id)
        .compliance_type(ComplianceType::NonCompliant)
        .annotation("job j runs outside a VPC")
        .ordering_timestamp(DateTime::from_secs(seconds))
        .build()
        .expect("every required member is there")
}

#[test]
fn a_summary_has_no_vpc_and_the_job_has_one() {
    let server = AwsServer::start();
    let arn = {
        let mut state = server.state();
        let job = state.home().add_job("job-7").in_vpc(&["subnet-0a1b2c3d"], &["sg-0a1b2c3d"]);
        job.arn.clone()
    };
    let (_, listed) = get(&server, "/model-customization-jobs?nameContains=7");
    let summary = &listed["modelCustomizationJobSummaries"][0];
    assert_eq!((summary["jobArn"].as_str(), summary.get("vpcConfig")), (Some(arn.as_str()), None));
    assert_eq!(summary["creationTime"], "2025-03-01T10:00:00Z");

    let escaped = arn.replace(':', "%3A").replace('/', "%2F");
    let (status, job) = get(&server, &format!("/model-customization-jobs/{escaped}"));
    assert_eq!((status, &job["vpcConfig"]["subnetIds"]), (200, &json!(["subnet-0a1b2c3d"])));
    assert_eq!(server.requests()[1].detail, arn);
    assert_eq!(get(&server, "/model-customization-jobs/other").0, 404);
}

#[test]
fn pages_hold_every_job_once_and_a_token_answers_one_question() {
    let server = AwsServer::start();
    server.state().page_size = Some(2);
    for name in ["a", "b", "c", "d", "e"] {
        server.state().home().add_job_of(JobKind::ModelInvocation, name).in_vpc(&["subnet-1"], &["sg-1"]);
    }
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let (_, page) = get(&server, &format!("/model-invocation-jobs?sortOrder=Ascending{token}"));
        let jobs = page["invocationJobSummaries"].as_array().expect("a list").clone();
        assert!(jobs.iter().all(|job| job["vpcConfig"]["securityGroupIds"] == json!(["sg-1"])));
        names.extend(jobs.iter().filter_map(|job| job["jobName"].as_str().map(str::to_owned)));
        let Some(next) = page["nextToken"].as_str() else { break };
        token = format!("&nextToken={next}");
    }
    assert_eq!(names.concat(), "abcde");
    assert_eq!(server.requests().iter().map(|seen| seen.page).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(get(&server, &format!("/model-invocation-jobs?sortOrder=Descending{token}")).0, 400);
}

#[test]
fn one_unknown_group_fails_the_call_and_a_filter_leaves_it_out() {
    let server = AwsServer::start();
    server.state().home().add_security_group("sg-0a1b2c3d", "vpc-0a1b2c3d").lets_out(Rule::tcp(443, 443));
    server.state().home().add_security_group("sg-11111111", "vpc-0a1b2c3d").hidden_for(1);
    let by_id = "Action=DescribeSecurityGroups&GroupId.1=sg-0a1b2c3d&GroupId.2=";
    for (id, code) in [("sg-0a1b2c3e", "InvalidGroup.NotFound"), ("sg-zzz", "InvalidGroupId.Malformed")] {
        let (status, body) = ec2(&server, &format!("{by_id}{id}"));
        assert!(status == 400 && body.contains(&format!("<Code>{code}</Code>")), "{id}: {body}");
    }
    let by_filter = "Action=DescribeSecurityGroups&Filter.1.Name=group-id&Filter.1.Value.1=sg-0a1b2c3d\
                     &Filter.1.Value.2=sg-0a1b2c3e&Filter.1.Value.3=sg-11111111";
    let (status, first) = ec2(&server, by_filter);
    assert!(status == 200 && first.contains("<fromPort>443</fromPort>") && !first.contains("sg-11111111"), "{first}");
    assert!(ec2(&server, by_filter).1.contains("sg-11111111"));
}

#[tokio::test]
async fn evaluations_are_kept_in_the_order_of_their_times_and_one_bad_type_refuses_all() {
    let server = AwsServer::start();
    let token = {
        let mut state = server.state();
        state.now = Some(1_740_823_200);
        state.home().add_rule("bedrock-jobs");
        state.home().hand_out_token("bedrock-jobs")
    };
    let client = config_client(&server);
    let put = |evaluation: Sent| client.put_evaluations().result_token(&token).evaluations(evaluation).send();
    put(evaluation("AWS::::Account", ACCOUNT, 1_740_823_100)).await.expect("accepted");
    put(evaluation("AWS::::Account", ACCOUNT, 1_740_823_000)).await.expect("accepted, and ignored");
    assert_eq!(server.state().ignored_as_older.len(), 1);

    let refused = put(evaluation("AWS::Bedrock::ModelCustomizationJob", "j", 1_740_823_100)).await;
    let refused = refused.expect_err("the type is in no list");
    let message = refused.message().unwrap_or_default();
    assert_eq!(refused.code(), Some("InvalidParameterValueException"));
    assert!(message.contains("Only the following values are permitted: [AWS::ACM::Certificate, "), "{message}");

    let details = client.get_compliance_details_by_config_rule().config_rule_name("bedrock-jobs").send().await;
    let results = details.expect("the rule is there").evaluation_results.unwrap_or_default();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0].annotation(), Some("job j runs outside a VPC"));
}

#[tokio::test]
async fn a_throttled_call_is_tried_again_and_a_denied_one_is_not() {
    let server = AwsServer::start();
    server.state().home().add_rule("bedrock-jobs");
    server.fail(Fault::on("config", "StartConfigRulesEvaluation").times(1).throttle());
    let client = config_client(&server);
    let start = || client.start_config_rules_evaluation().config_rule_names("bedrock-jobs").send();
    start().await.expect("the second attempt is answered");
    assert_eq!((server.requests().len(), server.state().home().rule("bedrock-jobs").starts), (2, 1));

    server.fail(Fault::on("config", "*").detail_contains("bedrock-jobs").access_denied());
    assert_eq!(start().await.expect_err("denied").code(), Some("AccessDeniedException"));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn what_nobody_implemented_is_remembered() {
    let server = AwsServer::start();
    let (status, body) = ec2(&server, "Action=DeleteVpc");
    assert!(status == 400 && body.contains("<Code>UnknownOperation</Code>"), "{body}");
    assert_eq!(server.take_unknown_operations(), ["ec2 DeleteVpc"]);
}

#[test]
fn a_simulation_tells_each_resource_apart() {
    let server = AwsServer::start();
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/bedrock-jobs");
    server.state().add_role(&arn).allow_on("s3:Get*", "arn:aws:s3:::a/*");
    let form = format!(
        "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn={arn}&ActionNames.member.1=s3:GetObject\
         &ResourceArns.member.1=arn:aws:s3:::a/k&ResourceArns.member.2=arn:aws:s3:::b/k"
    );
    let (status, body) = raw(&server, "iam", "POST /", "", &form);
    assert_eq!(status, 200, "{body}");
    let decided = |resource: &str, decision: &str| {
        format!(
            "<EvalResourceName>{resource}</EvalResourceName><EvalResourceDecision>{decision}</EvalResourceDecision>"
        )
    };
    for expected in [
        "<EvalDecision>implicitDeny</EvalDecision>",
        &decided("arn:aws:s3:::a/k", "allowed"),
        &decided("arn:aws:s3:::b/k", "implicitDeny"),
    ] {
        assert!(body.contains(expected), "{expected} is not in {body}");
    }
}
