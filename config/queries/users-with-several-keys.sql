-- Users with more than one active access key, by OU, with the age of their oldest key in days.
select ou_path, account_id, account_name, "user", count(*) as active_keys, max(age_days) as oldest_key_days,
       count(*) filter (where last_used is null) as without_known_use
from credentials
where credential like 'access_key_%' and active
group by ou_path, account_id, account_name, "user", arn
having count(*) > 1
order by ou_path, account_id, "user", arn
