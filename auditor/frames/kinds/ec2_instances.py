"""Running EC2 instances: a row each."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.evidence import Document
from auditor.frames.tables import Row, table
from auditor.model import EC2_INSTANCES, Unit

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}
_COLUMNS = {"region": "str", "instance_profile": "str"}  # the profile's ARN, empty for none


def _rows(account_id: str, document: Document) -> Iterator[Row]:
    for answer in document.answers:
        for line, reservation in answer.items("Reservations"):
            for instance in reservation.get("Instances", []):
                if instance.get("State", {}).get("Name") != "running":
                    continue
                name = instance["InstanceId"]
                yield {
                    "name": name,
                    "arn": f"arn:{_partition(answer.region)}:ec2:{answer.region}:{account_id}:instance/{name}",
                    "line": line,
                    "region": answer.region,
                    "instance_profile": instance.get("IamInstanceProfile", {}).get("Arn", ""),
                }


def _partition(region: str) -> str:
    return next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")


TABLES = (table(Unit.INSTANCE, EC2_INSTANCES, _COLUMNS, _rows),)
