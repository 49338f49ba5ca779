//! A CloudTrail record: its members' own names beside our column names, and the events that the audit keeps.
//!
//! Source: CloudTrail user guide, "CloudTrail record contents".

/// How a member's value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A string; a value of another JSON type is kept as its JSON text.
    Text,
    /// `true` or `false`; anything else is null.
    Bool,
    /// A date and time in UTC.
    Time,
    /// Any JSON value, kept as the record's own text, `null` included. A member that the record lacks is SQL null.
    Json,
}

/// A top-level member of a record and the column that keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// CloudTrail's name.
    pub name: &'static str,
    /// Our column.
    pub column: &'static str,
    /// How its value is stored.
    pub form: Form,
}

const fn member(name: &'static str, column: &'static str, form: Form) -> Member {
    Member { name, column, form }
}

/// Every top-level member with a column of its own; any other goes to `other_members`.
pub const MEMBERS: [Member; 31] = [
    member("eventVersion", "event_version", Form::Text),
    member("eventTime", "event_time", Form::Time),
    member("eventID", "event_id", Form::Text),
    member("eventSource", "event_source", Form::Text),
    member("eventName", "event_name", Form::Text),
    member("eventType", "event_type", Form::Text),
    member("eventCategory", "event_category", Form::Text),
    member("awsRegion", "aws_region", Form::Text),
    member("recipientAccountId", "recipient_account_id", Form::Text),
    member("sourceIPAddress", "source_ip_address", Form::Text),
    member("userAgent", "user_agent", Form::Text),
    member("errorCode", "error_code", Form::Text),
    member("errorMessage", "error_message", Form::Text),
    member("requestID", "request_id", Form::Text),
    member("apiVersion", "api_version", Form::Text),
    member("readOnly", "read_only", Form::Bool),
    member("managementEvent", "management_event", Form::Bool),
    member("sharedEventID", "shared_event_id", Form::Text),
    member("vpcEndpointId", "vpc_endpoint_id", Form::Text),
    member("vpcEndpointAccountId", "vpc_endpoint_account_id", Form::Text),
    member("sessionCredentialFromConsole", "session_credential_from_console", Form::Text),
    member("userIdentity", "user_identity", Form::Json),
    member("requestParameters", "request_parameters", Form::Json),
    member("responseElements", "response_elements", Form::Json),
    member("additionalEventData", "additional_event_data", Form::Json),
    member("resources", "resources", Form::Json),
    member("serviceEventDetails", "service_event_details", Form::Json),
    member("addendum", "addendum", Form::Json),
    member("tlsDetails", "tls_details", Form::Json),
    member("edgeDeviceDetails", "edge_device_details", Form::Json),
    member("eventContext", "event_context", Form::Json),
];

/// The place of a member in [`MEMBERS`].
pub fn member_index(name: &str) -> Option<usize> {
    let places = OF_LENGTH.get(name.len())?.iter().map(|place| usize::from(*place));
    places.take_while(|place| *place < MEMBERS.len()).find(|place| MEMBERS[*place].name == name)
}

/// The places of the members whose names have that many bytes: ingest asks once for each member of each record.
const OF_LENGTH: [[u8; 8]; 30] = {
    let mut places = [[u8::MAX; 8]; 30];
    let mut place = 0;
    while place < MEMBERS.len() {
        let of_length = &mut places[MEMBERS[place].name.len()];
        let mut free = 0;
        while of_length[free] != u8::MAX {
            free += 1;
        }
        of_length[free] = place as u8;
        place += 1;
    }
    places
};

/// Members of `userIdentity` that have a column of their own, as JSON pointers into it.
///
/// Source: CloudTrail user guide, "CloudTrail userIdentity element".
pub const IDENTITY: [(&str, &str); 16] = [
    ("/type", "user_identity_type"),
    ("/principalId", "user_identity_principal_id"),
    ("/arn", "user_identity_arn"),
    ("/accountId", "user_identity_account_id"),
    ("/accessKeyId", "user_identity_access_key_id"),
    ("/userName", "user_identity_user_name"),
    ("/invokedBy", "user_identity_invoked_by"),
    ("/identityProvider", "user_identity_identity_provider"),
    ("/sessionContext/sessionIssuer/type", "session_issuer_type"),
    ("/sessionContext/sessionIssuer/principalId", "session_issuer_principal_id"),
    ("/sessionContext/sessionIssuer/arn", "session_issuer_arn"),
    ("/sessionContext/sessionIssuer/accountId", "session_issuer_account_id"),
    ("/sessionContext/sessionIssuer/userName", "session_issuer_user_name"),
    ("/sessionContext/attributes/creationDate", "session_creation_date"),
    ("/sessionContext/attributes/mfaAuthenticated", "session_mfa_authenticated"),
    ("/sessionContext/sourceIdentity", "source_identity"),
];

/// The literal that CloudTrail writes in place of a sensitive value.
pub const MASK: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The event source of Amazon Bedrock's control plane.
pub const BEDROCK: &str = "bedrock.amazonaws.com";
/// The event source of EC2, VPC included.
pub const EC2: &str = "ec2.amazonaws.com";
/// The event source of CloudTrail itself.
pub const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// What `--events audit` keeps: the event names that the history is built from, by event source.
pub const AUDIT_EVENTS: [(&str, &[&str]); 3] = [
    (
        BEDROCK,
        &[
            "CreateModelCustomizationJob",
            "CreateModelImportJob",
            "CreateModelInvocationJob",
            "DeleteCustomModel",
            "StopModelCustomizationJob",
            "StopModelInvocationJob",
            "TagResource",
            "UntagResource",
        ],
    ),
    (
        EC2,
        &[
            "AssociateRouteTable",
            "AssociateSecurityGroupVpc",
            "AttachInternetGateway",
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CreateDefaultSubnet",
            "CreateDefaultVpc",
            "CreateNetworkInterface",
            "CreateRoute",
            "CreateRouteTable",
            "CreateSecurityGroup",
            "CreateSubnet",
            "CreateTags",
            "CreateVpc",
            "CreateVpcEndpoint",
            "DeleteInternetGateway",
            "DeleteNetworkInterface",
            "DeleteRoute",
            "DeleteRouteTable",
            "DeleteSecurityGroup",
            "DeleteSubnet",
            "DeleteTags",
            "DeleteVpc",
            "DeleteVpcEndpoints",
            "DetachInternetGateway",
            "DisassociateRouteTable",
            "DisassociateSecurityGroupVpc",
            "ModifyNetworkInterfaceAttribute",
            "ModifySecurityGroupRules",
            "ModifyVpcEndpoint",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "UpdateSecurityGroupRuleDescriptionsEgress",
            "UpdateSecurityGroupRuleDescriptionsIngress",
        ],
    ),
    (CLOUDTRAIL, &["CreateTrail", "DeleteTrail", "PutEventSelectors", "StartLogging", "StopLogging", "UpdateTrail"]),
];

/// Whether `--events audit` keeps an event.
pub fn is_audited(event_source: &str, event_name: &str) -> bool {
    AUDIT_EVENTS.iter().any(|(source, names)| *source == event_source && names.binary_search(&event_name).is_ok())
}

/// Whether any source's audited events have that name.
pub fn is_audited_name(event_name: &[u8]) -> bool {
    // Most names end here: every record of a trail is asked.
    let has_its_shape = NAME_SHAPES.get(event_name.len()).is_some_and(|shapes| shapes & shape(event_name) != 0);
    has_its_shape
        && AUDIT_EVENTS.iter().any(|(_, names)| names.binary_search_by(|name| name.as_bytes().cmp(event_name)).is_ok())
}

/// For each length the [`shape`]s of the audited names of that length.
const NAME_SHAPES: [u64; 64] = {
    let mut shapes = [0; 64];
    let mut source = 0;
    while source < AUDIT_EVENTS.len() {
        let names = AUDIT_EVENTS[source].1;
        let mut place = 0;
        while place < names.len() {
            let name = names[place].as_bytes();
            shapes[name.len()] |= shape(name);
            place += 1;
        }
        source += 1;
    }
    shapes
};

/// One bit for the first and the last letter of a name.
const fn shape(name: &[u8]) -> u64 {
    match name {
        [first, .., last] => 1 << ((*first as u32 * 5 + *last as u32) % 64),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_by_its_name() {
        for (place, member) in MEMBERS.iter().enumerate() {
            assert_eq!(member_index(member.name), Some(place), "{}", member.name);
        }
        for name in ["", "eventId", "requestparameters", "sessionCredentialFromConsoles!"] {
            assert_eq!(member_index(name), None, "{name}");
        }
    }

    #[test]
    fn audited_names_are_sorted_for_the_search() {
        for (source, names) in AUDIT_EVENTS {
            assert!(names.is_sorted(), "{source}");
        }
        assert!(is_audited(EC2, "DeleteSecurityGroup") && is_audited_name(b"DeleteSecurityGroup"));
        assert!(!is_audited("kms.amazonaws.com", "TagResource") && !is_audited(EC2, "DescribeVpcs"));
        for name in AUDIT_EVENTS.iter().flat_map(|(_, names)| names.iter()) {
            assert!(is_audited_name(name.as_bytes()), "{name}");
            assert!(!is_audited_name(name.to_lowercase().as_bytes()), "{name}");
        }
        for name in [b"".as_slice(), b"D", &[b'D'; 100]] {
            assert!(!is_audited_name(name));
        }
    }
}
