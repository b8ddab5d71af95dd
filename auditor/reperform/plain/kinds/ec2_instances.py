"""Running EC2 instances."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import TEXT, Facts, typed


def read(document: Document, account_id: str) -> dict[str, list[Facts]]:
    """Those that run."""
    return {
        "instance": [
            _instance(line, instance, call.region, account_id)
            for call in document.calls
            for line, reservation in call.items.get("Reservations", ())
            for instance in reservation.get("Instances", [])
            if instance.get("State", {}).get("Name") == "running"
        ]
    }


def _instance(line: int, instance: Facts, region: str, account_id: str) -> Facts:
    name = instance["InstanceId"]
    facts = {
        "line": line,
        "name": name,
        "behind_partition": f"ec2:{region}:{account_id}:instance/{name}",  # of the ARN, which AWS does not show
        "region": region,
        "instance_profile": instance.get("IamInstanceProfile", {}).get("Arn", ""),
    }
    return typed(facts, dict.fromkeys(("name", "behind_partition", "region", "instance_profile"), TEXT))
