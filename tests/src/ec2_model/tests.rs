use super::*;

fn at(second: i64) -> Time {
    Time::UNIX_EPOCH + chrono::TimeDelta::seconds(second)
}

/// Calls in a row, a second apart.
struct Calls {
    ec2: Ec2,
    number: usize,
}

impl Calls {
    fn new() -> Self {
        Self { ec2: Ec2::new("111122223333", "eu-west-1"), number: 0 }
    }

    #[expect(clippy::needless_pass_by_value, reason = "operations are made in the call")]
    fn call(&mut self, mode: Mode, operation: Operation) -> Result<Answer, Refusal> {
        self.number += 1;
        let second = i64::try_from(self.number).expect("calls are few");
        self.ec2.call(self.number, at(second), mode, &operation)
    }

    fn make(&mut self, operation: Operation) -> String {
        match self.call(Mode::Real, operation) {
            Ok(Answer::Made(id)) => id,
            other => panic!("{other:?} has no id"),
        }
    }

    #[track_caller]
    fn refuse(&mut self, code: &str, operation: Operation) {
        let before = format!("{:?}", self.ec2.groups);
        assert_eq!(self.call(Mode::Real, operation).map_err(|refusal| refusal.code), Err(code));
        assert_eq!(format!("{:?}", self.ec2.groups), before, "a refused call changes nothing");
    }

    fn group(&mut self, name: &str, vpc_id: Option<&str>) -> String {
        let vpc_id = vpc_id.map(str::to_owned);
        self.make(Operation::CreateSecurityGroup { name: name.to_owned(), vpc_id, tags: Vec::new() })
    }

    fn rules(&self, id: &str) -> Vec<String> {
        let rules = &self.ec2.groups[id].now().expect("it lives").rules;
        rules.iter().map(|rule| format!("{} {:?}", rule.is_egress, rule.spec.peer)).collect()
    }
}

fn id(id: &str) -> GroupRef {
    GroupRef::Id(id.to_owned())
}

fn tcp(written: &[&str]) -> Vec<Permission> {
    let target = |written: &&str| Target { written: (*written).to_owned(), account_id: None, description: None };
    let targets = written.iter().map(target).collect();
    vec![Permission { protocol: "tcp".to_owned(), from_port: Some(443), to_port: Some(443), targets }]
}

fn authorize(group: GroupRef, written: &[&str]) -> Operation {
    Operation::Authorize { group, is_egress: false, permissions: tcp(written), rule_tags: Vec::new() }
}

fn revoke(group: GroupRef, written: &[&str]) -> Operation {
    Operation::Revoke { group, is_egress: false, permissions: tcp(written) }
}

#[test]
fn a_duplicate_refuses_the_whole_call_and_so_does_an_unknown_rule_outside_the_default_vpc() {
    let mut calls = Calls::new();
    let vpc = calls.make(Operation::CreateVpc { tags: Vec::new() });
    let group = calls.group("web", Some(&vpc));
    assert_eq!(calls.rules(&group), ["true Ipv4(\"0.0.0.0/0\")"]);
    assert!(calls.call(Mode::Real, authorize(id(&group), &["100.68.0.18/18"])).is_ok());
    let duplicate = authorize(id(&group), &["10.0.0.0/8", "100.68.0.0/18"]);
    calls.refuse("Client.InvalidPermission.Duplicate", duplicate);
    calls.refuse("Client.InvalidPermission.NotFound", revoke(id(&group), &["100.68.0.0/18", "10.0.0.0/8"]));
    assert!(calls.call(Mode::Real, revoke(id(&group), &["100.68.0.99/18"])).is_ok());
    assert_eq!(calls.rules(&group).len(), 1);
}

#[test]
fn the_default_vpc_takes_names_and_forgives_what_it_does_not_have() {
    let mut calls = Calls::new();
    let other = calls.make(Operation::CreateVpc { tags: Vec::new() });
    calls.group("web", Some(&other));
    calls.refuse(
        "Client.VPCIdNotSpecified",
        Operation::CreateSecurityGroup { name: "web".to_owned(), vpc_id: None, tags: Vec::new() },
    );
    calls.make(Operation::CreateDefaultVpc);
    let group = calls.group("web", None);
    let name = || GroupRef::Name("WEB".to_owned());
    assert!(calls.call(Mode::Real, authorize(name(), &["10.0.0.0/8"])).is_ok());
    let Ok(Answer::Revoked(revoked, unknown)) = calls.call(Mode::Real, revoke(name(), &["10.0.0.0/8", "::/0"])) else {
        panic!("it is forgiven")
    };
    assert_eq!((revoked.len(), unknown.len(), calls.rules(&group).len()), (1, 1, 1));
    calls.refuse("Client.InvalidGroup.NotFound", authorize(GroupRef::Name("db".to_owned()), &["10.0.0.0/8"]));
    assert_eq!(calls.make(Operation::DeleteSecurityGroup { group: name() }), group);
}

#[test]
fn what_is_in_use_is_not_deleted_and_a_vpc_takes_its_default_group_along() {
    let mut calls = Calls::new();
    let vpc = calls.make(Operation::CreateVpc { tags: Vec::new() });
    let (a, b) = (calls.group("a", Some(&vpc)), calls.group("b", Some(&vpc)));
    assert!(calls.call(Mode::Real, authorize(id(&a), &[&b])).is_ok());
    calls.refuse("Client.DependencyViolation", Operation::DeleteSecurityGroup { group: id(&b) });
    calls.refuse("Client.DependencyViolation", Operation::DeleteVpc { vpc_id: vpc.clone() });
    calls.make(Operation::DeleteSecurityGroup { group: id(&a) });
    calls.make(Operation::DeleteSecurityGroup { group: id(&b) });
    let default = calls.ec2.default_group(&vpc);
    calls.refuse("Client.CannotDelete", Operation::DeleteSecurityGroup { group: id(&default) });
    assert!(calls.call(Mode::Real, Operation::DeleteVpc { vpc_id: vpc }).is_ok());
    assert_eq!(calls.ec2.groups[&default].now(), None);
}

#[test]
fn dry_runs_and_denied_calls_change_nothing_and_say_so() {
    let mut calls = Calls::new();
    let vpc = calls.make(Operation::CreateVpc { tags: Vec::new() });
    let group = calls.group("a", Some(&vpc));
    for (mode, code) in [(Mode::DryRun, "Client.DryRunOperation"), (Mode::Denied, "Client.UnauthorizedOperation")] {
        let outcome = calls.call(mode, Operation::DeleteSecurityGroup { group: id(&group) });
        assert_eq!(outcome.map_err(|refusal| refusal.code), Err(code));
        assert!(calls.ec2.groups[&group].now().is_some());
    }
    // A dry run of what would be refused is refused as the call itself would be.
    let outcome = calls.call(Mode::DryRun, Operation::DeleteVpc { vpc_id: vpc });
    assert_eq!(outcome.map_err(|refusal| refusal.code), Err("Client.DependencyViolation"));
}

#[test]
fn ports_are_all_wherever_ec2_pays_them_no_heed() {
    let ec2 = Ec2::new("111122223333", "eu-west-1");
    let check = |protocol: &str, ports: [Option<i64>; 2], expected: (&str, Option<i64>, Option<i64>)| {
        let permission = Permission {
            protocol: protocol.to_owned(),
            from_port: ports[0],
            to_port: ports[1],
            targets: tcp(&["10.0.0.0/8"]).remove(0).targets,
        };
        let (spec, _) = ec2.specs(&[permission]).expect("a range needs no group").remove(0);
        assert_eq!((spec.protocol.as_str(), spec.from_port, spec.to_port), expected);
    };
    check("-1", [Some(0), Some(0)], ("-1", None, None));
    check("50", [Some(0), Some(65535)], ("50", None, None));
    check("6", [Some(0), Some(65535)], ("tcp", Some(0), Some(65535)));
    check("icmp", [Some(8), Some(-1)], ("icmp", Some(8), None));
    check("1", [Some(0), Some(0)], ("icmp", Some(0), Some(0)));
}

#[test]
fn tags_are_deleted_by_key_by_key_and_value_or_all_at_once() {
    let mut calls = Calls::new();
    let tags = ["a", "b", "c"].map(|key| (key.to_owned(), format!("{key}1"))).to_vec();
    let vpc = calls.make(Operation::CreateVpc { tags });
    let mut check = |tags: &[(&str, Option<&str>)], left: &str| {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect();
        let delete = Operation::DeleteTags { resource_ids: vec![vpc.clone()], tags };
        assert_eq!(calls.call(Mode::Real, delete), Ok(Answer::Done));
        let state = calls.ec2.vpcs[&vpc].now().expect("it lives");
        assert_eq!(state.tags.keys().cloned().collect::<Vec<_>>().join(" "), left);
    };
    check(&[("a", Some("")), ("b", Some("b1"))], "a c");
    check(&[("A", None), ("c", None)], "a");
    check(&[], "");
}

#[test]
fn a_timeline_is_after_everything_of_an_instant() {
    let mut calls = Calls::new();
    let vpc = calls.make(Operation::CreateVpc { tags: Vec::new() });
    let group = calls.group("a", Some(&vpc));
    calls.make(Operation::DeleteSecurityGroup { group: id(&group) });
    let line = &calls.ec2.groups[&group];
    assert_eq!([1, 2, 3].map(|second| line.at(at(second)).is_some()), [false, true, false]);
    assert_eq!((line.created(), line.deleted()), (Some((at(2), 2)), Some((at(3), 3))));
}
