-- Every account with its outcome and its number of failures by severity, worst first.
select a.account_id, a.account_name, a.ou_path, a.outcome, a.gap_code,
       count(*) filter (f.severity = 'critical') as critical,
       count(*) filter (f.severity = 'high') as high,
       count(*) filter (f.severity = 'medium') as medium,
       count(*) filter (f.severity = 'low') as low
from accounts a
left join findings f on f.account_id = a.account_id and f.status = 'FAIL'
group by all
order by critical desc, high desc, medium desc, low desc, a.account_id
