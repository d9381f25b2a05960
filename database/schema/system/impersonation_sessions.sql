-- impersonation_sessions: support mode. A platform admin works as a person of a tenant for a stated reason
-- and a limited time; every act in it is audited with both names. Global: it speaks of two sides.

-- @section tables

create table public.impersonation_sessions (
  id              uuid not null default gen_random_uuid(),
  admin_id        uuid not null,
  admin_name      text not null,
  organization_id uuid not null,
  target_user_id  uuid not null,
  reason          text not null,
  created_at      timestamptz not null default now(),
  expires_at      timestamptz not null,
  ended_at        timestamptz,
  active          boolean not null generated always as (ended_at is null) stored,
  constraint impersonation_sessions_pkey primary key (id),
  constraint impersonation_sessions_reason_check check (length(btrim(reason)) between 5 and 500),
  constraint impersonation_sessions_expires_check
    check (expires_at > created_at and expires_at <= created_at + interval '8 hours'),
  constraint impersonation_sessions_ended_check check (ended_at >= created_at),
  constraint impersonation_sessions_self_check check (admin_id <> target_user_id)
);
comment on table public.impersonation_sessions is
  'Evidence: no reference to the organisation or the people, whom it outlives.';

-- @section references

create index impersonation_sessions_admin_idx
  on public.impersonation_sessions (admin_id, target_user_id) where ended_at is null;
create index impersonation_sessions_organization_id_idx
  on public.impersonation_sessions (organization_id, created_at);

-- @section functions

-- Opens support mode in an organisation, as the given person or else as its first owner. The session before
-- it with the same person ends. For the operator's command and platform admins.
create function private.start_impersonation(
    admin uuid, organization uuid, why text, minutes integer default 60, target uuid default null) returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  person uuid := target;
  name_of_admin text;
  session_id uuid;
begin
  select coalesce(nullif(p.full_name, ''), p.email) into name_of_admin
    from public.profiles p where p.id = admin and p.system_role = 'platform_admin';
  if not found then
    raise exception 'Only a platform admin can start support mode. "vantage user promote" makes one.'
      using errcode = 'VQ005';
  end if;
  if person is null then
    select p.id into person from public.profiles p
     where p.organization_id = organization and p.system_role = 'owner' order by p.created_at limit 1;
  end if;
  if not exists (select 1 from public.profiles p where p.id = person and p.organization_id = organization) then
    raise exception 'This person does not belong to the organisation.' using errcode = 'no_data_found';
  end if;
  update public.impersonation_sessions set ended_at = now()
   where admin_id = admin and target_user_id = person and ended_at is null;
  insert into public.impersonation_sessions (admin_id, admin_name, organization_id, target_user_id, reason, expires_at)
  values (admin, name_of_admin, organization, person, why, now() + make_interval(mins => minutes))
  returning id into session_id;
  perform private.write_audit(organization, 'impersonation.start', 'impersonation_sessions', session_id,
    jsonb_build_object('reason', why, 'minutes', minutes, 'admin', name_of_admin, 'target', person));
  return session_id;
end $$;

-- Ends support mode; ending it twice is no error. Returns whether it was open.
create function private.end_impersonation(session_id uuid) returns boolean
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid;
begin
  update public.impersonation_sessions set ended_at = now()
   where id = session_id and ended_at is null returning organization_id into organization;
  if organization is null then
    return false;
  end if;
  perform private.write_audit(organization, 'impersonation.end', 'impersonation_sessions', session_id, '{}');
  return true;
end $$;

-- @section grants

revoke all on public.impersonation_sessions from anon, authenticated, service_role;
grant select on public.impersonation_sessions to authenticated, service_role;

-- @section policies

alter table public.impersonation_sessions enable row level security;

-- The tenant sees who of the operator was in its house, and the admin the own sessions.
create policy "View impersonation sessions" on public.impersonation_sessions for select to authenticated
  using (admin_id = (select private.person_id())
         or (organization_id = (select private.org_id()) and (select private.has_permission('audit.view'))));
