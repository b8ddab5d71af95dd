-- Users with the last use of any of their credentials, those who never used any first.
select u.account_id, u.account_name, u.ou_path, u."user", max(c.last_used) as last_activity,
       min(c.unused_days) as days_ago, count(*) filter (where c.active) as active_credentials, u.user_creation_time
from users u
left join credentials c on c.account_id = u.account_id and c.arn = u.arn
group by u.account_id, u.account_name, u.ou_path, u."user", u.arn, u.user_creation_time
order by last_activity nulls first, u.account_id, u."user", u.user_creation_time
