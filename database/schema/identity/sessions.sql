-- private.sessions, private.refresh_tokens: sign-ins of our own identity provider. Not used where Supabase
-- Auth signs people in. In `private`: only the definer functions below reach them, and only the web process's
-- worker role may call those.

-- @section tables

create table private.sessions (
  id            uuid not null default gen_random_uuid(),
  person_id     uuid not null,
  token_digest  bytea not null,
  act_admin_id  uuid,
  user_agent    text,
  created_at    timestamptz not null default now(),
  last_seen_at  timestamptz not null default now(),
  expires_at    timestamptz not null,
  revoked_at    timestamptz,
  constraint sessions_pkey primary key (id),
  constraint sessions_token_digest_check check (length(token_digest) = 32),
  constraint sessions_expires_check check (expires_at > created_at)
);
comment on column private.sessions.token_digest is 'sha256 of the cookie''s random value; the value itself is nowhere.';
comment on column private.sessions.act_admin_id is 'The platform admin who uses this session in support mode.';

-- Refresh tokens of the API. Each is used once; a second use means theft and revokes the session.
create table private.refresh_tokens (
  token_digest bytea not null,
  session_id   uuid not null,
  created_at   timestamptz not null default now(),
  used_at      timestamptz,
  constraint refresh_tokens_pkey primary key (token_digest)
);

-- Attempts per key (address, account) in a window; shared by all web processes.
create table private.rate_limits (
  key          text not null,
  window_start timestamptz not null,
  hits         integer not null default 1,
  constraint rate_limits_pkey primary key (key, window_start)
);

-- @section references

alter table private.sessions add constraint sessions_person_id_fkey
  foreign key (person_id) references auth.users (id) on delete cascade;
alter table private.refresh_tokens add constraint refresh_tokens_session_id_fkey
  foreign key (session_id) references private.sessions (id) on delete cascade;
create unique index sessions_token_digest_idx on private.sessions (token_digest);
create index sessions_person_id_idx on private.sessions (person_id);
create index refresh_tokens_session_id_idx on private.refresh_tokens (session_id);
create index rate_limits_window_start_idx on private.rate_limits (window_start);

-- @section functions

-- Counts one attempt and says whether it is still within `most` per window.
create function private.within_rate(limit_key text, most integer, per interval) returns boolean
  language plpgsql security definer set search_path = '' as $$
declare
  n integer;
begin
  insert into private.rate_limits as r (key, window_start)
  values (limit_key, date_bin(per, now(), 'epoch'::timestamptz))
  on conflict (key, window_start) do update set hits = r.hits + 1
  returning hits into n;
  return n <= most;
end $$;

-- The account behind an e-mail for checking a password: {id, encrypted_password, banned, confirmed}.
create function private.account_by_email(address text) returns jsonb
  language plpgsql stable security definer set search_path = '' as $$
begin
  return (select jsonb_build_object('id', u.id, 'encrypted_password', u.encrypted_password,
                   'banned', coalesce(u.banned_until > now(), false), 'confirmed', u.email_confirmed_at is not null)
            from auth.users u
           where lower(u.email) = lower(btrim(address)) and not u.is_sso_user and u.deleted_at is null);
end $$;

-- Makes an account of our own provider; the trigger on auth.users makes its profile. Null when the e-mail is
-- taken, so that the caller answers both alike.
create function private.create_account(address text, password_hash text, full_name text) returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  new_id uuid := gen_random_uuid();
begin
  insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data,
                          raw_user_meta_data, created_at, updated_at)
  values (new_id, 'authenticated', 'authenticated', lower(btrim(address)), password_hash, now(),
          '{"provider": "email", "providers": ["email"]}', jsonb_build_object('full_name', full_name), now(), now());
  perform private.ensure_profile(new_id);
  return new_id;
exception when unique_violation then
  return null;
end $$;

-- Replaces a password and ends every session of the person.
create function private.set_password(person uuid, password_hash text) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  update auth.users set encrypted_password = password_hash, updated_at = now() where id = person;
  update private.sessions set revoked_at = now() where person_id = person and revoked_at is null;
end $$;

-- The same password, hashed with stronger parameters at a sign-in.
create function private.rehash_password(person uuid, password_hash text) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  update auth.users set encrypted_password = password_hash, updated_at = now() where id = person;
end $$;

-- A sign-in that was recognised. With `admin`, support mode: honoured only while its impersonation runs.
create function private.open_session(person uuid, digest bytea, agent text, lifetime interval,
                                     admin uuid default null) returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  new_id uuid;
begin
  insert into private.sessions (person_id, token_digest, user_agent, expires_at, act_admin_id)
  values (person, digest, left(agent, 300), now() + lifetime, admin) returning id into new_id;
  update auth.users set last_sign_in_at = now() where id = person and admin is null;
  return new_id;
end $$;

-- Everything that a request has to know about a person, in one look: who, which organisation, what they may.
-- Null `organization` for someone who belongs nowhere yet. The permissions are those that
-- private.has_permission() would answer; policies ask again, this list only draws the page.
create function private.principal(person uuid, admin uuid default null) returns jsonb
  language plpgsql stable security definer set search_path = '' as $$
declare
  found_row record;
begin
  if admin is not null and not exists (
       select 1 from public.impersonation_sessions s
        where s.admin_id = admin and s.target_user_id = person and s.ended_at is null and s.expires_at > now()) then
    return null;
  end if;
  select p.*, o.name as organization_name, o.slug, o.tier, o.status, o.time_zone, o.currency, o.default_region,
         o.is_demo, o.carrier, o.onboarding_status, r.name as role_name, r.permissions,
         (select coalesce(nullif(a.full_name, ''), a.email) from public.profiles a where a.id = admin) as admin_name,
         (select max(s.expires_at) from public.impersonation_sessions s
           where s.admin_id = admin and s.target_user_id = person and s.ended_at is null) as support_until
    into found_row
    from public.profiles p
    left join public.organizations o on o.id = p.organization_id
    left join public.roles r on r.organization_id = p.organization_id and r.id = p.role_id
   where p.id = person;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'person_id', found_row.id, 'email', found_row.email, 'name', coalesce(nullif(found_row.full_name, ''), found_row.email),
    'system_role', found_row.system_role, 'role_name', found_row.role_name,
    'act_person_id', admin, 'act_name', found_row.admin_name, 'support_until', found_row.support_until,
    'organization', case when found_row.organization_id is not null then jsonb_build_object(
       'id', found_row.organization_id, 'name', found_row.organization_name, 'slug', found_row.slug,
       'tier', found_row.tier, 'status', found_row.status, 'time_zone', found_row.time_zone,
       'currency', found_row.currency, 'default_region', found_row.default_region, 'is_demo', found_row.is_demo,
       'carrier', found_row.carrier) end,
    'permissions', coalesce((
       select jsonb_agg(k.key order by k.key) from public.permissions k
        where found_row.organization_id is not null
          and (found_row.system_role in ('owner', 'admin') or coalesce(found_row.permissions ? k.key, false))
          and case found_row.status
                when 'active' then true
                when 'read_only' then private.only_looks(k.key)
                else found_row.system_role = 'owner' and k.key like 'billing.%' end), '[]'));
end $$;

-- The principal behind a cookie (digest of its value) or behind the session that an access token names;
-- null when expired, revoked or, in support mode, lapsed. Touches the session at most once a minute.
create function private.session_principal(digest bytea, session uuid) returns jsonb
  language plpgsql security definer set search_path = '' as $$
declare
  found_session record;
begin
  select s.id, s.person_id, s.act_admin_id, s.last_seen_at into found_session from private.sessions s
    join auth.users u on u.id = s.person_id
   where (s.token_digest = digest or s.id = session) and s.revoked_at is null and s.expires_at > now()
     and coalesce(u.banned_until < now(), true) and u.deleted_at is null;
  if not found then
    return null;
  end if;
  if found_session.last_seen_at < now() - interval '1 minute' then
    update private.sessions set last_seen_at = now() where id = found_session.id;
  end if;
  return private.principal(found_session.person_id, found_session.act_admin_id)
         || jsonb_build_object('session_id', found_session.id);
end $$;

create function private.close_session(session uuid) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  update private.sessions set revoked_at = now() where id = session and revoked_at is null;
end $$;

create function private.add_refresh_token(session uuid, digest bytea) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  insert into private.refresh_tokens (token_digest, session_id) values (digest, session);
end $$;

-- Uses a refresh token once and puts `next_digest` in its place: {session_id, person_id, act}. A second use
-- of the same token revokes the session, because one of the two users is a thief.
create function private.rotate_refresh_token(digest bytea, next_digest bytea) returns jsonb
  language plpgsql security definer set search_path = '' as $$
declare
  token record;
begin
  select t.session_id, t.used_at, s.person_id, s.act_admin_id, (s.revoked_at is null and s.expires_at > now()) as open
    into token
    from private.refresh_tokens t join private.sessions s on s.id = t.session_id
   where t.token_digest = digest for update of t;
  if not found or not token.open then
    return null;
  end if;
  if token.used_at is not null then
    update private.sessions set revoked_at = now() where id = token.session_id;
    return null;
  end if;
  update private.refresh_tokens set used_at = now() where token_digest = digest;
  insert into private.refresh_tokens (token_digest, session_id) values (next_digest, token.session_id);
  return jsonb_build_object('session_id', token.session_id, 'person_id', token.person_id, 'act', token.act_admin_id);
end $$;

-- Deletes what no longer serves: expired sessions, old rate windows.
create function private.sweep_sessions() returns void
  language plpgsql security definer set search_path = '' as $$
begin
  delete from private.sessions s where s.expires_at < now() - interval '30 days';
  delete from private.rate_limits r where r.window_start < now() - interval '1 day';
end $$;

-- @section grants

grant execute on function private.within_rate(text, integer, interval), private.account_by_email(text),
  private.create_account(text, text, text), private.set_password(uuid, text),
  private.rehash_password(uuid, text),
  private.open_session(uuid, bytea, text, interval, uuid), private.session_principal(bytea, uuid),
  private.principal(uuid, uuid),
  private.close_session(uuid), private.add_refresh_token(uuid, bytea),
  private.rotate_refresh_token(bytea, bytea), private.sweep_sessions() to vantage_worker;

-- @section policies

alter table private.sessions enable row level security;
alter table private.refresh_tokens enable row level security;
alter table private.rate_limits enable row level security;

create policy "No direct access" on private.sessions for select using (false);
create policy "No direct access" on private.refresh_tokens for select using (false);
create policy "No direct access" on private.rate_limits for select using (false);
