-- Accounts without a password policy, with one below 14 characters or 24 remembered passwords, or with an unknown one.
select a.account_id, a.account_name, a.ou_path, a.outcome, p.policy_exists, p.minimum_length, p.reuse_prevention,
       case when p.policy_exists is null then 'not known'
            when not p.policy_exists then 'no password policy'
            else concat_ws('; ',
                if(p.minimum_length >= 14, null, 'fewer than 14 characters'),
                if(p.reuse_prevention >= 24, null, 'remembers fewer than 24 passwords'))
       end as weakness
from accounts a
left join password_policies p on p.account_id = a.account_id
where a.outcome <> 'excluded'
  and (p.policy_exists is not true or coalesce(p.minimum_length, 0) < 14 or coalesce(p.reuse_prevention, 0) < 24)
order by a.account_id
