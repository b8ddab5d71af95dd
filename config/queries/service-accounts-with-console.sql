-- Users who can sign in with a password that was not used for 90 days, although an access key of theirs was.
select p.account_id, p.account_name, p.ou_path, p."user", p.last_used as password_last_used, p.mfa_active,
       max(k.last_used) as key_last_used
from credentials p
join credentials k on k.account_id = p.account_id and k.arn = p.arn
where p.credential = 'password' and p.active and not p.is_root
  and (p.unused_days >= 90 or p.last_used is null)
  and k.credential like 'access_key_%' and k.active and k.unused_days < 90
group by p.account_id, p.account_name, p.ou_path, p."user", p.arn, p.last_used, p.mfa_active
order by p.account_id, p."user", p.arn
