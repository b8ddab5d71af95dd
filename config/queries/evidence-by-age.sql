-- Evidence files with their age in hours at the as-of time, the oldest first; a credential report counts from when AWS made it.
select e.account_id, a.account_name, e.evidence, e.evidence_file, e.collected_at, a.report_generated_at,
       datediff('hour', coalesce(a.report_generated_at, e.collected_at),
                (select max(as_of)::timestamptz from findings)) as age_hours, e.size
from evidence e
left join accounts a on a.account_id = e.account_id and e.evidence_file = a.evidence_file
order by coalesce(a.report_generated_at, e.collected_at) nulls first, e.account_id, e.evidence_file
