-- Attached policies that allow everything on everything, with whom they are attached to.
select account_id, account_name, ou_path, "user" as policy, arn, attached_to, reason
from policies
where full_admin
order by account_id, policy
