-- Every account with its outcome, its missing evidence and its number of users beside AWS's count, the least complete first.
select a.account_id, a.account_name, a.ou_path, a.outcome, a.reason, count(g.evidence) as gaps,
       string_agg(g.evidence || ': ' || g.code, '; ' order by g.evidence, g.code) as missing,
       a.users, a.users_counted_by_aws
from accounts a
left join gaps g on g.account_id = a.account_id
group by a.account_id, a.account_name, a.ou_path, a.outcome, a.reason, a.users, a.users_counted_by_aws
order by case a.outcome when 'not_assessed' then 0 when 'assessed' then 1 else 2 end, gaps desc, a.account_id
