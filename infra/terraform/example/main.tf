# A customization job in the approved network.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.82"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "training_bucket" {
  type = string
}

variable "output_bucket" {
  type = string
}

variable "customization_role_arn" {
  type = string
}

module "network" {
  source = "../network"

  name                 = "bedrock-jobs"
  owner                = "ml-platform@example.com"
  data_sensitivity     = "confidential"
  cost_center          = "CC-4711"
  training_bucket_arns = ["arn:aws:s3:::${var.training_bucket}"]
  output_bucket_arns   = ["arn:aws:s3:::${var.output_bucket}"]
  subnets = {
    "${var.region}a" = "10.64.0.0/24"
    "${var.region}b" = "10.64.1.0/24"
    "${var.region}c" = "10.64.2.0/24"
  }
}

resource "aws_bedrock_custom_model" "claims_summary" {
  custom_model_name     = "claims-summary"
  job_name              = "claims-summary-1"
  base_model_identifier = "arn:aws:bedrock:${var.region}::foundation-model/amazon.titan-text-express-v1:0:8k"
  role_arn              = var.customization_role_arn
  hyperparameters       = { epochCount = "1" }

  training_data_config {
    s3_uri = "s3://${var.training_bucket}/train/data.jsonl"
  }

  output_data_config {
    s3_uri = "s3://${var.output_bucket}/claims-summary/"
  }

  vpc_config {
    subnet_ids         = module.network.subnet_ids
    security_group_ids = [module.network.job_security_group_id]
  }
}
