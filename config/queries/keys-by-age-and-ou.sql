-- Active access keys by OU and age in days, and those whose age is not known.
select ou_path,
       count(*) as active_keys,
       count(*) filter (where age_days <= 45) as up_to_45_days,
       count(*) filter (where age_days > 45 and age_days <= 90) as up_to_90_days,
       count(*) filter (where age_days > 90 and age_days <= 365) as up_to_365_days,
       count(*) filter (where age_days > 365) as older,
       count(*) filter (where age_days is null) as age_unknown
from credentials
where credential like 'access_key_%' and active
group by ou_path
order by ou_path
