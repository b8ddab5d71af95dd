-- What the credential report shows about the root user of every assessed account.
select account_id, account_name, password_enabled, mfa_active, password_last_used,
       access_key_1_active, access_key_1_last_used_date, access_key_2_active, access_key_2_last_used_date
from users
where is_root
order by greatest(password_last_used, access_key_1_last_used_date, access_key_2_last_used_date) desc nulls last, account_id
