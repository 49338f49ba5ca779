//! Creating a customization job again, rightly: its network settings cannot be changed, and it cannot be deleted.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`request`] | the request of `CreateModelCustomizationJob`, every member of it |
//! | [`draft`], [`names`], [`network`] | a request in the making: members by path, new names, the new `vpcConfig` |
//! | [`origin`] | what the old job was asked for, as the API or its record tells, and what neither tells |
//! | [`plan`] | old request and what was typed in, new request and what changes out |
//! | [`preflight`] | whether the new job would start and be compliant |
//! | [`gather`] | the traits over AWS, and collecting what the modules above decide on |
//! | [`act`] | stopping and submitting, each written down before and after |

pub mod act;
pub mod draft;
pub mod gather;
pub mod names;
pub mod network;
pub mod origin;
pub mod plan;
pub mod preflight;
pub mod request;

#[cfg(test)]
mod cases;
