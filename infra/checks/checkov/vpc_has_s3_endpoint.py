"""Whether a VPC has an endpoint of S3. The YAML policies of Checkov cannot say it of a VPC that has others, too, nor
where the name of the service comes from a data source."""
from os.path import dirname

from checkov.common.graph.graph_builder import CustomAttributes
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


def first(value):
    return value[0] if isinstance(value, list) and value else value


class VpcHasS3Endpoint(BaseResourceCheck):
    def __init__(self):
        super().__init__(
            name="The VPC of Bedrock jobs has an endpoint of S3",
            id="CKV2_BEDROCK_AUDIT_3",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["aws_vpc"],
            guideline="Add an aws_vpc_endpoint of S3 to the VPC, and to the route tables of its subnets.",
        )

    def scan_resource_conf(self, conf):
        address = conf[CustomAttributes.TF_RESOURCE_ADDRESS]
        module, vpc = address.rpartition("aws_vpc.")[::2]
        folder = self.folder(address)
        nodes = [node for _, node in self.graph.nodes() if dirname(str(node.get(CustomAttributes.FILE_PATH))) == folder]
        endpoints = [
            node
            for node in nodes
            if node.get(CustomAttributes.RESOURCE_TYPE) == "aws_vpc_endpoint"
            and str(node.get(CustomAttributes.TF_RESOURCE_ADDRESS)).startswith(f"{module}aws_vpc_endpoint.")
            and first(node.get("vpc_id")) == f"aws_vpc.{vpc}.id"
        ]
        is_s3 = any(self.is_s3(str(first(endpoint.get("service_name"))), nodes) for endpoint in endpoints)
        return CheckResult.PASSED if is_s3 else CheckResult.FAILED

    def folder(self, address):
        """Of the VPC. The graph has every folder below the one that is scanned, and addresses are unique in one only."""
        scanned = self.entity_path.split(":")[0]
        paths = [
            node[CustomAttributes.FILE_PATH]
            for _, node in self.graph.nodes()
            if node.get(CustomAttributes.TF_RESOURCE_ADDRESS) == address
            and node[CustomAttributes.FILE_PATH].endswith(scanned)
        ]
        return dirname(min(paths, key=len))

    @staticmethod
    def is_s3(service, nodes):
        """`service` is a name, an expression that ends in one, or the data source that looks it up."""
        kind, _, rest = service.strip("${}").partition("data.aws_vpc_endpoint_service.")
        if kind or not rest:
            return service.endswith(".s3")
        source = f"aws_vpc_endpoint_service.{rest.split('.')[0]}"
        looked_up = [node for node in nodes if node.get(CustomAttributes.BLOCK_NAME) == source]
        return bool(looked_up) and all(first(node.get("service")) == "s3" for node in looked_up)


check = VpcHasS3Endpoint()
