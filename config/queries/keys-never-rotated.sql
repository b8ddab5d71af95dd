-- Active access keys older than 90 days that were made on the day on which their user was.
select account_id, account_name, ou_path, "user", credential, last_rotated as made, age_days, last_used
from credentials
where credential like 'access_key_%' and active and age_days > 90
  and abs(datediff('second', user_creation_time, last_rotated)) < 86400
order by age_days desc, account_id, "user", credential
