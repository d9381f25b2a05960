-- The enquiry page (as anon) and what becomes of an enquiry (as the organisation's worker).

-- The address of a published page; nothing for one that is not published.
-- name: find_page
select organization_id, project_id, organization_name
  from private.find_public_project(%(organization_slug)s, %(project_slug)s);

-- What a stranger may read of it.
-- name: page
select to_jsonb(k) from (
  select p.name, p.description, p.status, p.locality, p.city, p.amenities, p.rera_number, p.possession_date,
         p.enquiry_consent_text,
         (select coalesce(jsonb_agg(jsonb_build_object('configuration', u.configuration, 'from', u.price_from::text, 'units', u.units)
                                    order by u.configuration), '[]')
            from (select y.configuration, min(y.public_price) as price_from, count(*) as units
                    from public.properties y
                   where y.organization_id = p.organization_id and y.project_id = p.id and y.status = 'available'
                     and y.archived_at is null and y.configuration is not null
                   group by y.configuration) u) as kinds
    from public.projects p where p.organization_id = %(organization_id)s and p.id = %(project_id)s) k;

-- Kept as it came before anything is done with it; the form's own token makes a double click one row.
-- name: accept
insert into public.inbox (organization_id, source, external_id, body)
values (%(organization_id)s, 'form', %(token)s, %(body)s)
on conflict (organization_id, source, external_id) do nothing;

-- Whose inbox has something waiting, longest first.
-- name: waiting_organizations
select private.organizations_with_inbox(%(most)s);

-- The waiting deliveries of an organisation, locked: a second worker takes the others.
-- name: waiting
select id, source, body, attempts, received_at from public.inbox
 where organization_id = %(organization_id)s and status = 'accepted' and next_attempt_at <= now() and source = 'form'
 order by received_at limit %(most)s for update skip locked;

-- Done, refused with the reason, or given up.
-- name: settle
update public.inbox set status = %(status)s, attempts = attempts + 1, result = %(result)s, error = %(error)s,
       processed_at = now()
 where organization_id = %(organization_id)s and id = %(id)s;

-- Something of ours failed: again later, each time longer.
-- name: postpone
update public.inbox set attempts = attempts + 1, error = %(error)s,
       next_attempt_at = now() + make_interval(secs => least(3600, 2 ^ attempts * 5))
 where organization_id = %(organization_id)s and id = %(id)s;

-- The one way in for leads.
-- name: accept_lead
select to_jsonb(a) from private.accept_leads(%(rows)s) a;
