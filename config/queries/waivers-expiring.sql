-- Waivers that expire within 30 days after the as-of time or have expired, the earliest first.
select waiver_id, coalesce(nullif(control_id, ''), requirement) as control_id, scope, owner, ticket, expires, state,
       datediff('day', (select max(as_of)::timestamptz from findings)::date, try_cast(expires as date)) as days_left,
       waived
from waivers
where try_cast(expires as date) <= (select max(as_of)::timestamptz from findings)::date + 30
   or try_cast(expires as date) is null
order by expires, waiver_id, line
