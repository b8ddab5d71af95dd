"""Running EC2 instances of every region; many calls, so only where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.declaration import Call, Column, Kind, Owner, Probe, Row, Table
from auditor.model import EC2_INSTANCES, Unit
from auditor.store.evidence import Document

_INSTANCES = Call(
    "ec2:DescribeInstances",
    parameters={"Filters": [{"Name": "instance-state-name", "Values": ["running"]}], "MaxResults": 1000},
    items="Reservations",
    in_each_region=True,
    probe=Probe({"MaxResults": 5}),
)


def _rows(account_id: str, document: Document) -> Iterator[Row]:
    for answer in document.answers:
        for line, reservation in answer.items(_INSTANCES.items):
            for instance in reservation.get("Instances", []):
                if instance.get("State", {}).get("Name") != "running":
                    continue
                name = instance["InstanceId"]
                yield {
                    "name": name,
                    "resource": f"ec2:{answer.region}:{account_id}:instance/{name}",
                    "line": line,
                    "region": answer.region,
                    "instance_profile": instance.get("IamInstanceProfile", {}).get("Arn", ""),
                }


KIND = Kind(
    name=EC2_INSTANCES,
    owner=Owner.ACCOUNT,
    about="The running EC2 instances of every region.",
    calls=(_INSTANCES,),
    optional=True,
    tables=(
        Table(
            Unit.INSTANCE,
            (
                Column("region", "str", "AWS region."),
                Column("instance_profile", "str", "ARN of the instance profile; empty for none."),
            ),
            name="instances",
            about="Running EC2 instances.",
            rows=_rows,
        ),
    ),
)
