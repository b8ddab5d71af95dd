-- Server certificates that have expired or expire within 60 days after the as-of time, the earliest first.
select account_id, account_name, ou_path, "user" as certificate, arn, expires_at,
       datediff('day', (select max(as_of)::timestamptz from findings), expires_at) as days_left
from certificates
where expires_at <= (select max(as_of)::timestamptz from findings) + interval 60 day or expires_at is null
order by expires_at nulls last, account_id, certificate, arn
