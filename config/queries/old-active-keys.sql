-- Active access keys that were not rotated for more than 45 days, oldest first.
select account_id, account_name, ou_path, "user", credential, last_rotated, age_days, last_used
from credentials
where credential like 'access_key_%' and active and age_days > 45 and not is_root
order by age_days desc, account_id, "user", credential
