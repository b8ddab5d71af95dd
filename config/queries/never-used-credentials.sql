-- Active passwords and access keys that were never used, with the days since they were created or changed.
select account_id, account_name, "user", credential, last_rotated, age_days
from credentials
where active and last_used is null and last_used_note in ('n/a', 'no_information') and not is_root
order by age_days desc nulls last, account_id, "user", credential
