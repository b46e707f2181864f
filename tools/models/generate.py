#!/usr/bin/env python3
"""Extracts from botocore's API models what the AWS SDK for Java's classes do not carry.

    pip install botocore && python3 tools/models/generate.py

Writes one small text file per service to wire/src/main/resources/gantry/wire/models/ and an index of
them all. The files are committed; the build never runs this. To host one more service, add its line to
SERVICES and run it again. The format is described in wire's ModelFile.
"""
import gzip
import json
import os
import pathlib

import botocore

# botocore's name -> package and client interface in the AWS SDK for Java v2
SERVICES = {
    "acm": "acm.AcmClient",
    "cloudtrail": "cloudtrail.CloudTrailClient",
    "cloudwatch": "cloudwatch.CloudWatchClient",
    "dynamodb": "dynamodb.DynamoDbClient",
    "ec2": "ec2.Ec2Client",
    "ecr": "ecr.EcrClient",
    "ecr-public": "ecrpublic.EcrPublicClient",
    "ecs": "ecs.EcsClient",
    "efs": "efs.EfsClient",
    "eks": "eks.EksClient",
    "elbv2": "elasticloadbalancingv2.ElasticLoadBalancingV2Client",
    "events": "eventbridge.EventBridgeClient",
    "iam": "iam.IamClient",
    "kms": "kms.KmsClient",
    "logs": "cloudwatchlogs.CloudWatchLogsClient",
    "route53": "route53.Route53Client",
    "s3": "s3.S3Client",
    "secretsmanager": "secretsmanager.SecretsManagerClient",
    "servicediscovery": "servicediscovery.ServiceDiscoveryClient",
    "sns": "sns.SnsClient",
    "sqs": "sqs.SqsClient",
    "ssm": "ssm.SsmClient",
    "sts": "sts.StsClient",
}

DATA = pathlib.Path(botocore.__file__).parent / "data"
OUT = pathlib.Path(__file__).resolve().parents[2] / "wire/src/main/resources/gantry/wire/models"
HEADER = f"# From botocore {botocore.__version__} by tools/models/generate.py; do not edit.\n"


def load(service):
    version = sorted(os.listdir(DATA / service))[-1]
    plain = DATA / service / version / "service-2.json"
    if plain.exists():
        return json.loads(plain.read_text())
    with gzip.open(f"{plain}.gz") as packed:
        return json.load(packed)


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def number(value):
    """A limit as an exact decimal; 1.0 is 1."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


class Shapes:
    """The shapes that requests reach and that say anything; the others are left out."""

    def __init__(self, model):
        self.model = model["shapes"]
        self.says = self._says()
        self.ids = {}
        self.lines = []

    def _children(self, shape):
        if shape["type"] == "structure":
            return [m["shape"] for m in shape["members"].values()]
        if shape["type"] == "list":
            return [shape["member"]["shape"]]
        if shape["type"] == "map":
            return [shape["key"]["shape"], shape["value"]["shape"]]
        return []

    def _says(self):
        says = {
            name
            for name, shape in self.model.items()
            if any(k in shape for k in ("min", "max", "pattern", "enum"))
            or shape.get("required")
            or any(m.get("idempotencyToken") for m in shape.get("members", {}).values())
        }
        while True:
            more = {n for n, s in self.model.items() if n not in says and any(c in says for c in self._children(s))}
            if not more:
                return says
            says |= more

    def id(self, name):
        if name not in self.says:
            return ""
        if name not in self.ids:
            self.ids[name] = len(self.lines)
            self.lines.append("")
            self.lines[self.ids[name]] = self._line(self.model[name])
        return str(self.ids[name])

    def _line(self, shape):
        kind = shape["type"]
        limits = [number(shape.get("min")), number(shape.get("max"))]
        if kind == "structure":
            required = set(shape.get("required", []))
            members = []
            for name, member in shape["members"].items():
                target = self.id(member["shape"])
                marks = ("!" if name in required else "") + ("~" if member.get("idempotencyToken") else "")
                if target or marks:
                    members.append(f"{name}:{target}{marks}")
            return "\t".join(["structure"] + members)
        if kind == "list":
            return "\t".join(["list"] + limits + [self.id(shape["member"]["shape"])])
        if kind == "map":
            return "\t".join(["map"] + limits + [self.id(shape["key"]["shape"]), self.id(shape["value"]["shape"])])
        return "\t".join([kind] + limits + [escape(shape.get("pattern", ""))] + [escape(e) for e in shape.get("enum", [])])


def needs(model, operation):
    """Query parameters and headers that must be there: S3 tells operations of one path apart by them."""
    shape = model["shapes"].get(operation.get("input", {}).get("shape"), {})
    found = []
    for name in shape.get("required", []):
        member = shape["members"][name]
        if member.get("location") == "querystring":
            found.append("q:" + member["locationName"])
        elif member.get("location") == "header":
            found.append("h:" + member["locationName"].lower())
    return ",".join(sorted(found))


# Answers whose root element is their one member; botocore has a handler for it instead of a trait.
UNWRAPPED = {"GetBucketLocation": "LocationConstraint"}


def root(model, operation):
    """The root element of a REST-XML answer."""
    if operation["name"] in UNWRAPPED:
        return UNWRAPPED[operation["name"]]
    name = operation.get("output", {}).get("shape")
    shape = model["shapes"].get(name, {})
    payload = shape.get("payload")
    if payload:
        member = shape["members"][payload]
        if model["shapes"][member["shape"]]["type"] != "structure":
            return ""  # the body is the text or the bytes themselves
        return member.get("locationName") or model["shapes"][member["shape"]].get("locationName") or member["shape"]
    return operation.get("output", {}).get("locationName") or shape.get("locationName") or name or ""


def namespace(model):
    if "xmlNamespace" in model["metadata"]:
        return model["metadata"]["xmlNamespace"]
    for operation in model["operations"].values():
        found = operation.get("input", {}).get("xmlNamespace")
        if found:
            return found["uri"]
    for shape in model["shapes"].values():  # S3 says it at its payload members
        for member in shape.get("members", {}).values():
            found = member.get("xmlNamespace")
            if found and "prefix" not in found:
                return found["uri"]
    return ""


def write(service):
    model = load(service)
    shapes = Shapes(model)
    lines = []
    for name, operation in sorted(model["operations"].items()):
        http = operation.get("http", {})
        lines.append("\t".join([
            "O",
            name,
            http.get("method", "POST"),
            http.get("requestUri", "/"),
            str(http.get("responseCode", 200)),
            operation.get("output", {}).get("resultWrapper", ""),
            root(model, operation) if model["metadata"]["protocol"] == "rest-xml" else "",
            needs(model, operation),
            shapes.id(operation["input"]["shape"]) if "input" in operation else "",
        ]))
    for name, shape in sorted(model["shapes"].items()):
        if shape.get("exception"):
            error = shape.get("error", {})
            fault = shape.get("fault", False) or error.get("fault", False)
            status = error.get("httpStatusCode", 500 if fault else 400)
            sender = not fault and not status >= 500
            lines.append("\t".join(["E", name, error.get("code", name), str(status), "Sender" if sender else "Receiver"]))
    lines += ["S\t" + line for line in shapes.lines]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{service}.model").write_text(HEADER + "\n".join(lines) + "\n")
    metadata = model["metadata"]
    return "\t".join([
        service,
        "software.amazon.awssdk.services." + SERVICES[service],
        metadata["serviceId"],
        metadata.get("signingName", metadata["endpointPrefix"]),
        metadata["endpointPrefix"],
        metadata["apiVersion"],
        ",".join(metadata["protocols"]),
        metadata.get("jsonVersion", ""),
        metadata.get("targetPrefix", ""),
        namespace(model),
        "compatible" if "awsQueryCompatible" in metadata else "",
    ]).rstrip("\t")


if __name__ == "__main__":
    index = [write(service) for service in sorted(SERVICES)]
    (OUT / "index").write_text(HEADER + "\n".join(index) + "\n")
