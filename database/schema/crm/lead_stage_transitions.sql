-- lead_stage_transitions: each move of a lead from stage to stage: who or what moved it, why, and how long it had
-- stood. Written by the trigger on leads alone.

-- @section tables

create table public.lead_stage_transitions (
  organization_id  uuid not null,
  id               uuid not null default gen_random_uuid(),
  lead_id          uuid not null,
  project_id       uuid not null,
  from_stage_id    uuid not null,
  to_stage_id      uuid not null,
  source           text not null,
  moved_by         uuid,
  call_id          uuid,
  reason           text,
  seconds_in_stage integer not null,
  created_at       timestamptz not null default now(),
  constraint lead_stage_transitions_pkey primary key (organization_id, id),
  constraint lead_stage_transitions_source_check check (source in ('manual', 'ai_call', 'automation', 'import')),
  constraint lead_stage_transitions_stages_check check (from_stage_id <> to_stage_id),
  constraint lead_stage_transitions_seconds_in_stage_check check (seconds_in_stage >= 0)
);
comment on column public.lead_stage_transitions.call_id is 'call_logs.id; no reference, because a call is evidence and outlives the lead.';

-- @section references

alter table public.lead_stage_transitions add constraint lead_stage_transitions_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.lead_stage_transitions add constraint lead_stage_transitions_lead_id_fkey
  foreign key (organization_id, lead_id) references public.leads (organization_id, id) on delete cascade;
alter table public.lead_stage_transitions add constraint lead_stage_transitions_from_stage_id_fkey
  foreign key (organization_id, project_id, from_stage_id) references public.pipeline_stages (organization_id, project_id, id);
alter table public.lead_stage_transitions add constraint lead_stage_transitions_to_stage_id_fkey
  foreign key (organization_id, project_id, to_stage_id) references public.pipeline_stages (organization_id, project_id, id);
alter table public.lead_stage_transitions add constraint lead_stage_transitions_moved_by_fkey
  foreign key (organization_id, moved_by) references public.members (organization_id, id);
create index lead_stage_transitions_lead_id_idx on public.lead_stage_transitions (organization_id, lead_id, created_at desc);
create index lead_stage_transitions_from_stage_id_idx on public.lead_stage_transitions (organization_id, project_id, from_stage_id);
create index lead_stage_transitions_to_stage_id_idx on public.lead_stage_transitions (organization_id, project_id, to_stage_id);
create index lead_stage_transitions_moved_by_idx on public.lead_stage_transitions (organization_id, moved_by);

-- @section grants

revoke all on public.lead_stage_transitions from anon, authenticated, service_role;
grant select on public.lead_stage_transitions to authenticated, vantage_worker, service_role;

-- @section policies

alter table public.lead_stage_transitions enable row level security;

create policy "View org transitions" on public.lead_stage_transitions for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope())
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = lead_stage_transitions.organization_id
                        and l.id = lead_stage_transitions.lead_id) end);
