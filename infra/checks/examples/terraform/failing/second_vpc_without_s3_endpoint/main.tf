resource "aws_vpc" "first" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.first.id
  service_name = "com.amazonaws.eu-west-1.s3"
}

resource "aws_vpc" "second" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_vpc_endpoint" "kms" {
  vpc_id            = aws_vpc.second.id
  vpc_endpoint_type = "Interface"
  service_name      = "com.amazonaws.eu-west-1.kms"
}
