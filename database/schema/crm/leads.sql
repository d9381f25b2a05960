-- leads: one person's interest in one project. Who the person is stands in contacts; the same person asking for
-- the same project again is a touch on this row, for another project a lead beside it.

-- @section tables

create table public.leads (
  organization_id   uuid not null,
  id                uuid not null default gen_random_uuid(),
  contact_id        uuid not null,
  project_id        uuid not null,
  stage_id          uuid not null,
  stage_entered_at  timestamptz not null default now(),
  assigned_to       uuid,
  source            text not null default 'manual',
  source_detail     text,
  external_id       text,
  touches           integer not null default 1,
  last_touch_at     timestamptz not null default now(),
  call_status       text,
  last_call_id      uuid,
  last_contacted_at timestamptz,
  callback_at       timestamptz,
  abuse_flag        boolean not null default false,
  abuse_details     text,
  rejection_reason  text,
  score             smallint not null default 0,
  score_reasons     jsonb not null default '[]',
  interest          text,
  budget_min        numeric(14,2),
  budget_max        numeric(14,2),
  value             numeric(14,2) generated always as (coalesce(budget_max, budget_min)) stored,
  configuration     text[] not null default '{}',
  location          text,
  timeline          text,
  purpose           text,
  notes             text,
  custom_fields     jsonb not null default '{}',
  search            tsvector generated always as (
    array_to_tsvector(array['org' || organization_id::text])
    || to_tsvector('simple', coalesce(notes, '') || ' ' || coalesce(location, '') || ' ' || coalesce(source_detail, '')
                             || ' ' || coalesce(external_id, ''))) stored,
  archived_at       timestamptz,
  version           integer not null default 1,
  created_by        uuid,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  constraint leads_pkey primary key (organization_id, id),
  constraint leads_contact_project_key unique (organization_id, contact_id, project_id),
  constraint leads_source_check check (source ~ '^[a-z0-9][a-z0-9_]{0,39}$'),
  constraint leads_touches_check check (touches >= 1),
  -- The outcomes of a call; what the last one was.
  constraint leads_call_status_check check (call_status in
    ('in_progress', 'completed', 'transferred', 'no_answer', 'busy', 'failed', 'voicemail', 'rejected', 'cancelled')),
  constraint leads_abuse_check check (abuse_flag or abuse_details is null),
  constraint leads_score_check check (score between 0 and 100),
  constraint leads_score_reasons_check check (jsonb_typeof(score_reasons) = 'array'),
  constraint leads_interest_check check (interest in ('high', 'medium', 'low', 'none')),
  constraint leads_budget_min_check check (budget_min >= 0),
  constraint leads_budget_max_check check (budget_max >= 0),
  constraint leads_budget_check check (budget_min <= budget_max),
  constraint leads_notes_check check (length(notes) <= 10000),
  constraint leads_custom_fields_check check (jsonb_typeof(custom_fields) = 'object')
);
comment on column public.leads.value is 'What the board sums, in rupees: the most that the person would pay, as far as it is known.';
comment on column public.leads.touches is 'How often the person asked for this project.';
comment on column public.leads.call_status is 'Outcome of the last call.';
comment on column public.leads.last_call_id is 'call_logs.id; no reference, because a call is evidence and outlives the lead.';

-- @section references

alter table public.leads add constraint leads_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.leads add constraint leads_contact_id_fkey
  foreign key (organization_id, contact_id) references public.contacts (organization_id, id) on delete cascade;
alter table public.leads add constraint leads_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id);
alter table public.leads add constraint leads_stage_id_fkey
  foreign key (organization_id, project_id, stage_id) references public.pipeline_stages (organization_id, project_id, id);
alter table public.leads add constraint leads_assigned_to_fkey
  foreign key (organization_id, assigned_to) references public.members (organization_id, id);
alter table public.leads add constraint leads_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
-- The board: counts and sums of each stage from the index alone, the first cards of each by score.
create index leads_board_idx on public.leads (organization_id, project_id, stage_id, score desc, id)
  include (value, assigned_to, archived_at);
-- The list, newest first; and a person's own.
create index leads_created_at_idx on public.leads (organization_id, created_at desc, id desc);
create index leads_assigned_to_idx on public.leads (organization_id, assigned_to, created_at desc, id desc);
create index leads_created_by_idx on public.leads (organization_id, created_by);
create index leads_search_idx on public.leads using gin (search);

-- @section functions

-- The role that acts, also inside definer functions, where current_user is the owner.
create function private.acting_role() returns text
  language plpgsql stable set search_path = '' as $$
begin
  return coalesce(nullif(current_setting('role', true), 'none'), 'owner');
end $$;

-- A new lead stands in its project's first open stage unless told otherwise, and belongs to the one who adds it
-- if that person sees own leads only: it would vanish on saving.
create function private.place_lead() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if new.stage_id is null then
    new.stage_id := private.entry_stage(new.organization_id, new.project_id);
    -- An unknown project is left to its reference, which says so.
    if new.stage_id is null and exists (
         select 1 from public.projects p where p.organization_id = new.organization_id and p.id = new.project_id) then
      raise exception 'This project has no open stage in which a lead could stand.' using errcode = 'VQ002';
    end if;
  end if;
  if new.assigned_to is null and private.acting_role() = 'authenticated' and private.lead_scope() in ('own', 'team') then
    new.assigned_to := private.person_id();
  end if;
  return new;
end $$;

-- Giving a lead to somebody else takes lead.assign; taking on what one adds oneself does not.
create function private.check_assignment() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if current_user = 'authenticated'
     and not (tg_op = 'INSERT' and new.assigned_to is not distinct from private.person_id())
     and not private.has_permission('lead.assign') then
    raise exception 'To give a lead to somebody you need the permission lead.assign. Ask an owner or admin.'
      using errcode = 'VQ005', column = 'assigned_to';
  end if;
  if new.assigned_to is not null and exists (
       select 1 from public.members m
        where m.organization_id = new.organization_id and m.id = new.assigned_to and m.left_at is not null) then
    raise exception 'This person has left the organisation. Choose somebody else.'
      using errcode = 'check_violation', column = 'assigned_to';
  end if;
  return new;
end $$;

create function private.enter_stage() returns trigger
  language plpgsql set search_path = '' as $$
begin
  new.stage_entered_at := now();
  return new;
end $$;

-- How a change came about, from transaction-local settings: vantage.source, vantage.call_id, vantage.reason.
-- A person's change is manual whatever it claims; only the worker moves for a call, an import or an automation.
create function private.change_source() returns text
  language plpgsql stable set search_path = '' as $$
begin
  if private.acting_role() = 'vantage_worker' then
    return coalesce(nullif(current_setting('vantage.source', true), ''), 'automation');
  end if;
  return 'manual';
end $$;

create function private.leads_created() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'lead.created', n.id,
           jsonb_build_object('project_id', n.project_id, 'stage_id', n.stage_id, 'contact_id', n.contact_id,
                              'assigned_to', n.assigned_to, 'source', n.source)
      from new_rows n;
  return null;
end $$;

-- What follows from a change, once per statement: the transition, the note of a new assignment, the event.
create function private.leads_changed() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  way text := private.change_source();
  actor uuid := case when private.acting_role() = 'authenticated' then private.person_id() end;
begin
  insert into public.lead_stage_transitions
    (organization_id, lead_id, project_id, from_stage_id, to_stage_id, source, moved_by, call_id, reason, seconds_in_stage)
  select n.organization_id, n.id, n.project_id, o.stage_id, n.stage_id, way, actor,
         case when way = 'ai_call' then private.claim_uuid(current_setting('vantage.call_id', true)) end,
         nullif(left(current_setting('vantage.reason', true), 500), ''),
         greatest(extract(epoch from n.stage_entered_at - o.stage_entered_at), 0)::integer
    from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id
   where n.stage_id <> o.stage_id;
  insert into public.lead_activities (organization_id, lead_id, type, content, created_by)
  select n.organization_id, n.id, 'assignment', jsonb_build_object('from', o.assigned_to, 'to', n.assigned_to),
         actor
    from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id
   where n.assigned_to is distinct from o.assigned_to;
  insert into public.outbox (organization_id, topic, key, payload)
  select n.organization_id, case when n.stage_id <> o.stage_id then 'lead.moved' else 'lead.updated' end, n.id,
         jsonb_build_object('project_id', n.project_id, 'stage_id', n.stage_id, 'from_stage_id', o.stage_id,
                            'contact_id', n.contact_id, 'assigned_to', n.assigned_to, 'source', way,
                            'touched', n.touches > o.touches, 'archived', n.archived_at is not null)
    from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id;
  return null;
end $$;

-- Open boards drop the card. Not when the organisation itself goes: nobody is left to be told.
create function private.leads_deleted() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select o.organization_id, 'lead.deleted', o.id,
           jsonb_build_object('project_id', o.project_id, 'stage_id', o.stage_id, 'contact_id', o.contact_id)
      from old_rows o
     where exists (select 1 from public.organizations g where g.id = o.organization_id);
  return null;
end $$;

-- Whoever leaves, leaves no lead behind unseen: the leads are free again, for a manager to give out.
create function private.free_assignments() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.leads set assigned_to = null
   where organization_id = new.organization_id and assigned_to = new.id;
  return null;
end $$;

-- @section triggers

alter table public.leads alter column created_by set default private.author();
create trigger leads_modified before update on public.leads
  for each row execute function public.update_modified_column('versioned');
-- Names are in the order in which they have to fire: the place first, then the question who may.
create trigger leads_a_place before insert on public.leads
  for each row when (new.stage_id is null or new.assigned_to is null) execute function private.place_lead();
create trigger leads_b_assignment before insert on public.leads
  for each row when (new.assigned_to is not null) execute function private.check_assignment();
create trigger leads_b_reassignment before update of assigned_to on public.leads
  for each row when (old.assigned_to is distinct from new.assigned_to) execute function private.check_assignment();
create trigger leads_archive before update of archived_at on public.leads
  for each row when (old.archived_at is distinct from new.archived_at)
  execute function private.require_permission('lead.delete', 'archive or restore a lead');
create trigger leads_stage before update of stage_id on public.leads
  for each row when (old.stage_id <> new.stage_id) execute function private.enter_stage();
create trigger leads_created after insert on public.leads
  referencing new table as new_rows for each statement execute function private.leads_created();
create trigger leads_changed after update on public.leads
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.leads_changed();
create trigger leads_deleted after delete on public.leads
  referencing old table as old_rows for each statement execute function private.leads_deleted();
create trigger members_free_leads after update of left_at on public.members
  for each row when (old.left_at is null and new.left_at is not null) execute function private.free_assignments();

-- What people do to leads. What jobs do stands in imports, calls and transitions, with more than an audit would say.
create trigger audit_insert after insert on public.leads referencing new table as audit_new
  for each statement when (private.acting_role() <> 'vantage_worker')
  execute function private.audit_statement();
create trigger audit_update after update on public.leads referencing old table as audit_old new table as audit_new
  for each statement when (private.acting_role() <> 'vantage_worker')
  execute function private.audit_statement('search', 'value', 'stage_entered_at', 'touches', 'last_touch_at');
create trigger audit_delete after delete on public.leads referencing old table as audit_old
  for each statement execute function private.audit_statement();

-- @section grants

revoke all on public.leads from anon, authenticated, service_role;
grant select on public.leads to authenticated, vantage_worker, service_role;
grant delete on public.leads to authenticated;
grant insert (organization_id, id, contact_id, project_id, stage_id, assigned_to, source, source_detail, external_id,
              callback_at, interest, budget_min, budget_max, configuration, location, timeline, purpose, notes,
              custom_fields)
  on public.leads to authenticated;
-- A person does not rewrite where a lead came from, nor what calls found out about it.
grant update (stage_id, assigned_to, callback_at, abuse_flag, abuse_details, rejection_reason, interest, budget_min,
              budget_max, configuration, location, timeline, purpose, notes, custom_fields, archived_at)
  on public.leads to authenticated;
grant update (stage_id, assigned_to, callback_at, abuse_flag, abuse_details, rejection_reason, interest, budget_min,
              budget_max, configuration, location, timeline, purpose, notes, custom_fields,
              call_status, last_call_id, last_contacted_at, score, score_reasons)
  on public.leads to vantage_worker;
grant execute on function private.acting_role(), private.change_source(), private.check_assignment(),
  private.enter_stage() to authenticated, vantage_worker;

-- @section policies

alter table public.leads enable row level security;

-- Only the branch that is taken asks its helper. Unassigned leads are seen by those who see all.
create policy "View org leads" on public.leads for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope())
        when 'all' then true
        when 'own' then assigned_to = (select private.person_id())
        when 'team' then assigned_to = any ((select private.team_people())::uuid[])
        else false end);
-- Nobody adds a lead that they could not see; place_lead() has put a name on it.
create policy "Create leads" on public.leads for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('lead.create')));
create policy "Change leads" on public.leads for update to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope_with('lead.edit'))
        when 'all' then true
        when 'own' then assigned_to = (select private.person_id())
        when 'team' then assigned_to = any ((select private.team_people())::uuid[])
        else false end)
  with check (organization_id = (select private.org_id()));
create policy "Delete leads" on public.leads for delete to authenticated
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope_with('lead.delete'))
        when 'all' then true
        when 'own' then assigned_to = (select private.person_id())
        when 'team' then assigned_to = any ((select private.team_people())::uuid[])
        else false end);
