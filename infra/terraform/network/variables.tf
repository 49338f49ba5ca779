variable "name" {
  description = "Name tag of everything, and the beginning of the groups' names"
  type        = string
}

variable "owner" {
  description = "Who answers for this network, for example a team's mail address"
  type        = string

  validation {
    condition     = trimspace(var.owner) != ""
    error_message = "A mandatory tag has a value."
  }
}

variable "data_sensitivity" {
  description = "The most sensitive class of data that jobs in this network read, for example confidential"
  type        = string

  validation {
    condition     = trimspace(var.data_sensitivity) != ""
    error_message = "A mandatory tag has a value."
  }
}

variable "cost_center" {
  description = "Who pays"
  type        = string

  validation {
    condition     = trimspace(var.cost_center) != ""
    error_message = "A mandatory tag has a value."
  }
}

variable "training_bucket_arns" {
  description = "ARNs of the buckets with training and validation data; jobs may read these and no others"
  type        = list(string)
}

variable "output_bucket_arns" {
  description = "ARNs of the buckets that jobs write metrics to"
  type        = list(string)
}

variable "vpc_cidr" {
  description = "Address range of the VPC"
  type        = string
  default     = "10.64.0.0/22"
}

variable "subnets" {
  description = "Address range of the private subnet in each Availability Zone; AWS recommends one in every zone of the Region"
  type        = map(string)

  validation {
    condition     = length(var.subnets) >= 1 && length(var.subnets) <= 16
    error_message = "A job names 1 to 16 subnets."
  }
}

variable "interface_endpoints" {
  description = "Services with an interface endpoint, by the last part of their name; jobs with a customer key need kms"
  type        = set(string)
  default     = ["kms"]
}

variable "allow_traffic_within_job_group" {
  description = "Let the interfaces of a job reach each other on every port; see NETWORK.md before setting it"
  type        = bool
  default     = false
}

variable "flow_log_retention_days" {
  description = "How long the VPC's flow logs are kept"
  type        = number
  default     = 365
}

variable "flow_log_kms_key_arn" {
  description = "Key of the flow logs; null for the key of CloudWatch Logs"
  type        = string
  default     = null
}
