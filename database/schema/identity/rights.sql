-- Who is asking, for which organisation, and what may they: the look-ups that every policy rests on.
-- They live in the unexposed schema `private` as plpgsql definer functions (measured: the cheapest form);
-- the guide's names in `public` are invoker one-liners over them, so that its examples run.
--
-- A transaction says who it is in two settings, exactly as on Supabase:
--   role                 authenticated | anon | vantage_worker
--   request.jwt.claims   {"sub": person, "act": {"sub": impersonating admin}}  or, for a job,
--                        {"organization_id": tenant}, believed from vantage_worker alone

-- @section functions

-- The claims of this transaction; an empty object where there are none or they are not JSON.
create function private.claims() returns jsonb
  language plpgsql stable set search_path = '' as $$
begin
  return coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb, '{}');
exception when invalid_text_representation then
  return '{}';
end $$;

-- A claim as uuid, null when it is none: a malformed `sub` is nobody, not an error 500.
create function private.claim_uuid(claim text) returns uuid
  language plpgsql immutable set search_path = '' as $$
begin
  if claim ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
    return claim::uuid;
  end if;
  return null;
end $$;

-- The person on whose behalf the statement runs. Under impersonation that is the target, and only while an
-- unexpired session names admin and target both.
create function private.person_id() returns uuid
  language plpgsql stable security definer set search_path = '' as $$
declare
  claims jsonb := private.claims();
  person uuid := private.claim_uuid(claims ->> 'sub');
begin
  if claims ? 'act' and not exists (
       select 1 from public.impersonation_sessions s
        where s.admin_id = private.claim_uuid(claims -> 'act' ->> 'sub') and s.target_user_id = person
          and s.ended_at is null and s.expires_at > now()) then
    return null;
  end if;
  return person;
end $$;

-- The organisation whose rows the transaction may see: looked up on every statement, so that removal and
-- suspension act at once, whatever a token still says.
create function private.org_id() returns uuid
  language plpgsql stable security definer set search_path = '' as $$
declare
  found_id uuid;
begin
  if current_setting('role', true) = 'vantage_worker' then
    return private.claim_uuid(private.claims() ->> 'organization_id');
  end if;
  select p.organization_id into found_id
    from public.profiles p
    join public.organizations o on o.id = p.organization_id and o.status <> 'suspended'
   where p.id = private.person_id();
  return found_id;
end $$;

-- As org_id(), but a suspended organisation's owner still reaches billing: that is the way back.
create function private.billing_org_id() returns uuid
  language plpgsql stable security definer set search_path = '' as $$
declare
  found_id uuid;
begin
  if current_setting('role', true) = 'vantage_worker' then
    return private.claim_uuid(private.claims() ->> 'organization_id');
  end if;
  select p.organization_id into found_id
    from public.profiles p
    join public.organizations o on o.id = p.organization_id
   where p.id = private.person_id() and (o.status <> 'suspended' or p.system_role = 'owner');
  return found_id;
end $$;

-- Whether a key only looks. A read-only organisation keeps those, and billing.
create function private.only_looks(permission text) returns boolean
  language sql immutable set search_path = '' as $$
  select permission ~ '\.(view|view_[a-z]+|listen|export)$' or permission ~ '^billing\.'
$$;

-- Owner and admin hold every permission in their organisation, a member what the role lists; a job holds
-- all of them inside the one organisation that it names.
create function private.has_permission(permission text) returns boolean
  language plpgsql stable security definer set search_path = '' as $$
declare
  asker record;
begin
  if current_setting('role', true) = 'vantage_worker' then
    return exists (select 1 from public.organizations o
                    where o.id = private.org_id()
                      and (o.status = 'active' or private.only_looks(permission)));
  end if;
  select p.system_role, o.status, r.permissions into asker
    from public.profiles p
    join public.organizations o on o.id = p.organization_id
    left join public.roles r on r.organization_id = p.organization_id and r.id = p.role_id
   where p.id = private.person_id();
  if not found
     or (asker.status = 'suspended' and not (asker.system_role = 'owner' and permission like 'billing.%'))
     or (asker.status = 'read_only' and not private.only_looks(permission)) then
    return false;
  end if;
  return asker.system_role in ('owner', 'admin') or coalesce(asker.permissions ? permission, false);
end $$;

-- Which leads the person may see: all, team, own or none.
create function private.lead_scope() returns text
  language plpgsql stable security definer set search_path = '' as $$
declare
  asker record;
begin
  if current_setting('role', true) = 'vantage_worker' then
    return 'all';
  end if;
  select p.system_role, r.permissions into asker
    from public.profiles p
    join public.organizations o on o.id = p.organization_id and o.status <> 'suspended'
    left join public.roles r on r.organization_id = p.organization_id and r.id = p.role_id
   where p.id = private.person_id();
  return case
    when not found then 'none'
    when asker.system_role in ('owner', 'admin') or asker.permissions ? 'lead.view' then 'all'
    when asker.permissions ? 'lead.view_team' then 'team'
    when asker.permissions ? 'lead.view_own' then 'own'
    else 'none' end;
end $$;

-- The people of the asker's team, the asker included; alone for someone without a team.
create function private.team_people() returns uuid[]
  language plpgsql stable security definer set search_path = '' as $$
declare
  person uuid := private.person_id();
  people uuid[];
begin
  select array_agg(m.id) into people
    from public.profiles p
    join public.members me on me.organization_id = p.organization_id and me.id = p.id
    join public.members m on m.organization_id = me.organization_id and m.team_id = me.team_id
   where p.id = person;
  return coalesce(people, array_remove(array[person], null));
end $$;

-- The role of the person in the whole service: owner, admin, member or platform_admin.
create function private.system_role() returns text
  language plpgsql stable security definer set search_path = '' as $$
declare
  found_role text;
begin
  select p.system_role into found_role from public.profiles p where p.id = private.person_id();
  return found_role;
end $$;

-- The guide's three.
create function public.get_auth_org_id() returns uuid
  language sql stable set search_path = '' as $$ select private.org_id() $$;
create function public.get_auth_system_role() returns text
  language sql stable set search_path = '' as $$ select private.system_role() $$;
create function public.auth_has_permission(perm text) returns boolean
  language sql stable set search_path = '' as $$ select private.has_permission(perm) $$;

-- The guide's trigger on every table with `updated_at`; with the argument 'versioned' it also counts the
-- row's version, against which an edit form is checked (If-Match).
create function public.update_modified_column() returns trigger
  language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  if tg_nargs > 0 then
    new.version := old.version + 1;
  end if;
  return new;
end $$;

-- @section grants

grant execute on function private.claims(), private.claim_uuid(text), private.person_id(), private.org_id(),
  private.billing_org_id(), private.only_looks(text), private.has_permission(text), private.lead_scope(),
  private.team_people(), private.system_role() to authenticated, vantage_worker;
grant execute on function public.get_auth_org_id(), public.get_auth_system_role(),
  public.auth_has_permission(text) to authenticated, vantage_worker;
