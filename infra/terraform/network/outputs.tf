output "vpc_id" {
  description = "For the guardrails: the VPC that data may be read from"
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "What jobs name"
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "job_security_group_id" {
  description = "What jobs name"
  value       = aws_security_group.jobs.id
}

output "endpoint_security_group_id" {
  description = "Group of the interface endpoints"
  value       = aws_security_group.endpoints.id
}

output "s3_endpoint_id" {
  description = "Gateway endpoint of S3"
  value       = aws_vpc_endpoint.s3.id
}

output "vpc_config" {
  description = "The vpcConfig of a job, as JSON"
  value = jsonencode({
    subnetIds        = [for subnet in aws_subnet.private : subnet.id]
    securityGroupIds = [aws_security_group.jobs.id]
  })
}
