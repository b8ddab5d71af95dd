"""The roles that the auditor needs, allowed what the chosen benchmarks call and nothing else, as text to deploy."""

from auditor.aws.role.cloudformation import cloudformation
from auditor.aws.role.plan import Grant, Resource, RolePlan
from auditor.aws.role.terraform import terraform

__all__ = ["Grant", "Resource", "RolePlan", "cloudformation", "terraform"]
