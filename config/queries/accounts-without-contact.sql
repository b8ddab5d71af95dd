-- Accounts for which no security contact is known, with the primary contact where it was collected.
select a.account_id, a.account_name, a.ou_path, a.outcome,
       case when c.security_contact = '' then 'none' else 'not known' end as security_contact, c.primary_contact
from accounts a
left join contacts c on c.account_id = a.account_id
where a.outcome <> 'excluded' and coalesce(c.security_contact, '') = ''
order by a.account_id
