-- What changed between the last two of the snapshots that are asked: failures that are new, fixed or still there.
with snapshots as (
    select snapshot_id, row_number() over (order by right(snapshot_id, 16) desc, snapshot_id desc) as number
    from (select distinct snapshot_id from findings)
),
judged as (select f.*, s.number from findings f join snapshots s using (snapshot_id) where s.number <= 2),
unjudged as (
    select distinct number, account_id, control_id from judged where status = 'NO_EVIDENCE'
),
tested as (select distinct number, account_id, control_id from judged where status <> 'NO_EVIDENCE'),
accounts_seen as (select distinct number, account_id from judged),
pairs as (
    select coalesce(new.finding_id, old.finding_id) as finding_id,
           coalesce(new.account_id, old.account_id) as account_id,
           coalesce(new.account_name, old.account_name) as account_name,
           coalesce(new.control_id, old.control_id) as control_id,
           coalesce(new.severity, old.severity) as severity,
           coalesce(new.resource_name, old.resource_name) as resource_name,
           coalesce(new.credential, old.credential) as credential,
           old.status as status_old, new.status as status_new, coalesce(new.reason, old.reason) as reason
    from (select * from judged where number = 1) as new
    full join (select * from judged where number = 2) as old on old.finding_id = new.finding_id
    where new.status = 'FAIL' or old.status = 'FAIL'
)
select case
           when (select count(*) from snapshots) < 2 then 'failing (there is no earlier snapshot)'
           when status_old = 'FAIL' and status_new = 'FAIL' then 'still failing'
           when status_new = 'FAIL' and status_old = 'PASS' then 'new'
           when status_new = 'PASS' then 'fixed'
           when exists (
               select 1 from unjudged u
               where u.number = if(status_new is null, 1, 2) and u.account_id = p.account_id
                 and u.control_id = p.control_id
           ) then 'not comparable'
           when not exists (
               select 1 from accounts_seen s
               where s.number = if(status_new is null, 1, 2) and s.account_id = p.account_id
           ) then 'not comparable'
           when not exists (
               select 1 from tested t
               where t.number = if(status_new is null, 1, 2) and t.control_id = p.control_id
           ) then 'not comparable'
           when status_new is null then 'gone'
           else 'new'
       end as change,
       account_id, account_name, control_id, severity, resource_name, credential, status_old, status_new, reason,
       finding_id
from pairs p
order by change, account_id, control_id, resource_name, credential, finding_id
