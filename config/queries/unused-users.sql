-- Users older than 90 days who can still sign in or use a key, and for whom no use in the last 90 days is known.
select u.account_id, u.account_name, u.ou_path, u."user", u.user_creation_time, max(c.last_used) as last_activity,
       string_agg(c.credential, ', ' order by c.credential) filter (where c.active) as active_credentials
from users u
join credentials c on c.account_id = u.account_id and c.arn = u.arn
where not u.is_root
  and u.user_creation_time < (select max(as_of)::timestamptz from findings) - interval 90 day
group by u.account_id, u.account_name, u.ou_path, u."user", u.arn, u.user_creation_time
having count(*) filter (where c.active) > 0 and count(*) filter (where c.unused_days < 90) = 0
order by last_activity nulls first, u.account_id, u."user", u.arn
