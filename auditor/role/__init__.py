"""The roles that the auditor needs, allowed what the chosen benchmarks call and nothing else, as text to deploy."""

from auditor.role.cloudformation import cloudformation
from auditor.role.plan import Grant, Resource, RolePlan
from auditor.role.terraform import terraform

__all__ = ["Grant", "Resource", "RolePlan", "cloudformation", "terraform"]
