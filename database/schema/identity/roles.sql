-- roles: what a member of an organisation may do, as a JSON array of permission keys.
-- Owner and admin are system roles and hold every permission; these rows are for everyone else.

-- @section tables

create table public.roles (
  organization_id   uuid not null,
  id                uuid not null default gen_random_uuid(),
  name              text not null,
  description       text not null default '',
  permissions       jsonb not null default '[]',
  is_system_default boolean not null default false,
  version           integer not null default 1,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  constraint roles_pkey primary key (organization_id, id),
  constraint roles_name_check check (length(btrim(name)) between 1 and 80),
  constraint roles_permissions_check check (jsonb_typeof(permissions) = 'array')
);

-- @section references

alter table public.roles add constraint roles_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index roles_name_idx on public.roles (organization_id, lower(name));

-- @section functions

-- Two rules that a CHECK cannot express: every key exists, and nobody hands out a right that they do not
-- hold (a member with `role.manage` must not lift the own role above itself).
create function private.check_role_permissions() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  unknown text;
  added text;
begin
  select string_agg(p.key, ', ') into unknown
    from jsonb_array_elements_text(new.permissions) p (key)
   where not exists (select 1 from public.permissions known where known.key = p.key);
  if unknown is not null then
    raise exception 'Unknown permission: %. The table "permissions" lists the keys.', unknown
      using errcode = 'check_violation', column = 'permissions';
  end if;
  -- The roles of birth come from the schema: people have no grant on is_system_default.
  if current_setting('role', true) = 'authenticated' and not (tg_op = 'INSERT' and new.is_system_default) then
    select string_agg(p.key, ', ') into added
      from jsonb_array_elements_text(new.permissions) p (key)
     where (tg_op = 'INSERT' or not old.permissions ? p.key) and not private.has_permission(p.key);
    if added is not null then
      raise exception 'You cannot give a permission that you do not hold: %. Ask an owner or admin.', added
        using errcode = 'VQ005', column = 'permissions';
    end if;
  end if;
  return new;
end $$;

-- @section triggers

create trigger roles_modified before update on public.roles
  for each row execute function public.update_modified_column('versioned');
create trigger roles_permissions before insert or update of permissions on public.roles
  for each row execute function private.check_role_permissions();

-- @section grants

revoke all on public.roles from anon, authenticated, service_role;
grant select, delete on public.roles to authenticated, service_role;
grant select on public.roles to vantage_worker;
grant insert (organization_id, id, name, description, permissions),
      update (name, description, permissions) on public.roles to authenticated;

-- @section policies

alter table public.roles enable row level security;

create policy "View org roles" on public.roles
  for select to authenticated, vantage_worker using (organization_id = (select private.org_id()));
create policy "Create roles" on public.roles for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('role.manage')));
create policy "Change roles" on public.roles for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('role.manage')))
  with check (organization_id = (select private.org_id()));
create policy "Delete roles" on public.roles for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('role.manage')));
