resource "aws_bedrock_custom_model" "model" {
  custom_model_name     = "claims-summary"
  job_name              = "claims-summary-1"
  base_model_identifier = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-text-express-v1:0:8k"
  role_arn              = "arn:aws:iam::111122223333:role/bedrock-customization/tuning"
  hyperparameters       = { epochCount = "1" }

  training_data_config {
    s3_uri = "s3://training-data/train/data.jsonl"
  }

  output_data_config {
    s3_uri = "s3://tuning-output/claims-summary/"
  }

  vpc_config {
    subnet_ids         = []
    security_group_ids = []
  }
}
