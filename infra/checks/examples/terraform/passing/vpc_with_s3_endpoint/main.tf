resource "aws_vpc" "jobs" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.jobs.id
  service_name = "com.amazonaws.eu-west-1.s3"
}

resource "aws_vpc_endpoint" "kms" {
  vpc_id            = aws_vpc.jobs.id
  vpc_endpoint_type = "Interface"
  service_name      = "com.amazonaws.eu-west-1.kms"
}

resource "aws_vpc" "others" {
  cidr_block = "10.1.0.0/16"
}

data "aws_vpc_endpoint_service" "storage" {
  service      = "s3"
  service_type = "Gateway"
}

resource "aws_vpc_endpoint" "storage" {
  vpc_id       = aws_vpc.others.id
  service_name = data.aws_vpc_endpoint_service.storage.service_name
}
