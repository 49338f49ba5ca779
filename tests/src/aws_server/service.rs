//! The services: which operation a request is, who answers it, and how each of them says no.

use serde_json::json;

use super::http::{Call, REQUEST_ID, Refusal, Reply};
use super::state::State;
use super::{bedrock, cloudtrail, config, ec2, iam, pages, s3, sts, xml};

/// A service of AWS, by the signing name in a request's credential scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Bedrock,
    CloudTrail,
    Config,
    Ec2,
    Iam,
    S3,
    Sts,
}

/// What a request asks for.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) service: Service,
    /// As AWS names it.
    pub(super) operation: String,
    /// The job, the resource ids, the rule, ... that it is about.
    pub(super) detail: String,
    /// Which page of a listing, the first being 1.
    pub(super) page: u32,
}

/// Who asks, and where.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) arn: String,
}

impl Service {
    const ALL: [Self; 7] = [Self::Bedrock, Self::CloudTrail, Self::Config, Self::Ec2, Self::Iam, Self::S3, Self::Sts];

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::CloudTrail => "cloudtrail",
            Self::Config => "config",
            Self::Ec2 => "ec2",
            Self::Iam => "iam",
            Self::S3 => "s3",
            Self::Sts => "sts",
        }
    }

    /// What the request asks for; the name of an operation that is not known here is the error.
    pub(super) fn task(self, call: &Call) -> Result<Task, String> {
        let routed = match self {
            Self::Bedrock => bedrock::route(call),
            Self::CloudTrail => cloudtrail::route(call),
            Self::Config => config::route(call),
            Self::Ec2 => ec2::route(call),
            Self::Iam => iam::route(call),
            Self::S3 => s3::route(call),
            Self::Sts => sts::route(call),
        };
        let routed = routed.map_err(|asked| format!("{} {asked}", self.name()))?;
        let page = pages::number(routed.page_token.as_deref());
        Ok(Task { service: self, operation: routed.operation.to_owned(), detail: routed.detail, page })
    }

    pub(super) fn answer(self, state: &mut State, caller: &Caller, task: &Task, call: &Call) -> Result<Reply, Refusal> {
        match self {
            Self::Bedrock => bedrock::answer(state, caller, &task.operation, call),
            Self::CloudTrail => cloudtrail::answer(state, caller, &task.operation, call),
            Self::Config => config::answer(state, caller, &task.operation, call),
            Self::Ec2 => ec2::answer(state, caller, &task.operation, call),
            Self::Iam => iam::answer(state, caller, &task.operation, call),
            Self::S3 => s3::answer(state, caller, &task.operation, call),
            Self::Sts => sts::answer(state, caller, &task.operation, call),
        }
    }

    /// An error in the form of the service's protocol.
    pub(super) fn refuse(self, refusal: &Refusal) -> Reply {
        let Refusal { status, code, message } = refusal;
        let error = [xml::text("Code", code), xml::text("Message", message)].concat();
        let request_id = |name: &str| xml::text(name, REQUEST_ID);
        match self {
            Self::Bedrock => Reply::json(*status, bedrock::CONTENT_TYPE, &json!({ "message": message }))
                .header("x-amzn-errortype", code),
            Self::CloudTrail | Self::Config => {
                Reply::json(*status, config::CONTENT_TYPE, &json!({ "__type": code, "message": message }))
            }
            Self::Ec2 => {
                let errors = xml::element("Errors", &xml::element("Error", &error));
                Reply::xml(*status, &xml::element("Response", &(errors + &request_id("RequestID"))))
            }
            Self::Iam | Self::Sts => {
                let fault = xml::text("Type", if *status < 500 { "Sender" } else { "Receiver" });
                let error = xml::element("Error", &(fault + &error));
                Reply::xml(*status, &xml::element("ErrorResponse", &(error + &request_id("RequestId"))))
            }
            Self::S3 => Reply::xml(*status, &xml::element("Error", &(error + &request_id("RequestId")))),
        }
    }

    /// Too many requests, as the service says it (its API Reference, "Common Errors"; S3 "Error responses").
    pub(super) fn throttled(self) -> Refusal {
        let (status, code) = match self {
            Self::Bedrock => (429, "ThrottlingException"),
            Self::CloudTrail | Self::Config => (400, "ThrottlingException"),
            Self::Ec2 => (503, "RequestLimitExceeded"),
            Self::Iam | Self::Sts => (400, "Throttling"),
            Self::S3 => (503, "SlowDown"),
        };
        Refusal::new(status, code, "Rate exceeded")
    }

    /// The caller may not.
    pub(super) fn denied(self, caller: &str, operation: &str) -> Refusal {
        let (status, code) = match self {
            Self::Bedrock => (403, "AccessDeniedException"),
            Self::CloudTrail | Self::Config => (400, "AccessDeniedException"),
            Self::Ec2 => (403, "UnauthorizedOperation"),
            Self::Iam | Self::S3 | Self::Sts => (403, "AccessDenied"),
        };
        let action = format!("{}:{operation}", self.name());
        Refusal::new(status, code, format!("User: {caller} is not authorized to perform: {action}"))
    }

    /// Something is wrong at the service.
    pub(super) fn broken(self) -> Refusal {
        let code = match self {
            Self::Bedrock => "InternalServerException",
            Self::CloudTrail | Self::Config | Self::Sts => "InternalFailure",
            Self::Ec2 | Self::S3 => "InternalError",
            Self::Iam => "ServiceFailure",
        };
        Refusal::new(500, code, "An internal error has occurred")
    }

    /// The access key, or the session token beside it, is not one that AWS has handed out.
    pub(super) fn unknown_key(self) -> Refusal {
        let (status, code) = match self {
            Self::Bedrock => (403, "UnrecognizedClientException"),
            Self::CloudTrail | Self::Config => (400, "UnrecognizedClientException"),
            Self::Ec2 => (401, "AuthFailure"),
            Self::Iam | Self::Sts => (403, "InvalidClientTokenId"),
            Self::S3 => (403, "InvalidAccessKeyId"),
        };
        Refusal::new(status, code, "The security token included in the request is invalid.")
    }

    /// Nothing here answers that. No SDK tries it again.
    pub(super) fn unknown_operation(self, asked: &str) -> Refusal {
        Refusal::new(400, "UnknownOperation", format!("the stand-in for AWS does not know {asked}"))
    }
}

/// What a service reads from a request before it answers.
#[derive(Debug)]
pub(super) struct Routed {
    pub(super) operation: &'static str,
    pub(super) detail: String,
    pub(super) page_token: Option<String>,
}

impl Routed {
    pub(super) fn new(operation: &'static str, detail: impl Into<String>) -> Self {
        Self { operation, detail: detail.into(), page_token: None }
    }

    pub(super) fn on_page(mut self, token: Option<&str>) -> Self {
        self.page_token = token.map(str::to_owned);
        self
    }
}
