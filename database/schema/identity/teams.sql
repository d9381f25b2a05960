-- teams: groups of people inside an organisation; the scope `lead.view_team` means "my team's leads".

-- @section tables

create table public.teams (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  name            text not null,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint teams_pkey primary key (organization_id, id),
  constraint teams_name_check check (length(btrim(name)) between 1 and 80)
);

-- @section references

alter table public.teams add constraint teams_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index teams_name_idx on public.teams (organization_id, lower(name));

-- @section triggers

create trigger teams_modified before update on public.teams
  for each row execute function public.update_modified_column();

-- @section grants

revoke all on public.teams from anon, authenticated, service_role;
grant select, delete on public.teams to authenticated, vantage_worker, service_role;
grant insert (organization_id, id, name), update (name) on public.teams to authenticated;

-- @section policies

alter table public.teams enable row level security;

create policy "View org teams" on public.teams
  for select to authenticated, vantage_worker using (organization_id = (select private.org_id()));
create policy "Create teams" on public.teams for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('team.manage')));
create policy "Change teams" on public.teams for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('team.manage')))
  with check (organization_id = (select private.org_id()));
create policy "Delete teams" on public.teams for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('team.manage')));
