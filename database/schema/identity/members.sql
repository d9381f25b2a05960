-- members: a person's membership in an organisation. It outlives the membership and the account, so that
-- "who wrote this note" stays answered: tenant tables reference members, never profiles.

-- @section tables

create table public.members (
  organization_id uuid not null,
  id              uuid not null,
  display_name    text not null,
  team_id         uuid,
  joined_at       timestamptz not null default now(),
  left_at         timestamptz,
  constraint members_pkey primary key (organization_id, id),
  constraint members_display_name_check check (length(btrim(display_name)) between 1 and 120),
  constraint members_left_at_check check (left_at >= joined_at)
);
comment on column public.members.id is 'The person: auth.users.id. Not a reference, because the row outlives the account.';

-- @section references

alter table public.members add constraint members_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.members add constraint members_team_id_fkey
  foreign key (organization_id, team_id) references public.teams (organization_id, id);
create index members_team_id_idx on public.members (organization_id, team_id);

-- @section functions

-- A team may be deleted while people are in it: they are then in none.
create function private.empty_team() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.members set team_id = null where organization_id = old.organization_id and team_id = old.id;
  return old;
end $$;

-- @section triggers

create trigger teams_empty before delete on public.teams
  for each row execute function private.empty_team();

-- @section grants

revoke all on public.members from anon, authenticated, service_role;
grant select on public.members to authenticated, vantage_worker, service_role;
-- joined_at, left_at and who belongs change through private.admit_member() and private.remove_member().
grant update (team_id) on public.members to authenticated;

-- @section policies

alter table public.members enable row level security;

-- Everyone sees the colleagues: names stand on cards, notes and transitions.
create policy "View org members" on public.members
  for select to authenticated, vantage_worker using (organization_id = (select private.org_id()));
create policy "Move members between teams" on public.members for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('team.manage')))
  with check (organization_id = (select private.org_id()));
