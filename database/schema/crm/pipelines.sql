-- pipelines: the ways in which an organisation sells. One is the default, whose template each new project copies.

-- @section tables

create table public.pipelines (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  name            text not null,
  is_default      boolean not null default false,
  version         integer not null default 1,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint pipelines_pkey primary key (organization_id, id),
  constraint pipelines_name_check check (length(btrim(name)) between 1 and 80)
);

-- @section references

alter table public.pipelines add constraint pipelines_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index pipelines_name_idx on public.pipelines (organization_id, lower(name));
create unique index pipelines_default_idx on public.pipelines (organization_id) where is_default;

-- @section functions

-- The default pipeline with its template, which every organisation is born with. Made once: asked again, it
-- returns the one that stands.
create function private.birth_pipeline(organization uuid) returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  found_id uuid;
begin
  insert into public.pipelines (organization_id, name, is_default) values (organization, 'Sales pipeline', true)
    on conflict do nothing returning id into found_id;
  if found_id is null then
    select p.id into found_id from public.pipelines p where p.organization_id = organization
     order by p.is_default desc, p.created_at limit 1;
    return found_id;
  end if;
  insert into public.pipeline_stage_templates (organization_id, pipeline_id, key, name, kind, color, order_index, stale_days)
  values (organization, found_id, 'new_lead',    'New Lead',    'open', '#3b82f6', 0, 2),
         (organization, found_id, 'contacted',   'Contacted',   'open', '#eab308', 1, 5),
         (organization, found_id, 'qualified',   'Qualified',   'open', '#22c55e', 2, 7),
         (organization, found_id, 'site_visit',  'Site Visit',  'open', '#06b6d4', 3, 7),
         (organization, found_id, 'negotiation', 'Negotiation', 'open', '#a855f7', 4, 10),
         (organization, found_id, 'won',         'Won',         'won',  '#15803d', 5, null),
         (organization, found_id, 'lost',        'Lost',        'lost', '#ef4444', 6, null);
  return found_id;
end $$;

-- @section triggers

create trigger pipelines_modified before update on public.pipelines
  for each row execute function public.update_modified_column('versioned');

select private.attach_audit('public.pipelines');

-- @section grants

revoke all on public.pipelines from anon, authenticated, service_role;
grant select on public.pipelines to authenticated, vantage_worker, service_role;
grant delete on public.pipelines to authenticated;
grant insert (organization_id, id, name, is_default), update (name, is_default) on public.pipelines to authenticated;

-- @section policies

alter table public.pipelines enable row level security;

-- Everyone sees how the house sells: stage names stand on every card.
create policy "View org pipelines" on public.pipelines for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()));
create policy "Create pipelines" on public.pipelines for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));
create policy "Change pipelines" on public.pipelines for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')))
  with check (organization_id = (select private.org_id()));
-- A pipeline whose stages are in use is refused by their reference; the default one stays.
create policy "Delete pipelines" on public.pipelines for delete to authenticated
  using (organization_id = (select private.org_id()) and not is_default
         and (select private.has_permission('pipeline.edit')));
