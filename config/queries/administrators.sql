-- Policies that allow, or may allow, every action on every resource, with each user, group and role that has them.
select account_id, account_name, ou_path, policy, policy_arn, principal_type, "user" as principal, via_group,
       full_admin, boundary, reason
from administrators
where full_admin is not false
order by account_id, policy, policy_arn, principal_type, principal, via_group
