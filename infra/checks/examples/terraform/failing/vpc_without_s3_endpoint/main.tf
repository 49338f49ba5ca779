resource "aws_vpc" "jobs" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.jobs.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.eu-west-1.dynamodb"
}

resource "aws_vpc_endpoint" "s3express" {
  vpc_id       = aws_vpc.jobs.id
  service_name = "com.amazonaws.eu-west-1.s3express"
}
