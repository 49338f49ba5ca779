//! The AWS Config custom rule for Amazon Bedrock jobs. So far: which control a rule is asked for.

use schemas::control::ControlId;

/// The rule parameter that picks a control.
pub const CONTROL_PARAMETER: &str = "control";

/// A rule parameter `control` that names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownControl {
    /// The name as given.
    pub found: String,
}

impl std::fmt::Display for UnknownControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = ControlId::ALL.map(ControlId::as_str).join(", ");
        write!(f, "rule parameter {CONTROL_PARAMETER} is {:?}; it must be one of {known}", self.found)
    }
}

impl std::error::Error for UnknownControl {}

/// The control that a rule is asked for; a wrong name lists the right ones.
pub fn control_of(parameter: &str) -> Result<ControlId, UnknownControl> {
    ControlId::parse(parameter).ok_or_else(|| UnknownControl { found: parameter.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_control_lists_the_right_ones() {
        assert_eq!(control_of("job_in_vpc"), Ok(ControlId::JobInVpc));
        let error = control_of("job-in-vpc").expect_err("hyphens").to_string();
        assert!(ControlId::ALL.iter().all(|control| error.contains(control.as_str())), "{error}");
    }
}
