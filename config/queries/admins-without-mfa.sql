-- Users with administrator permissions, and root users, for whom MFA is not known to be active.
select account_id, account_name, ou_path, "user", arn, policy, via_group, full_admin, mfa_active, password_enabled
from (
    select u.account_id, u.account_name, u.ou_path, u."user", u.arn, a.policy, a.via_group, a.full_admin,
           u.mfa_active, u.password_enabled
    from users u
    join administrators a on a.account_id = u.account_id and a.arn = u.arn
    where a.full_admin is not false
    union all
    select account_id, account_name, ou_path, "user", arn, 'root user', '', true, mfa_active, password_enabled
    from users
    where is_root
)
where mfa_active is not true
order by account_id, "user", arn, policy, via_group
