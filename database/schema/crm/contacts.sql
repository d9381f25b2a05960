-- contacts: a person outside, once per organisation: by phone number, or by e-mail where there is no number.
-- Numbers and addresses stand here alone. Row security cannot mask a column, so whoever lacks
-- lead.view_numbers sees no row of this table and gets the masked form from private.masked_contact().

-- @section tables

create table public.contacts (
  organization_id    uuid not null,
  id                 uuid not null default gen_random_uuid(),
  name               text,
  phone              text,
  phone_reversed     text collate "C" generated always as (reverse(ltrim(phone, '+'))) stored,
  further_phones     text[] not null default '{}',
  email              text,
  language           text,
  time_zone          text,
  consent_status     text not null default 'unknown',
  consent_source     text,
  consent_at         timestamptz,
  consent_text       text,
  do_not_call        boolean not null default false,
  do_not_call_reason text,
  do_not_call_at     timestamptz,
  whatsapp_opt_in    boolean not null default false,
  search             tsvector generated always as (
    array_to_tsvector(array['org' || organization_id::text])
    || to_tsvector('simple', coalesce(name, '') || ' ' || translate(coalesce(email, ''), '@._-+', '     '))) stored,
  version            integer not null default 1,
  created_by         uuid,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  constraint contacts_pkey primary key (organization_id, id),
  constraint contacts_name_check check (length(btrim(name)) between 1 and 160),
  -- E.164, as the phone library writes it.
  constraint contacts_phone_check check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  constraint contacts_further_phones_check check (array_to_string(further_phones, ',') ~ '^(\+[1-9][0-9]{6,14}(,|$))*$'
    and cardinality(further_phones) <= 10),
  constraint contacts_email_check check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 254),
  -- Without either nobody can be reached, nor told from anybody else.
  constraint contacts_reachable_check check (phone is not null or email is not null),
  constraint contacts_language_check check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint contacts_consent_status_check check (consent_status in ('unknown', 'granted', 'denied', 'withdrawn')),
  -- Consent is worth what can be shown of it: when and through what.
  constraint contacts_consent_check check (consent_status <> 'granted' or (consent_at is not null and consent_source is not null)),
  constraint contacts_do_not_call_check check (not do_not_call or do_not_call_at is not null)
);
comment on column public.contacts.search is
  'Holds the organisation as a word, so that the index looks at one tenant''s entries only.';

-- @section references

alter table public.contacts add constraint contacts_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.contacts add constraint contacts_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index contacts_created_by_idx on public.contacts (organization_id, created_by);
create unique index contacts_phone_idx on public.contacts (organization_id, phone) where phone is not null;
create unique index contacts_email_only_idx on public.contacts (organization_id, lower(email)) where phone is null;
create index contacts_email_idx on public.contacts (organization_id, lower(email)) where email is not null;
-- "ends with 43210" is a range over reversed digits.
create index contacts_phone_reversed_idx on public.contacts (organization_id, phone_reversed) where phone_reversed is not null;
create index contacts_further_phones_idx on public.contacts using gin (further_phones) where further_phones <> '{}';
create index contacts_search_idx on public.contacts using gin (search);

-- @section functions

-- Which leads the asker may see, provided that the permission is held: the whole answer to "may I do this to
-- that lead", for policies. all, team, own or none.
create function private.lead_scope_with(permission text) returns text
  language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.has_permission(permission) then
    return 'none';
  end if;
  return private.lead_scope();
end $$;

-- +919876543210 becomes +91•••••••210: enough to tell two apart and to confirm one by ear.
create function private.masked_phone(phone text) returns text
  language sql immutable set search_path = '' as $$
  select left(phone, 3) || repeat('•', greatest(length(phone) - 6, 0)) || right(phone, 3)
$$;

-- ravi.kumar@example.in becomes r•••@example.in.
create function private.masked_email(email text) returns text
  language sql immutable set search_path = '' as $$
  select left(email, 1) || '•••@' || split_part(email, '@', 2)
$$;

-- The contact behind a lead that the asker sees, number and e-mail masked; no row for anybody else.
create function private.masked_contact(organization uuid, contact uuid)
  returns table (name text, phone text, email text, language text, time_zone text, consent_status text,
                 do_not_call boolean, whatsapp_opt_in boolean)
  language plpgsql stable security definer set search_path = '' as $$
declare
  scope text := private.lead_scope();
begin
  if organization is distinct from private.org_id() or scope = 'none' then
    return;
  end if;
  return query
    select c.name, private.masked_phone(c.phone), private.masked_email(c.email), c.language, c.time_zone,
           c.consent_status, c.do_not_call, c.whatsapp_opt_in
      from public.contacts c
     where c.organization_id = organization and c.id = contact
       and (scope = 'all' or exists (
         select 1 from public.leads l
          where l.organization_id = c.organization_id and l.contact_id = c.id
            and case scope when 'own' then l.assigned_to = private.person_id()
                           else l.assigned_to = any (private.team_people()) end));
end $$;

-- do-not-call carries its time, whoever sets it.
create function private.stamp_do_not_call() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if new.do_not_call then
    new.do_not_call_at := coalesce(case when tg_op = 'UPDATE' and old.do_not_call then old.do_not_call_at end, now());
  else
    new.do_not_call_at := null;
    new.do_not_call_reason := null;
  end if;
  return new;
end $$;

-- Tells pages, and the dialler of a do-not-call or a withdrawn consent. One event per contact that matters.
create function private.contact_changed() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'contact.updated', n.id,
           jsonb_build_object('do_not_call', n.do_not_call, 'consent_status', n.consent_status)
      from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id
     where (o.name, o.phone, o.email, o.do_not_call, o.consent_status)
        is distinct from (n.name, n.phone, n.email, n.do_not_call, n.consent_status);
  return null;
end $$;

-- @section triggers

alter table public.contacts alter column created_by set default private.author();
create trigger contacts_modified before update on public.contacts
  for each row execute function public.update_modified_column('versioned');
create trigger contacts_do_not_call before insert or update of do_not_call, do_not_call_reason on public.contacts
  for each row execute function private.stamp_do_not_call();
create trigger contacts_changed after update on public.contacts
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.contact_changed();

-- Who changed a number, a consent, a do-not-call; who deleted a person. How contacts arrive stands in the timeline.
create trigger audit_update after update on public.contacts
  referencing old table as audit_old new table as audit_new
  for each statement execute function private.audit_statement('phone_reversed', 'search');
create trigger audit_delete after delete on public.contacts
  referencing old table as audit_old for each statement execute function private.audit_statement();

-- @section grants

revoke all on public.contacts from anon, authenticated, service_role;
grant select on public.contacts to authenticated, vantage_worker, service_role;
grant delete on public.contacts to authenticated;
grant insert (organization_id, id, name, phone, further_phones, email, language, time_zone, consent_status,
              consent_source, consent_at, consent_text, do_not_call, do_not_call_reason, whatsapp_opt_in)
  on public.contacts to authenticated;
-- The worker writes what a person said in a call: do not call me, this is my name, speak Hindi.
grant update (name, phone, further_phones, email, language, time_zone, consent_status, consent_source, consent_at,
              consent_text, do_not_call, do_not_call_reason, whatsapp_opt_in)
  on public.contacts to authenticated, vantage_worker;
grant execute on function private.lead_scope_with(text), private.masked_contact(uuid, uuid),
  private.masked_phone(text), private.masked_email(text), private.stamp_do_not_call()
  to authenticated, vantage_worker;
-- The view lead_cards names it; a role that may read the view must be able to start it.
grant execute on function private.masked_contact(uuid, uuid) to service_role;

-- @section policies

alter table public.contacts enable row level security;

-- Numbers are seen with the permission for numbers, of people whose leads one sees.
create policy "View org contacts" on public.contacts for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope_with('lead.view_numbers'))
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = contacts.organization_id and l.contact_id = contacts.id) end);
create policy "Create contacts" on public.contacts for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('lead.create')));
create policy "Change contacts" on public.contacts for update to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope_with('lead.edit'))
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = contacts.organization_id and l.contact_id = contacts.id) end)
  with check (organization_id = (select private.org_id()));
-- Deleting a person takes along all leads, a colleague's too: for those who see every lead.
create policy "Delete contacts" on public.contacts for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.lead_scope_with('lead.delete')) = 'all');
