-- Who may come in from outside of the organization by assuming a role, and the trust policies that could not be read.
select t.account_id, t.account_name, t.ou_path, t."user" as role, t.principal_type, t.principal,
       t.conditions, t.problem, p.providers as identity_providers
from role_trusts t
left join identity_providers p on p.account_id = t.account_id
where t.problem <> ''
   or t.principal_type <> 'AWS'
   or t.principal_account not in (select account_id from accounts where account_id is not null)
order by t.account_id, role, t.arn, t.statement, t.principal_type, t.principal
