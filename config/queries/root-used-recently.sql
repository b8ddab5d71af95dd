-- Root users whose password or access keys were used in the last 90 days, the latest use first.
select account_id, account_name, ou_path, credential, active, last_used, unused_days as days_ago, last_used_service
from credentials
where is_root and unused_days <= 90
order by last_used desc, account_id, credential
