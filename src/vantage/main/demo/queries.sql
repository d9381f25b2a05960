-- What `vantage demo` writes. The first group runs as the owner of the database (an operator's acts), the
-- second as the people themselves, under the policies that hold for everybody.

-- A demonstration is recognised by its mark, not by its name.
-- name: find_demo
select id from public.organizations where is_demo order by created_at limit 1;

-- An account of our own provider; null when the e-mail is taken.
-- name: create_account
select private.create_account(%(email)s, %(password_hash)s, %(full_name)s);

-- The mark can never be set by people: it makes the carrier simulated for ever (constraint).
-- name: mark_demo
update public.organizations set is_demo = true, caller_id = %(caller_id)s where id = %(organization_id)s;

-- The demo shows what Pro can do, for longer than a trial.
-- name: give_pro
select private.set_plan(%(organization_id)s, 'pro');

-- Colleagues join without an invitation's mail.
-- name: seat_member
select private.seat_member(%(organization_id)s, %(person_id)s, %(system_role)s,
  (select r.id from public.roles r where r.organization_id = %(organization_id)s and r.name = %(role)s));

-- As the owner of the organisation: born whole, first project named.
-- name: create_organization
select private.create_organization(%(name)s, %(first_project)s, %(details)s);

-- Teams give `lead.view_team` something to mean.
-- name: create_team
insert into public.teams (organization_id, name) values (%(organization_id)s, %(name)s) returning id;

-- A member's team.
-- name: join_team
update public.members set team_id = %(team_id)s where organization_id = %(organization_id)s and id = %(person_id)s;

-- The first project exists by birth; it takes the others' columns.
-- name: project_by_name
select id from public.projects where organization_id = %(organization_id)s and name = %(name)s;

-- The other projects.
-- name: create_project
insert into public.projects (organization_id, name) values (%(organization_id)s, %(name)s) returning id;

-- One statement for whatever columns the demo names.
-- name: describe_project
update public.projects p
   set description = d.description, project_type = d.project_type, status = d.status, locality = d.locality,
       city = d.city, state = d.state, pincode = d.pincode, rera_number = d.rera_number,
       possession_date = d.possession_date, amenities = d.amenities,
       is_published = coalesce(d.is_published, false), public_slug = d.public_slug,
       enquiry_consent_text = d.enquiry_consent_text
  from jsonb_to_record(%(columns)s) as d (description text, project_type text, status text, locality text,
       city text, state text, pincode text, rera_number text, possession_date date, amenities text[],
       is_published boolean, public_slug text, enquiry_consent_text text)
 where p.organization_id = %(organization_id)s and p.id = %(project_id)s;

-- All units of a project at once.
-- name: create_properties
with added as (
  insert into public.properties (organization_id, project_id, title, type, status, price, price_undisclosed, size_sqft,
                                 bedrooms, bathrooms, configuration, tower, floor, unit_number, facing)
  select %(organization_id)s, %(project_id)s, u.title, u.type, u.status, u.price, coalesce(u.price_undisclosed, false),
         u.size_sqft, u.bedrooms, u.bathrooms, u.configuration, u.tower, u.floor, u.unit_number, u.facing
    from jsonb_to_recordset(%(units)s) as u (title text, type text, status text, price numeric,
         price_undisclosed boolean, size_sqft numeric, bedrooms integer, bathrooms integer, configuration text,
         tower text, floor integer, unit_number text, facing text)
  returning id, unit_number)
insert into public.property_features (organization_id, property_id, feature_name)
select %(organization_id)s, a.id, f.name
  from added a
  join jsonb_to_recordset(%(units)s) as u (unit_number text, features text[]) on u.unit_number = a.unit_number
 cross join lateral unnest(u.features) as f (name);

-- The way in that files, forms and the API take.
-- name: accept_leads
select count(*) filter (where verdict = 'created') from private.accept_leads(%(rows)s);

-- Executives get their share; the rest waits for a manager.
-- name: assign_leads
update public.leads l set assigned_to = %(person_id)s
 where l.organization_id = %(organization_id)s
   and l.id in (select o.id from public.leads o
                 where o.organization_id = %(organization_id)s and o.assigned_to is null
                 order by o.created_at, o.id limit %(share)s);

-- A sandbox handle, so that the billing page shows what a payment method looks like.
-- name: add_upi
insert into public.payment_methods (organization_id, type, upi_handle, is_default)
values (%(organization_id)s, 'upi', 'shree@okbank', true);

-- The organisation asks for nothing the simulation does not give: a handful of lines, so that calls can be watched.
-- name: set_pace
update public.organizations set settings = settings || %(settings)s where id = %(organization_id)s;

-- Whoever asks is called: each project has a campaign that is always on. The worker enrols, by rule.
-- name: create_campaign
insert into public.campaigns (organization_id, project_id, name, always_on, max_concurrent, calls_per_minute)
values (%(organization_id)s, %(project_id)s, %(name)s, true, %(lines)s, %(per_minute)s) returning id;

-- Drafts become running by a step of their own.
-- name: start_campaign
update public.campaigns set status = 'running' where organization_id = %(organization_id)s and id = %(campaign_id)s;
