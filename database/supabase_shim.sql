-- What a Supabase project has and plain PostgreSQL lacks: roles, the auth schema, default privileges.
--
-- Applied once per database by a superuser (`vantage db init` does it), before schema.sql.
-- Never on Supabase: it refuses there. Running it again changes nothing.
-- After it, `vantage_owner` may do what Supabase's `postgres` may do, and no more; schema.sql runs as
-- that role here and there, so what is refused there is refused here.

do $shim$
begin
  -- Supabase's own superuser and its schemas exist nowhere else.
  if exists (select from pg_catalog.pg_roles where rolname = 'supabase_admin')
     or exists (select from pg_catalog.pg_namespace where nspname in ('storage', 'realtime', 'vault'))
  then
    raise exception 'This database is a Supabase project: it has what the shim would add.'
      using hint = 'Run schema.sql and seed.sql only, or `vantage db init`, which leaves the shim out.';
  end if;
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    raise exception 'The shim creates roles above its own and must be applied by a superuser; % is none.', current_user
      using hint = 'Connect as the server''s superuser (usually postgres) and run it again.';
  end if;
end
$shim$;

do $roles$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('anon',                'nologin inherit'),
      ('authenticated',       'nologin inherit'),
      ('service_role',        'nologin inherit bypassrls'),
      ('supabase_auth_admin', 'nologin noinherit'),
      -- Supabase's `postgres` also has REPLICATION; nothing of ours needs it, and stricter is safe.
      ('vantage_owner',       'login inherit nosuperuser createdb createrole bypassrls')
    ) as r (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      begin
        execute format('create role %I %s', wanted.name, wanted.attributes);
      exception when duplicate_object or unique_violation then
        null;  -- roles belong to the whole server: another database's installation was faster
      end;
    end if;
  end loop;
end
$roles$;

grant anon, authenticated, service_role to vantage_owner with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to vantage_owner;
alter role vantage_owner set search_path = "$user", public, extensions;

do $ownership$
begin
  -- Since PostgreSQL 15 schema public belongs to pg_database_owner, which is whoever owns the database;
  -- a database that came from an older server still has the superuser there.
  execute format('alter database %I owner to vantage_owner', current_database());
  alter schema public owner to pg_database_owner;
end
$ownership$;

revoke create on schema public from public;
grant usage on schema public to anon, authenticated, service_role;

create schema if not exists extensions;
grant usage on schema extensions to anon, authenticated, service_role, vantage_owner;

create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role, vantage_owner;
grant all on schema auth to supabase_auth_admin;

-- The 35 columns of Supabase's table, with its defaults (none on id, created_at or email).
create table if not exists auth.users (
  instance_id uuid,
  id uuid not null,
  aud character varying(255),
  role character varying(255),
  email character varying(255),
  encrypted_password character varying(255),
  email_confirmed_at timestamptz,
  invited_at timestamptz,
  confirmation_token character varying(255),
  confirmation_sent_at timestamptz,
  recovery_token character varying(255),
  recovery_sent_at timestamptz,
  email_change_token_new character varying(255),
  email_change character varying(255),
  email_change_sent_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_super_admin boolean,
  created_at timestamptz,
  updated_at timestamptz,
  phone text default null::character varying,
  phone_confirmed_at timestamptz,
  phone_change text default ''::character varying,
  phone_change_token character varying(255) default ''::character varying,
  phone_change_sent_at timestamptz,
  confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current character varying(255) default ''::character varying,
  email_change_confirm_status smallint default 0,
  banned_until timestamptz,
  reauthentication_token character varying(255) default ''::character varying,
  reauthentication_sent_at timestamptz,
  is_sso_user boolean not null default false,
  deleted_at timestamptz,
  is_anonymous boolean not null default false,
  constraint users_pkey primary key (id),
  constraint users_phone_key unique (phone),
  constraint users_email_change_confirm_status_check check (email_change_confirm_status between 0 and 2)
);
create unique index if not exists users_email_partial_key on auth.users (email) where (is_sso_user = false);
create index if not exists users_instance_id_idx on auth.users (instance_id);

create table if not exists auth.identities (
  provider_id text not null,
  user_id uuid not null,
  identity_data jsonb not null,
  provider text not null,
  last_sign_in_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  email text generated always as (lower(identity_data ->> 'email')) stored,
  id uuid not null default gen_random_uuid(),
  constraint identities_pkey primary key (id),
  constraint identities_provider_id_provider_unique unique (provider_id, provider),
  constraint identities_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create index if not exists identities_user_id_idx on auth.identities (user_id);

create table if not exists auth.sessions (
  id uuid not null,
  user_id uuid not null,
  created_at timestamptz,
  updated_at timestamptz,
  factor_id uuid,
  aal text,
  not_after timestamptz,
  refreshed_at timestamp,
  user_agent text,
  ip inet,
  tag text,
  constraint sessions_pkey primary key (id),
  constraint sessions_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create index if not exists sessions_user_id_idx on auth.sessions (user_id);

-- As on Supabase: row security without a policy. Only roles that bypass it, and the owner, see rows.
alter table auth.users enable row level security;
alter table auth.identities enable row level security;
alter table auth.sessions enable row level security;
alter table auth.users owner to supabase_auth_admin;
alter table auth.identities owner to supabase_auth_admin;
alter table auth.sessions owner to supabase_auth_admin;

-- Rows, references and triggers, but not the table itself.
grant all on auth.users, auth.identities, auth.sessions to vantage_owner;

-- The four functions with Supabase's own bodies. After a transaction a setting is '' and not null, hence nullif.
create or replace function auth.uid() returns uuid language sql stable as $$
  select
  coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
  )::uuid
$$;

create or replace function auth.role() returns text language sql stable as $$
  select
  coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
  )::text
$$;

create or replace function auth.email() returns text language sql stable as $$
  select
  coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email')
  )::text
$$;

create or replace function auth.jwt() returns jsonb language sql stable as $$
  select
    coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;

alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
alter function auth.email() owner to supabase_auth_admin;
alter function auth.jwt() owner to supabase_auth_admin;

-- What a project made since May 2026 grants on each new table in public: no reading and no writing, but
-- still TRUNCATE, REFERENCES and TRIGGER, which schema.sql has to take away by itself.
alter default privileges for role vantage_owner in schema public
  grant truncate, references, trigger on tables to anon, authenticated, service_role;

do $publication$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  alter publication supabase_realtime owner to vantage_owner;
end
$publication$;
