-- profiles: one row per person of the service, made by handle_new_user() from auth.users.
-- organization_id and role_id say where the person works today; both are null for someone without organisation.

-- @section tables

create table public.profiles (
  id              uuid not null,
  organization_id uuid,
  role_id         uuid,
  system_role     text not null default 'member',
  full_name       text not null default '',
  email           text,
  phone           text,
  avatar_url      text,
  metadata        jsonb not null default '{}',
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint profiles_pkey primary key (id),
  constraint profiles_system_role_check check (system_role in ('owner', 'admin', 'member', 'platform_admin')),
  -- Without an organisation there is no role in it; the platform's admins belong to none.
  constraint profiles_membership_check check (
    case when organization_id is null then role_id is null and system_role in ('member', 'platform_admin')
         else system_role <> 'platform_admin' end),
  constraint profiles_full_name_check check (length(full_name) <= 120),
  constraint profiles_phone_check check (phone ~ '^\+[1-9][0-9]{7,14}$'),
  constraint profiles_avatar_url_check check (length(avatar_url) <= 2000),
  constraint profiles_metadata_check check (jsonb_typeof(metadata) = 'object')
);

-- @section references

alter table public.profiles add constraint profiles_id_fkey
  foreign key (id) references auth.users (id) on delete cascade;
alter table public.profiles add constraint profiles_organization_id_fkey
  foreign key (organization_id) references public.organizations (id);
alter table public.profiles add constraint profiles_member_fkey
  foreign key (organization_id, id) references public.members (organization_id, id);
alter table public.profiles add constraint profiles_role_id_fkey
  foreign key (organization_id, role_id) references public.roles (organization_id, id);
create index profiles_member_idx on public.profiles (organization_id, id);
create index profiles_role_id_idx on public.profiles (organization_id, role_id);

-- @section functions

-- The guide's trigger: a profile for every new account. Only a name and a picture are taken from what the
-- person sent; organisation and role never are. An error must not block the sign-up: the row is made again
-- by private.ensure_profile() at the next sign-in.
create function public.handle_new_user() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  begin
    insert into public.profiles (id, email, full_name, avatar_url)
    values (new.id, new.email,
            left(coalesce(new.raw_user_meta_data ->> 'full_name', new.raw_user_meta_data ->> 'name', ''), 120),
            left(new.raw_user_meta_data ->> 'avatar_url', 2000))
    on conflict (id) do nothing;
  exception when others then
    raise warning 'profile for user % not made: %', new.id, sqlerrm;
  end;
  return new;
end $$;

-- The e-mail of the account is the truth; the profile shows it.
create function private.follow_user_email() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.profiles set email = new.email where id = new.id and email is distinct from new.email;
  return null;
end $$;

-- The one place where a membership ends or changes, whoever caused it: leaving, being removed, moving,
-- deactivation, deletion of the account (also by Supabase's own delete from auth.users).
create function private.follow_membership() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if tg_op in ('UPDATE', 'DELETE') and old.organization_id is not null
     and (tg_op = 'DELETE' or new.organization_id is distinct from old.organization_id) then
    update public.members set left_at = greatest(now(), joined_at), team_id = null
     where organization_id = old.organization_id and id = old.id and left_at is null;
  end if;
  if tg_op = 'UPDATE' and new.full_name is distinct from old.full_name and new.organization_id is not null then
    update public.members set display_name = coalesce(nullif(btrim(new.full_name), ''), display_name)
     where organization_id = new.organization_id and id = new.id;
  end if;
  return null;
end $$;

-- An organisation that exists keeps at least one owner. Checked at commit, so that ownership can be handed
-- over in one transaction and an organisation can be deleted whole; the lock lets two owners not leave at once.
create function private.keep_an_owner() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if old.system_role <> 'owner' or old.organization_id is null then
    return null;
  end if;
  perform 1 from public.organizations o where o.id = old.organization_id for update;
  if found and not exists (
       select 1 from public.profiles p where p.organization_id = old.organization_id and p.system_role = 'owner') then
    raise exception 'The last owner cannot leave. Make another person owner first, or delete the organisation.'
      using errcode = 'VQ004';
  end if;
  return null;
end $$;

-- A role in use is not deleted from under its people.
create function private.refuse_role_in_use() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  n integer;
begin
  select count(*) into n from public.profiles p where p.organization_id = old.organization_id and p.role_id = old.id;
  if n > 0 then
    raise exception 'The role "%" is held by % people. Give them another role first.', old.name, n
      using errcode = 'foreign_key_violation';
  end if;
  return old;
end $$;

-- @section triggers

create trigger profiles_modified before update on public.profiles
  for each row execute function public.update_modified_column();
create trigger profiles_membership after update or delete on public.profiles
  for each row execute function private.follow_membership();
create constraint trigger profiles_keep_an_owner after update or delete on public.profiles
  deferrable initially deferred for each row execute function private.keep_an_owner();
create trigger roles_in_use before delete on public.roles
  for each row execute function private.refuse_role_in_use();
-- `create or replace` works on auth.users for Supabase's postgres role; dropping it would not everywhere.
create or replace trigger on_auth_user_created after insert on auth.users
  for each row execute function public.handle_new_user();
create or replace trigger on_auth_user_email after update of email on auth.users
  for each row execute function private.follow_user_email();

-- @section grants

revoke all on public.profiles from anon, authenticated, service_role;
grant select on public.profiles to authenticated, vantage_worker, service_role;
-- organisation, role, system role and e-mail are nobody's to change through the own profile.
grant update (full_name, phone, avatar_url, metadata) on public.profiles to authenticated;

-- @section policies

alter table public.profiles enable row level security;

-- One's own row even without an organisation, and the colleagues'.
create policy "View profiles" on public.profiles for select to authenticated, vantage_worker
  using (id = (select private.person_id()) or organization_id = (select private.org_id()));
create policy "Update own profile" on public.profiles for update to authenticated
  using (id = (select private.person_id())) with check (id = (select private.person_id()));
