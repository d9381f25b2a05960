-- lead_activities: the timeline of a lead: enquiries, notes, calls, mails, visits, assignments. Stage moves stand
-- in lead_stage_transitions; the view lead_timeline shows both.

-- @section tables

create table public.lead_activities (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  lead_id         uuid not null,
  type            text not null,
  content         jsonb not null default '{}',
  call_id         uuid,
  external_key    text,
  created_by      uuid,
  created_at      timestamptz not null default now(),
  constraint lead_activities_pkey primary key (organization_id, id),
  constraint lead_activities_type_check
    check (type in ('enquiry', 'note', 'call', 'email', 'message', 'visit', 'assignment', 'system')),
  constraint lead_activities_content_check check (jsonb_typeof(content) = 'object'),
  constraint lead_activities_external_key_check check (length(external_key) between 1 and 200)
);
comment on column public.lead_activities.call_id is 'call_logs.id; no reference, because a call is evidence and outlives the lead.';
comment on column public.lead_activities.external_key is
  'What arrived from outside, by a key of its own (portal and its id, digest of a file''s row): it counts once.';

-- @section references

alter table public.lead_activities add constraint lead_activities_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.lead_activities add constraint lead_activities_lead_id_fkey
  foreign key (organization_id, lead_id) references public.leads (organization_id, id) on delete cascade;
alter table public.lead_activities add constraint lead_activities_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index lead_activities_lead_id_idx on public.lead_activities (organization_id, lead_id, created_at desc);
create index lead_activities_created_by_idx on public.lead_activities (organization_id, created_by);
create unique index lead_activities_external_key_idx on public.lead_activities (organization_id, external_key)
  where external_key is not null;

-- @section functions

create function private.activities_added() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  -- Enquiries come with the lead's own event, assignments too.
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'lead.activity', n.lead_id, jsonb_build_object('activity_id', n.id, 'type', n.type)
      from new_rows n where n.type not in ('enquiry', 'assignment');
  return null;
end $$;

-- @section triggers

alter table public.lead_activities alter column created_by set default private.author();
create trigger lead_activities_added after insert on public.lead_activities
  referencing new table as new_rows for each statement execute function private.activities_added();

-- @section grants

revoke all on public.lead_activities from anon, authenticated, service_role;
grant select on public.lead_activities to authenticated, vantage_worker, service_role;
grant delete on public.lead_activities to authenticated;
-- The timeline is written, not rewritten; who wrote is not the writer's to say.
grant insert (organization_id, id, lead_id, type, content, call_id) on public.lead_activities to authenticated, vantage_worker;

-- @section policies

alter table public.lead_activities enable row level security;

create policy "View org activities" on public.lead_activities for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope())
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = lead_activities.organization_id and l.id = lead_activities.lead_id) end);
-- People log what they did; what arrived, was assigned or happened by itself is written by functions and jobs.
create policy "Add activities" on public.lead_activities for insert to authenticated, vantage_worker
  with check (organization_id = (select private.org_id())
    and (current_user = 'vantage_worker' or (type in ('note', 'call', 'email', 'message', 'visit') and call_id is null))
    and case (select private.lead_scope_with('lead.edit'))
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = lead_activities.organization_id and l.id = lead_activities.lead_id) end);
-- A slip of the pen: the own note.
create policy "Delete own notes" on public.lead_activities for delete to authenticated
  using (organization_id = (select private.org_id()) and type = 'note' and created_by = (select private.person_id()));
