-- Attached policies that allow every action on every resource, and the users, groups and roles that have them.
select account_id, account_name, ou_path, "user" as policy, arn, attached_to, reason
from policies
where full_admin
order by account_id, policy, arn
