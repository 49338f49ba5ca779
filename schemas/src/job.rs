//! The Amazon Bedrock jobs that read an organization's data inside or outside a VPC.

use crate::ids::Arn;

/// Kind of job. All three carry the same `vpcConfig` (API Reference "CreateModelCustomizationJob",
/// "CreateModelImportJob", "CreateModelInvocationJob").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Fine-tuning, continued pre-training, distillation, reinforcement fine-tuning.
    ModelCustomization,
    /// Import of a model trained elsewhere.
    ModelImport,
    /// Batch inference.
    ModelInvocation,
}

impl JobKind {
    /// Every kind, in reporting order.
    pub const ALL: [Self; 3] = [Self::ModelCustomization, Self::ModelImport, Self::ModelInvocation];

    /// The kind's name in tables; also the resource word of its ARN, with hyphens there.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ModelCustomization => "model_customization",
            Self::ModelImport => "model_import",
            Self::ModelInvocation => "model_invocation",
        }
    }

    /// The API operation that creates a job of this kind.
    pub const fn create_event(self) -> &'static str {
        match self {
            Self::ModelCustomization => "CreateModelCustomizationJob",
            Self::ModelImport => "CreateModelImportJob",
            Self::ModelInvocation => "CreateModelInvocationJob",
        }
    }

    /// The API operation that stops one; an import job cannot be stopped.
    pub const fn stop_event(self) -> Option<&'static str> {
        match self {
            Self::ModelCustomization => Some("StopModelCustomizationJob"),
            Self::ModelImport => None,
            Self::ModelInvocation => Some("StopModelInvocationJob"),
        }
    }

    /// The kind of the job that an ARN names, from the resource word before its first slash.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let (word, _) = Arn::parse(arn)?.resource.split_once('/')?;
        match word {
            "model-customization-job" => Some(Self::ModelCustomization),
            "model-import-job" => Some(Self::ModelImport),
            "model-invocation-job" => Some(Self::ModelInvocation),
            _ => None,
        }
    }

    /// The kind whose job `event_name` creates.
    pub fn created_by(event_name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.create_event() == event_name)
    }

    /// The kind whose job `event_name` stops.
    pub fn stopped_by(event_name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.stop_event() == Some(event_name))
    }
}

/// What a create request says about its VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VpcConfigState {
    /// The request names a VPC configuration.
    Present,
    /// The request was recorded whole and names none: the job runs outside a VPC.
    Absent,
    /// The record masks, omits or garbles it: nobody can tell from this record.
    Unknown,
}

impl VpcConfigState {
    /// The state's name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }
}
