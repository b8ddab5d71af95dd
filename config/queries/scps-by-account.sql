-- Service control policies with each account that they reach and where they are attached; last those that reach none.
select account_id, account_name, ou_path, "user" as policy, policy_id, targets
from control_policies
where policy_type = 'SCP'
order by account_id nulls last, policy, policy_id
