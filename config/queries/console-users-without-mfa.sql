-- Users who can sign in with a password and have no MFA.
select account_id, account_name, ou_path, "user", password_last_used, user_creation_time
from users
where password_enabled and mfa_active is not true and not is_root
order by account_id, "user"
