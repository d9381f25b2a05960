-- Quinite Vantage: the whole database, for an empty PostgreSQL 15 or newer.
--
-- Built from database/schema/ by `vantage db schema`. Change the files there, never this one.
--
-- On Supabase: paste all of it into the SQL editor and press Run, then do the same with seed.sql.
-- On plain PostgreSQL: `vantage db init` (it applies supabase_shim.sql first).
--
-- It is one transaction: it installs everything or nothing. On a database that has this version already it
-- does nothing; on one that has another version it stops and says what to do. The plain SQL of the schema
-- stands between the two lines with $schema$.

do $vantage$
declare
  recorded integer;
begin
  if to_regclass('private.schema_version') is not null then
    execute 'select version from private.schema_version' into recorded;
  end if;
  if recorded = 1 then
    raise notice 'Version 1 of the schema is installed already: nothing was changed.';
    return;
  elsif recorded is not null then
    raise exception 'This database has version % of the schema, this file is version 1.', recorded
      using hint = 'Run `vantage db migrate`: it brings the database forward without losing a row.';
  elsif to_regclass('public.organizations') is not null then
    raise exception 'There is a table "organizations", but not from this schema: no version is recorded.'
      using hint = 'Install into an empty database, or into a new Supabase project.';
  end if;
  execute $schema$

set local client_min_messages = warning;
-- Every name below says its schema; nothing is found by chance.
set local search_path = '';
-- Functions may name what is created after them.
set local check_function_bodies = off;

do $roles$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'vantage_worker') then
    create role vantage_worker nologin;
  end if;
exception when duplicate_object or unique_violation then
  null;  -- roles belong to the whole server: another database's installation was faster
end
$roles$;
grant vantage_worker to current_user;

create schema private;

-- What is created from here on belongs to nobody but its owner until a grant says otherwise. The first line
-- must stand without IN SCHEMA: a default of one schema cannot take away the one that PUBLIC has everywhere.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;

grant usage on schema public to anon, authenticated, service_role, vantage_worker;
grant usage on schema private to anon, authenticated, service_role, vantage_worker;

-- Which version this is, and how it came to be.
create table private.schema_version (
  version      integer not null,
  installed_at timestamptz not null default now(),
  only_row     boolean not null default true,
  constraint schema_version_pkey primary key (only_row),
  constraint schema_version_only_row_check check (only_row)
);
create table private.schema_migrations (
  version    integer not null,
  name       text not null,
  -- sha256 of the file; empty for what a fresh installation holds already
  checksum   text not null,
  applied_at timestamptz not null default now(),
  constraint schema_migrations_pkey primary key (version)
);
alter table private.schema_version enable row level security;
alter table private.schema_migrations enable row level security;
create policy "Processes read the version" on private.schema_version
  for select to vantage_worker using (true);
create policy "Only the owner" on private.schema_migrations
  for all to authenticated, vantage_worker using (false) with check (false);
grant select on private.schema_version to vantage_worker;


-- tables ----------------------------------------------------------------------------------------------

-- identity/members.sql

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

-- identity/organizations.sql

create table public.organizations (
  id                uuid not null default gen_random_uuid(),
  name              text not null,
  slug              text not null,
  tier              text not null default 'free',
  status            text not null default 'active',
  onboarding_status text not null default 'pending',
  caller_id         text,
  caller_id_verified_at timestamptz,
  carrier           text not null default 'simulated',
  rehearse_legal_hours boolean not null default false,
  is_demo           boolean not null default false,
  settings          jsonb not null default '{}',
  sector            text not null default 'real_estate',
  company_name      text,
  gstin             text,
  address_line_1    text,
  address_line_2    text,
  city              text,
  state             text,
  pincode           text,
  country           text not null default 'IN',
  contact_number    text,
  time_zone         text not null default 'Asia/Kolkata',
  currency          text not null default 'INR',
  default_region    text not null default 'IN',
  version           integer not null default 1,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  constraint organizations_pkey primary key (id),
  constraint organizations_name_check check (length(btrim(name)) between 1 and 120),
  constraint organizations_slug_check check (slug ~ '^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$'),
  constraint organizations_tier_check check (tier in ('free', 'pro', 'enterprise')),
  constraint organizations_status_check check (status in ('active', 'read_only', 'suspended')),
  constraint organizations_onboarding_status_check check (onboarding_status in ('pending', 'completed')),
  constraint organizations_carrier_check check (carrier in ('simulated', 'plivo')),
  -- A demonstration must never ring a real person (legal hours are off for it).
  constraint organizations_demo_carrier_check check (not is_demo or carrier = 'simulated'),
  -- Real calls need a number that the carrier has verified as ours.
  constraint organizations_plivo_caller_check
    check (carrier <> 'plivo' or (caller_id is not null and caller_id_verified_at is not null)),
  constraint organizations_caller_id_check check (caller_id ~ '^\+[1-9][0-9]{7,14}$'),
  constraint organizations_contact_number_check check (contact_number ~ '^\+[1-9][0-9]{7,14}$'),
  constraint organizations_settings_check check (jsonb_typeof(settings) = 'object'),
  constraint organizations_gstin_check check (gstin ~ '^[0-9]{2}[A-Z0-9]{13}$'),
  constraint organizations_pincode_check check (pincode ~ '^[1-9][0-9]{5}$'),
  constraint organizations_country_check check (country ~ '^[A-Z]{2}$'),
  constraint organizations_currency_check check (currency ~ '^[A-Z]{3}$')
);

-- Slugs of the whole service. Others choose them, so they stand in a registry and not in a unique key
-- that a tenant could probe; an old slug keeps pointing at its organisation.
create table private.slugs (
  slug            text not null,
  organization_id uuid not null,
  created_at      timestamptz not null default now(),
  constraint slugs_pkey primary key (slug)
);

-- identity/permissions.sql

create table public.permissions (
  key         text not null,
  module      text not null,
  description text not null,
  constraint permissions_pkey primary key (key),
  constraint permissions_key_check check (key ~ '^[a-z]+\.[a-z_]+$'),
  constraint permissions_module_check
    check (module in ('identity', 'inventory', 'crm', 'calling', 'billing', 'system'))
);

-- The keys are part of the schema, not seed data: policies name them.
insert into public.permissions (key, module, description) values
  ('project.view',     'inventory', 'See projects'),
  ('project.create',   'inventory', 'Create projects'),
  ('project.edit',     'inventory', 'Change projects'),
  ('project.delete',   'inventory', 'Archive and delete projects'),
  ('property.view',    'inventory', 'See properties'),
  ('property.create',  'inventory', 'Add properties'),
  ('property.edit',    'inventory', 'Change properties, images and features'),
  ('property.delete',  'inventory', 'Delete properties'),
  ('lead.view',        'crm',       'See every lead of the organisation'),
  ('lead.view_team',   'crm',       'See the leads of the own team'),
  ('lead.view_own',    'crm',       'See the leads assigned to oneself'),
  ('lead.view_numbers','crm',       'See phone numbers and e-mail addresses unmasked'),
  ('lead.create',      'crm',       'Add leads'),
  ('lead.edit',        'crm',       'Change and move leads, add notes'),
  ('lead.delete',      'crm',       'Archive and delete leads'),
  ('lead.assign',      'crm',       'Assign leads to people'),
  ('lead.import',      'crm',       'Import lead files'),
  ('lead.export',      'crm',       'Export leads'),
  ('pipeline.edit',    'crm',       'Change pipelines and stages'),
  ('campaign.view',    'calling',   'See campaigns'),
  ('campaign.create',  'calling',   'Create campaigns'),
  ('campaign.edit',    'calling',   'Change campaigns'),
  ('campaign.run',     'calling',   'Start, pause, resume and cancel campaigns'),
  ('campaign.delete',  'calling',   'Archive campaigns'),
  ('call.view',        'calling',   'See calls and transcripts of visible leads'),
  ('call.listen',      'calling',   'Listen to recordings and live calls'),
  ('team.view',        'identity',  'See the people of the organisation'),
  ('team.manage',      'identity',  'Add, change and remove people and teams'),
  ('role.manage',      'identity',  'Create roles and give them permissions one holds'),
  ('settings.view',    'identity',  'See the settings of the organisation'),
  ('settings.edit',    'identity',  'Change the settings of the organisation'),
  ('billing.view',     'billing',   'See plan, usage and invoices'),
  ('billing.manage',   'billing',   'Change plan and payment methods'),
  ('audit.view',       'system',    'Read the audit trail');

-- identity/profiles.sql

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

-- identity/roles.sql

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

-- identity/sessions.sql

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

-- identity/teams.sql

create table public.teams (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  name            text not null,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint teams_pkey primary key (organization_id, id),
  constraint teams_name_check check (length(btrim(name)) between 1 and 80)
);

-- system/audit_logs.sql

create table public.audit_logs (
  organization_id      uuid not null,
  id                   uuid not null default gen_random_uuid(),
  seq                  bigint not null generated always as identity,
  created_at           timestamptz not null default now(),
  actor_kind           text not null,
  user_id              uuid,
  user_name            text not null,
  impersonator_user_id uuid,
  impersonator_name    text,
  is_impersonated      boolean not null generated always as (impersonator_user_id is not null) stored,
  action               text not null,
  entity_type          text not null,
  entity_id            uuid,
  row_count            integer not null default 1,
  changed_columns      text[] not null default '{}',
  values_digest        bytea,
  request_id           text,
  client_address       text,
  metadata             jsonb not null default '{}',
  constraint audit_logs_pkey primary key (organization_id, id),
  constraint audit_logs_actor_kind_check check (actor_kind in ('person', 'worker', 'operator', 'anonymous')),
  constraint audit_logs_person_check check (actor_kind <> 'person' or user_id is not null),
  constraint audit_logs_row_count_check check (row_count >= 0)
);
comment on column public.audit_logs.row_count is 'Bulk work is one row per statement.';

-- The values behind the digests. Deleting a row here breaks no chain.
create table public.audit_values (
  organization_id uuid not null,
  audit_id        uuid not null,
  row_number      integer not null,
  entity_id       uuid,
  salt            bytea not null,
  before          jsonb,
  after           jsonb,
  constraint audit_values_pkey primary key (organization_id, audit_id, row_number)
);

-- The chain: batches of audit rows sealed one after the other by a job, so that no writer waits.
create table public.audit_seals (
  organization_id uuid not null,
  number          bigint not null,
  audit_ids       uuid[] not null,
  previous_digest bytea not null,
  digest          bytea not null,
  sealed_at       timestamptz not null default now(),
  constraint audit_seals_pkey primary key (organization_id, number),
  constraint audit_seals_audit_ids_check check (cardinality(audit_ids) > 0)
);

-- Audit rows that wait for their seal. A list and not a range of seq: a transaction that commits late must
-- not slip under a seal that is already closed.
create table private.audit_unsealed (
  organization_id uuid not null,
  audit_id        uuid not null,
  seq             bigint not null,
  constraint audit_unsealed_pkey primary key (organization_id, audit_id)
);

-- Acts on the service itself: plans, platform admins, people without organisation. Global.
create table public.platform_audit_logs (
  id              bigint not null generated always as identity,
  created_at      timestamptz not null default now(),
  actor_kind      text not null,
  user_id         uuid,
  user_name       text not null,
  action          text not null,
  entity_type     text not null,
  entity_id       uuid,
  row_count       integer not null default 1,
  changed_columns text[] not null default '{}',
  metadata        jsonb not null default '{}',
  constraint platform_audit_logs_pkey primary key (id)
);

-- system/idempotency_keys.sql

create table public.idempotency_keys (
  organization_id uuid not null,
  person_id       uuid not null,
  key             text not null,
  request_digest  bytea not null,
  status          integer not null,
  body            jsonb,
  created_at      timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (organization_id, person_id, key),
  constraint idempotency_keys_key_check check (length(key) between 8 and 200),
  constraint idempotency_keys_status_check check (status between 200 and 299)
);

-- system/impersonation_sessions.sql

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

-- system/inbox.sql

create table public.inbox (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  source          text not null,
  external_id     text not null,
  body            jsonb not null,
  raw             text,
  received_at     timestamptz not null default now(),
  status          text not null default 'accepted',
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  result          jsonb,
  error           text,
  processed_at    timestamptz,
  constraint inbox_pkey primary key (organization_id, id),
  constraint inbox_source_check check (source in ('form', 'carrier', 'webhook', 'mail')),
  constraint inbox_status_check check (status in ('accepted', 'processed', 'refused', 'failed')),
  constraint inbox_attempts_check check (attempts >= 0),
  constraint inbox_processed_check check ((status = 'accepted') = (processed_at is null))
);
comment on column public.inbox.external_id is 'The sender''s own id of the delivery: the same one twice is one row.';
comment on column public.inbox.raw is 'The body byte for byte where a signature covers it.';

-- system/outbox.sql

create table public.outbox (
  organization_id uuid not null,
  id              bigint not null generated always as identity,
  topic           text not null,
  key             uuid,
  payload         jsonb not null default '{}',
  created_at      timestamptz not null default now(),
  seq             bigint,
  published_at    timestamptz,
  constraint outbox_pkey primary key (organization_id, id),
  constraint outbox_topic_check check (topic ~ '^[a-z_]+\.[a-z_]+$'),
  constraint outbox_published_check check ((seq is null) = (published_at is null))
);
comment on column public.outbox.key is 'The row that changed; null where the event is about many (payload says how many).';

-- The last number that was published for each organisation.
create table private.event_counters (
  organization_id uuid not null,
  last_seq        bigint not null default 0,
  constraint event_counters_pkey primary key (organization_id)
);

-- system/websocket_sessions.sql

create table public.websocket_sessions (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  user_id         uuid not null,
  connection_id   text not null,
  process_id      uuid not null,
  metadata        jsonb not null default '{}',
  created_at      timestamptz not null default now(),
  last_ping_at    timestamptz not null default now(),
  constraint websocket_sessions_pkey primary key (organization_id, id),
  constraint websocket_sessions_metadata_check check (jsonb_typeof(metadata) = 'object')
);
comment on column public.websocket_sessions.connection_id is 'Made by the server; unique inside the organisation.';
comment on column public.websocket_sessions.process_id is 'The web process that holds the socket: one statement per process renews all of its sockets.';

-- billing/invoices.sql

create table public.invoices (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  subscription_id uuid not null,
  status          text not null default 'draft',
  invoice_number  text,
  invoice_date    date,
  due_date        date,
  period_start    timestamptz not null,
  period_end      timestamptz not null,
  currency        text not null default 'INR',
  subtotal        numeric(14,2) not null,
  tax_rate        numeric(5,2) not null default 0,
  cgst            numeric(14,2) not null default 0,
  sgst            numeric(14,2) not null default 0,
  igst            numeric(14,2) not null default 0,
  amount          numeric(14,2) not null,
  place_of_supply text not null,
  lines           jsonb not null,
  seller          jsonb not null,
  buyer           jsonb not null,
  issued_at       timestamptz,
  paid_at         timestamptz,
  gateway         text,
  gateway_payment_id text,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint invoices_pkey primary key (organization_id, id),
  constraint invoices_number_key unique (organization_id, invoice_number),
  constraint invoices_status_check check (status in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  constraint invoices_number_check check (invoice_number ~ '^INV-[0-9]{6}-[0-9]{5}$'),
  -- A draft has no number and may be void without ever having had one; whatever was issued keeps it.
  constraint invoices_issued_check check (
    case when status = 'draft' then invoice_number is null
         when status = 'void' then true else invoice_number is not null end
    and (invoice_number is null) = (issued_at is null) and (invoice_number is null) = (invoice_date is null)),
  constraint invoices_paid_check check ((status = 'paid') = (paid_at is not null)),
  constraint invoices_period_check check (period_start < period_end),
  constraint invoices_due_date_check check (due_date >= invoice_date),
  constraint invoices_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint invoices_money_check check (subtotal >= 0 and cgst >= 0 and sgst >= 0 and igst >= 0 and amount >= 0),
  constraint invoices_sum_check check (amount = subtotal + cgst + sgst + igst),
  -- Inside the seller's state CGST + SGST in halves, otherwise IGST: never both.
  constraint invoices_gst_check check (cgst = sgst and (igst = 0 or cgst = 0)),
  constraint invoices_lines_check check (jsonb_typeof(lines) = 'array'),
  constraint invoices_gateway_check check (gateway in ('sandbox', 'razorpay', 'bank'))
);

-- The last number of each calendar month in Asia/Kolkata. The row's lock makes numbers wait for each other,
-- and a transaction that fails gives its number back: no gap.
create table private.invoice_counters (
  month       date not null,
  last_number integer not null,
  constraint invoice_counters_pkey primary key (month),
  constraint invoice_counters_month_check check (extract(day from month) = 1),
  constraint invoice_counters_last_number_check check (last_number between 1 and 99999)
);

-- One seller, so numbers are unique over all tenants; a registry, so that no tenant can probe for them.
create table private.invoice_numbers (
  invoice_number  text not null,
  organization_id uuid not null,
  invoice_id      uuid not null,
  constraint invoice_numbers_pkey primary key (invoice_number)
);

-- billing/payment_methods.sql

create table public.payment_methods (
  organization_id           uuid not null,
  id                        uuid not null default gen_random_uuid(),
  type                      text not null,
  gateway                   text not null default 'sandbox',
  gateway_customer_id       text,
  gateway_payment_method_id text,
  brand                     text,
  last4                     text,
  expiry_month              smallint,
  expiry_year               smallint,
  upi_handle                text,
  is_default                boolean not null default false,
  created_at                timestamptz not null default now(),
  updated_at                timestamptz not null default now(),
  constraint payment_methods_pkey primary key (organization_id, id),
  constraint payment_methods_type_check check (type in ('card', 'upi')),
  constraint payment_methods_gateway_check check (gateway in ('sandbox', 'razorpay')),
  -- A real gateway's method without its id could never be charged.
  constraint payment_methods_gateway_id_check check (gateway = 'sandbox' or gateway_payment_method_id is not null),
  constraint payment_methods_card_check check (
    (type = 'card') = (last4 is not null) and (type = 'card') = (brand is not null)
    and (type = 'card') = (expiry_month is not null) and (type = 'card') = (expiry_year is not null)),
  constraint payment_methods_last4_check check (last4 ~ '^[0-9]{4}$'),
  constraint payment_methods_expiry_check check (expiry_month between 1 and 12 and expiry_year between 2000 and 2100),
  constraint payment_methods_upi_check check (
    (type = 'upi') = (upi_handle is not null)
    and upi_handle ~ '^[A-Za-z0-9._-]{2,255}@[A-Za-z][A-Za-z0-9]{1,63}$')
);

-- billing/seller.sql

create table private.seller (
  only_row   boolean not null default true,
  legal_name text not null default 'Quinite Vantage',
  gstin      text,
  state_code text not null default '29',
  address    text not null default '',
  sac        text not null default '998314',
  tax_rate   numeric(5,2) not null default 18.00,
  constraint seller_pkey primary key (only_row),
  constraint seller_only_row_check check (only_row),
  constraint seller_gstin_check check (gstin ~ '^[0-9]{2}[A-Z0-9]{13}$' and left(gstin, 2) = state_code),
  constraint seller_state_code_check check (state_code ~ '^[0-9]{2}$'),
  constraint seller_sac_check check (sac ~ '^[0-9]{6}$'),
  constraint seller_tax_rate_check check (tax_rate between 0 and 100)
);
comment on column private.seller.sac is 'Service accounting code on the invoice; 998314: IT design and development services.';

insert into private.seller default values;

-- billing/subscription_plans.sql

create table public.subscription_plans (
  id            uuid not null default gen_random_uuid(),
  slug          text not null,
  name          text not null,
  description   text not null default '',
  price_monthly numeric(14,2) not null default 0,
  price_yearly  numeric(14,2) not null default 0,
  currency      text not null default 'INR',
  features      jsonb not null,
  is_active     boolean not null default true,
  sort_order    integer not null default 0,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  constraint subscription_plans_pkey primary key (id),
  constraint subscription_plans_slug_key unique (slug),
  -- organizations.tier follows the slug, so both know the same three.
  constraint subscription_plans_slug_check check (slug in ('free', 'pro', 'enterprise')),
  constraint subscription_plans_price_monthly_check check (price_monthly >= 0),
  constraint subscription_plans_price_yearly_check check (price_yearly >= 0),
  constraint subscription_plans_currency_check check (currency ~ '^[A-Z]{3}$'),
  -- A limit that is missing, misspelt or a text would mean "unlimited" to one reader and "none" to another:
  -- each of the five must be a whole number, -1 for unlimited.
  constraint subscription_plans_features_check check (
    jsonb_typeof(features) = 'object'
    and coalesce(jsonb_typeof(features -> 'max_users') = 'number'
                 and features ->> 'max_users' ~ '^(-1|[0-9]{1,9})$', false)
    and coalesce(jsonb_typeof(features -> 'max_projects') = 'number'
                 and features ->> 'max_projects' ~ '^(-1|[0-9]{1,9})$', false)
    and coalesce(jsonb_typeof(features -> 'max_campaigns') = 'number'
                 and features ->> 'max_campaigns' ~ '^(-1|[0-9]{1,9})$', false)
    and coalesce(jsonb_typeof(features -> 'ai_calls_per_month') = 'number'
                 and features ->> 'ai_calls_per_month' ~ '^(-1|[0-9]{1,9})$', false)
    and coalesce(jsonb_typeof(features -> 'max_leads') = 'number'
                 and features ->> 'max_leads' ~ '^(-1|[0-9]{1,9})$', false))
);
comment on column public.subscription_plans.price_monthly is 'Rupees before tax.';

-- billing/subscriptions.sql

create table public.subscriptions (
  organization_id      uuid not null,
  id                   uuid not null default gen_random_uuid(),
  plan_id              uuid not null,
  status               text not null,
  billing_cycle        text not null default 'monthly',
  billing_anchor       timestamptz not null,
  current_period_start timestamptz not null,
  current_period_end   timestamptz not null,
  trial_ends_at        timestamptz,
  cancel_at_period_end boolean not null default false,
  cancelled_at         timestamptz,
  version              integer not null default 1,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  constraint subscriptions_pkey primary key (organization_id, id),
  -- One subscription per organisation; the guide's index of that name is the one that holds it.
  constraint idx_subscriptions_org_id unique (organization_id),
  constraint subscriptions_status_check check (status in ('active', 'trialing', 'cancelled', 'past_due')),
  constraint subscriptions_billing_cycle_check check (billing_cycle in ('monthly', 'yearly')),
  constraint subscriptions_period_check check (current_period_start < current_period_end),
  constraint subscriptions_trial_check check (status <> 'trialing' or trial_ends_at is not null),
  constraint subscriptions_cancelled_at_check check ((status = 'cancelled') = (cancelled_at is not null))
);
comment on column public.subscriptions.billing_anchor is
  'Where periods are counted from: anchor + n months, so that 31 January is followed by 28 February and then 31 March.';

-- billing/usage_logs.sql

create table public.usage_logs (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  feature_key     text not null,
  period_start    date not null,
  period_end      date not null,
  usage_count     integer not null default 0,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint usage_logs_pkey primary key (organization_id, id),
  constraint usage_logs_feature_period_key unique (organization_id, feature_key, period_start),
  constraint usage_logs_feature_key_check check (
    feature_key in ('max_leads', 'max_projects', 'max_campaigns', 'max_users', 'ai_calls_per_month')),
  constraint usage_logs_period_check check (period_start <= period_end),
  constraint usage_logs_usage_count_check check (usage_count >= 0)
) with (fillfactor = 50);
comment on column public.usage_logs.period_start is
  'First day of the month for metered features; 2000-01-01 to 9999-12-31 for counted ones.';

-- inventory/projects.sql

create table public.projects (
  organization_id      uuid not null,
  id                   uuid not null default gen_random_uuid(),
  name                 text not null,
  description          text not null default '',
  project_type         text not null default 'residential',
  status               text not null default 'under_construction',
  address              text,
  locality             text,
  city                 text,
  state                text,
  pincode              text,
  rera_number          text,
  possession_date      date,
  completion_date      date,
  amenities            text[] not null default '{}',
  image_url            text,
  image_path           text,
  image_alt            text,
  is_published         boolean not null default false,
  public_slug          text,
  enquiry_consent_text text,
  archived_at          timestamptz,
  version              integer not null default 1,
  created_by           uuid,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  constraint projects_pkey primary key (organization_id, id),
  constraint projects_name_check check (length(btrim(name)) between 1 and 160),
  constraint projects_description_check check (length(description) <= 10000),
  constraint projects_project_type_check check (project_type in ('residential', 'commercial', 'mixed_use', 'plotted')),
  constraint projects_status_check
    check (status in ('planning', 'under_construction', 'ready_to_move', 'completed')),
  constraint projects_pincode_check check (pincode ~ '^[1-9][0-9]{5}$'),
  constraint projects_public_slug_check check (public_slug ~ '^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$'),
  -- An image is either a stored file or an address elsewhere.
  constraint projects_image_check check (image_url is null or image_path is null),
  -- A published page needs an address, and an enquiry needs the sentence that the person consents to.
  constraint projects_published_check
    check (not is_published or (public_slug is not null and btrim(enquiry_consent_text) <> ''))
);
comment on column public.projects.enquiry_consent_text is
  'What a person agrees to on the enquiry page; copied into the contact as proof of consent.';

-- inventory/properties.sql

create table public.properties (
  organization_id   uuid not null,
  id                uuid not null default gen_random_uuid(),
  project_id        uuid not null,
  title             text not null,
  description       text not null default '',
  type              text not null,
  status            text not null default 'available',
  price             numeric(14,2),
  price_undisclosed boolean not null default false,
  public_price      numeric(14,2) generated always as (case when price_undisclosed then null else price end) stored,
  size_sqft         numeric(12,2),
  bedrooms          smallint,
  bathrooms         smallint,
  configuration     text,
  tower             text,
  floor             smallint,
  unit_number       text,
  facing            text,
  address           text,
  amenities         text[] not null default '{}',
  archived_at       timestamptz,
  version           integer not null default 1,
  created_by        uuid,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  constraint properties_pkey primary key (organization_id, id),
  constraint properties_title_check check (length(btrim(title)) between 1 and 200),
  constraint properties_description_check check (length(description) <= 10000),
  constraint properties_type_check check (type in ('apartment', 'villa', 'plot', 'commercial')),
  constraint properties_status_check check (status in ('available', 'reserved', 'sold', 'rented')),
  constraint properties_price_check check (price >= 0),
  constraint properties_size_sqft_check check (size_sqft > 0),
  constraint properties_bedrooms_check check (bedrooms between 0 and 50),
  constraint properties_bathrooms_check check (bathrooms between 0 and 50),
  constraint properties_floor_check check (floor between -10 and 200),
  constraint properties_facing_check check (facing in
    ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')),
  -- A plot has no rooms.
  constraint properties_plot_check check (type <> 'plot' or (bedrooms is null and bathrooms is null))
);
comment on column public.properties.price is 'Rupees. Null: on request.';
comment on column public.properties.public_price is 'The price where it may be told: for public pages and the calling agent.';
comment on column public.properties.configuration is 'As buyers say it: "3 BHK".';

-- inventory/property_features.sql

create table public.property_features (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  property_id     uuid not null,
  feature_name    text not null,
  created_at      timestamptz not null default now(),
  constraint property_features_pkey primary key (organization_id, id),
  constraint property_features_feature_name_check check (length(btrim(feature_name)) between 1 and 80)
);

-- inventory/property_images.sql

create table public.property_images (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  property_id     uuid not null,
  url             text,
  path            text,
  alt             text not null default '',
  is_featured     boolean not null default false,
  order_index     integer not null default 0,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint property_images_pkey primary key (organization_id, id),
  -- Either a stored file (path) or an address elsewhere (url).
  constraint property_images_source_check check ((url is null) <> (path is null)),
  constraint property_images_url_check check (url ~ '^https?://' and length(url) <= 2000),
  constraint property_images_alt_check check (length(alt) <= 300),
  constraint property_images_order_index_check check (order_index >= 0)
);

-- crm/accept_leads.sql

-- One row on its way in.
create type private.arriving_lead as (
  ordinal      integer,
  line         integer,
  external_key text,
  project_id   uuid,
  stage_id     uuid,
  phone        text,
  email        text,
  person_key   text,     -- what tells one person of the batch from another: number, else address
  contact_id   uuid,
  lead_id      uuid,
  is_new       boolean,  -- the lead takes room in the plan: it is to be made, or back from the archive; in the end: it was made
  is_first     boolean,  -- of its lead's rows in this batch
  recorded     boolean,  -- known from an earlier batch, or twice in this one: changes nothing
  verdict      text,
  column_name  text,
  reason       text,
  data         jsonb
);

-- What a row may say about person and lead.
create type private.arriving_fields as (
  name             text,
  further_phones   text[],
  language         text,
  time_zone        text,
  consent_status   text,
  consent_source   text,
  consent_at       timestamptz,
  consent_text     text,
  whatsapp_opt_in  boolean,
  source           text,
  source_detail    text,
  external_id      text,
  interest         text,
  budget_min       numeric,
  budget_max       numeric,
  configuration    text[],
  location         text,
  timeline         text,
  purpose          text,
  notes            text,
  custom_fields    jsonb,
  callback_at      timestamptz,
  assigned_to      uuid,
  message          text,
  occurred_at      timestamptz
);

-- crm/contacts.sql

create table public.contacts (
  organization_id    uuid not null,
  id                 uuid not null default gen_random_uuid(),
  name               text,
  phone              text,
  phone_reversed     text collate "C" generated always as (reverse(ltrim(phone, '+'))) stored,
  further_phones     text[] not null default '{}',
  email              text,
  language           text,
  time_zone          text,
  consent_status     text not null default 'unknown',
  consent_source     text,
  consent_at         timestamptz,
  consent_text       text,
  do_not_call        boolean not null default false,
  do_not_call_reason text,
  do_not_call_at     timestamptz,
  whatsapp_opt_in    boolean not null default false,
  search             tsvector generated always as (
    array_to_tsvector(array['org' || organization_id::text])
    || to_tsvector('simple', coalesce(name, '') || ' ' || translate(coalesce(email, ''), '@._-+', '     '))) stored,
  version            integer not null default 1,
  created_by         uuid,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  constraint contacts_pkey primary key (organization_id, id),
  constraint contacts_name_check check (length(btrim(name)) between 1 and 160),
  -- E.164, as the phone library writes it.
  constraint contacts_phone_check check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  constraint contacts_further_phones_check check (array_to_string(further_phones, ',') ~ '^(\+[1-9][0-9]{6,14}(,|$))*$'
    and cardinality(further_phones) <= 10),
  constraint contacts_email_check check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 254),
  -- Without either nobody can be reached, nor told from anybody else.
  constraint contacts_reachable_check check (phone is not null or email is not null),
  constraint contacts_language_check check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint contacts_consent_status_check check (consent_status in ('unknown', 'granted', 'denied', 'withdrawn')),
  -- Consent is worth what can be shown of it: when and through what.
  constraint contacts_consent_check check (consent_status <> 'granted' or (consent_at is not null and consent_source is not null)),
  constraint contacts_do_not_call_check check (not do_not_call or do_not_call_at is not null)
);
comment on column public.contacts.search is
  'Holds the organisation as a word, so that the index looks at one tenant''s entries only.';

-- crm/lead_activities.sql

create table public.lead_activities (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  lead_id         uuid not null,
  type            text not null,
  content         jsonb not null default '{}',
  call_id         uuid,
  external_key    text,
  created_by      uuid,
  created_at      timestamptz not null default now(),
  constraint lead_activities_pkey primary key (organization_id, id),
  constraint lead_activities_type_check
    check (type in ('enquiry', 'note', 'call', 'email', 'message', 'visit', 'assignment', 'system')),
  constraint lead_activities_content_check check (jsonb_typeof(content) = 'object'),
  constraint lead_activities_external_key_check check (length(external_key) between 1 and 200)
);
comment on column public.lead_activities.call_id is 'call_logs.id; no reference, because a call is evidence and outlives the lead.';
comment on column public.lead_activities.external_key is
  'What arrived from outside, by a key of its own (portal and its id, digest of a file''s row): it counts once.';

-- crm/lead_import_rows.sql

create table public.lead_import_rows (
  organization_id uuid not null,
  import_id       uuid not null,
  line            integer not null,
  verdict         text not null,
  column_name     text,
  reason          text,
  raw             jsonb,
  lead_id         uuid,
  constraint lead_import_rows_pkey primary key (organization_id, import_id, line),
  constraint lead_import_rows_line_check check (line >= 1),
  constraint lead_import_rows_verdict_check check (verdict in ('created', 'merged', 'rejected')),
  constraint lead_import_rows_lead_id_check check ((verdict = 'rejected') = (lead_id is null)),
  constraint lead_import_rows_reason_check check ((verdict = 'rejected') = (reason is not null))
);
comment on column public.lead_import_rows.line is 'The line that an editor shows, or the sheet''s row.';

-- crm/lead_imports.sql

create table public.lead_imports (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  project_id      uuid not null,
  file_name       text not null,
  file_key        text not null,
  file_digest     text not null,
  mapping         jsonb,
  status          text not null default 'received',
  total_rows      integer,
  created_count   integer not null default 0,
  merged_count    integer not null default 0,
  rejected_count  integer not null default 0,
  over_quota      integer not null default 0,
  error           text,
  started_at      timestamptz,
  finished_at     timestamptz,
  created_by      uuid,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint lead_imports_pkey primary key (organization_id, id),
  constraint lead_imports_file_name_check check (length(file_name) between 1 and 255),
  constraint lead_imports_file_digest_check check (file_digest ~ '^[0-9a-f]{64}$'),
  constraint lead_imports_mapping_check check (jsonb_typeof(mapping) = 'object'),
  constraint lead_imports_status_check check (status in ('received', 'reading', 'writing', 'done', 'failed')),
  constraint lead_imports_counts_check
    check (total_rows >= 0 and created_count >= 0 and merged_count >= 0 and rejected_count >= 0
           and over_quota between 0 and rejected_count),
  -- Every row of a finished file is accounted for.
  constraint lead_imports_done_check
    check (status <> 'done' or (total_rows is not null and finished_at is not null
                                and created_count + merged_count + rejected_count = total_rows)),
  constraint lead_imports_error_check check ((status = 'failed') = (error is not null))
);
comment on column public.lead_imports.file_digest is 'SHA-256 of the file, in hexadecimal.';
comment on column public.lead_imports.over_quota is 'Of the rejected rows, those that the plan had no room for.';

-- crm/lead_stage_transitions.sql

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

-- crm/leads.sql

create table public.leads (
  organization_id   uuid not null,
  id                uuid not null default gen_random_uuid(),
  contact_id        uuid not null,
  project_id        uuid not null,
  stage_id          uuid not null,
  stage_entered_at  timestamptz not null default now(),
  assigned_to       uuid,
  source            text not null default 'manual',
  source_detail     text,
  external_id       text,
  touches           integer not null default 1,
  last_touch_at     timestamptz not null default now(),
  call_status       text,
  last_call_id      uuid,
  last_contacted_at timestamptz,
  callback_at       timestamptz,
  abuse_flag        boolean not null default false,
  abuse_details     text,
  rejection_reason  text,
  score             smallint not null default 0,
  score_reasons     jsonb not null default '[]',
  interest          text,
  budget_min        numeric(14,2),
  budget_max        numeric(14,2),
  value             numeric(14,2) generated always as (coalesce(budget_max, budget_min)) stored,
  configuration     text[] not null default '{}',
  location          text,
  timeline          text,
  purpose           text,
  notes             text,
  custom_fields     jsonb not null default '{}',
  search            tsvector generated always as (
    array_to_tsvector(array['org' || organization_id::text])
    || to_tsvector('simple', coalesce(notes, '') || ' ' || coalesce(location, '') || ' ' || coalesce(source_detail, '')
                             || ' ' || coalesce(external_id, ''))) stored,
  archived_at       timestamptz,
  version           integer not null default 1,
  created_by        uuid,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  constraint leads_pkey primary key (organization_id, id),
  constraint leads_contact_project_key unique (organization_id, contact_id, project_id),
  constraint leads_source_check check (source ~ '^[a-z0-9][a-z0-9_]{0,39}$'),
  constraint leads_touches_check check (touches >= 1),
  -- The outcomes of a call; what the last one was.
  constraint leads_call_status_check check (call_status in
    ('in_progress', 'completed', 'transferred', 'no_answer', 'busy', 'failed', 'voicemail', 'rejected', 'cancelled')),
  constraint leads_abuse_check check (abuse_flag or abuse_details is null),
  constraint leads_score_check check (score between 0 and 100),
  constraint leads_score_reasons_check check (jsonb_typeof(score_reasons) = 'array'),
  constraint leads_interest_check check (interest in ('high', 'medium', 'low', 'none')),
  constraint leads_budget_min_check check (budget_min >= 0),
  constraint leads_budget_max_check check (budget_max >= 0),
  constraint leads_budget_check check (budget_min <= budget_max),
  constraint leads_notes_check check (length(notes) <= 10000),
  constraint leads_custom_fields_check check (jsonb_typeof(custom_fields) = 'object')
);
comment on column public.leads.value is 'What the board sums, in rupees: the most that the person would pay, as far as it is known.';
comment on column public.leads.touches is 'How often the person asked for this project.';
comment on column public.leads.call_status is 'Outcome of the last call.';
comment on column public.leads.last_call_id is 'call_logs.id; no reference, because a call is evidence and outlives the lead.';

-- crm/pipeline_stage_templates.sql

create table public.pipeline_stage_templates (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  pipeline_id     uuid not null,
  key             text not null,
  name            text not null,
  kind            text not null default 'open',
  color           text not null default '#cbd5e1',
  order_index     integer not null,
  stale_days      integer,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint pipeline_stage_templates_pkey primary key (organization_id, id),
  constraint pipeline_stage_templates_key_check check (key ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint pipeline_stage_templates_name_check check (length(btrim(name)) between 1 and 60),
  constraint pipeline_stage_templates_kind_check check (kind in ('open', 'won', 'lost')),
  constraint pipeline_stage_templates_color_check check (color ~ '^#[0-9a-f]{6}$'),
  constraint pipeline_stage_templates_order_index_check check (order_index >= 0),
  constraint pipeline_stage_templates_stale_days_check check (stale_days > 0)
);

-- crm/pipeline_stages.sql

create table public.pipeline_stages (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  project_id      uuid not null,
  pipeline_id     uuid not null,
  template_key    text,
  name            text not null,
  kind            text not null default 'open',
  color           text not null default '#cbd5e1',
  order_index     integer not null,
  position        integer not null generated always as (order_index) stored,
  stale_days      integer,
  archived_at     timestamptz,
  version         integer not null default 1,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint pipeline_stages_pkey primary key (organization_id, id),
  constraint pipeline_stages_name_check check (length(btrim(name)) between 1 and 60),
  constraint pipeline_stages_kind_check check (kind in ('open', 'won', 'lost')),
  constraint pipeline_stages_color_check check (color ~ '^#[0-9a-f]{6}$'),
  constraint pipeline_stages_order_index_check check (order_index >= 0),
  constraint pipeline_stages_stale_days_check check (stale_days > 0),
  -- What leads refer to: a stage of their own project, never of another.
  constraint pipeline_stages_project_key unique (organization_id, project_id, id)
);

-- crm/pipelines.sql

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

-- calling/call_logs.sql

create table public.call_logs (
  organization_id   uuid not null,
  id                uuid not null default gen_random_uuid(),
  idempotency_key   text not null,
  queue_id          uuid,
  campaign_id       uuid,
  lead_id           uuid,
  project_id        uuid,
  attempt           smallint not null default 1,
  carrier           text not null,
  call_sid          text,
  request_uuid      text,
  direction         text not null default 'outbound',
  caller_number     text not null,
  callee_number     text not null,
  status            text not null default 'created',
  outcome           text,
  created_at        timestamptz not null default now(),
  answered_at       timestamptz,
  ended_at          timestamptz,
  duration          integer,
  billed_seconds    integer,
  cost              numeric(14,2),
  recording_url     text,
  recording_seconds integer,
  conversation_transcript text,
  ai_analysis       jsonb,
  transferred       boolean not null default false,
  disconnect_reason text,
  disconnect_notes  text,
  proof             jsonb not null,
  finished_at       timestamptz,
  reconciled_at     timestamptz,
  updated_at        timestamptz not null default now(),
  constraint call_logs_pkey primary key (organization_id, id),
  -- One row per attempt: a crash between writing and dialling cannot make two.
  constraint call_logs_idempotency_key unique (organization_id, idempotency_key),
  constraint call_logs_call_sid_key unique (organization_id, call_sid),
  constraint call_logs_carrier_check check (carrier in ('simulated', 'plivo')),
  constraint call_logs_direction_check check (direction in ('outbound', 'inbound')),
  constraint call_logs_caller_number_check check (caller_number ~ '^\+[1-9][0-9]{6,14}$'),
  constraint call_logs_callee_number_check check (callee_number ~ '^\+[1-9][0-9]{6,14}$'),
  constraint call_logs_status_check check (status in ('created', 'dialling', 'ringing', 'in_progress', 'completed',
    'busy', 'no_answer', 'rejected', 'voicemail', 'failed', 'cancelled')),
  constraint call_logs_outcome_check check (outcome in ('answered', 'callback', 'voicemail', 'busy', 'no_answer',
    'rejected', 'failed', 'invalid_number', 'cancelled', 'do_not_call', 'not_placed')),
  constraint call_logs_finished_check check ((finished_at is null) = (outcome is null)),
  constraint call_logs_attempt_check check (attempt >= 1),
  constraint call_logs_seconds_check check (duration >= 0 and billed_seconds >= 0 and recording_seconds >= 0),
  constraint call_logs_cost_check check (cost >= 0),
  constraint call_logs_ended_at_check check (ended_at >= answered_at),
  constraint call_logs_ai_analysis_check check (jsonb_typeof(ai_analysis) = 'object'),
  constraint call_logs_proof_check check (jsonb_typeof(proof) = 'object')
) with (fillfactor = 85);
comment on column public.call_logs.proof is
  'Why the call was allowed: window rule, legal hours in force, lead''s zone and local time, consent and its source.';
comment on column public.call_logs.duration is 'Seconds from answer to end, by the carrier.';
comment on column public.call_logs.cost is 'Rupees, as the carrier bills it.';

-- Call ids of the carrier (both the request''s and the call''s), which arrive without a tenant.
create table private.call_sids (
  call_sid        text not null,
  organization_id uuid not null,
  call_log_id     uuid not null,
  constraint call_sids_pkey primary key (call_sid)
);

-- calling/call_queue.sql

create table public.call_queue (
  organization_id  uuid not null,
  id               uuid not null default gen_random_uuid(),
  campaign_id      uuid not null,
  lead_id          uuid not null,
  status           text not null default 'queued',
  priority         smallint not null default 3,
  attempt_count    smallint not null default 0,
  max_attempts     smallint not null default 3,
  next_retry_at    timestamptz not null default now(),
  lease_owner      text,
  lease_expires_at timestamptz,
  quota_taken_on   date,
  last_outcome     text,
  last_error       text,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  constraint call_queue_pkey primary key (organization_id, id),
  -- A lead is called once per campaign, however often it is enrolled.
  constraint call_queue_campaign_lead_key unique (organization_id, campaign_id, lead_id),
  constraint call_queue_status_check check (status in ('queued', 'processing', 'completed', 'failed')),
  -- 1 a callback that the person asked for, 2 a fresh enquiry, 3 everyone else.
  constraint call_queue_priority_check check (priority between 1 and 3),
  constraint call_queue_attempts_check check (attempt_count between 0 and max_attempts),
  constraint call_queue_max_attempts_check check (max_attempts between 1 and 20),
  constraint call_queue_lease_check check (
    (status = 'processing') = (lease_owner is not null) and (lease_owner is null) = (lease_expires_at is null)),
  constraint call_queue_quota_check check (status = 'processing' or quota_taken_on is null),
  constraint call_queue_last_outcome_check check (last_outcome in (
    'answered', 'callback', 'voicemail', 'busy', 'no_answer', 'rejected', 'failed', 'invalid_number', 'cancelled',
    'do_not_call', 'not_placed', 'not_eligible'))
) with (fillfactor = 85);
comment on column public.call_queue.next_retry_at is 'Not before this instant.';
comment on column public.call_queue.quota_taken_on is 'Day on which the claim took one AI call from the quota; null when it was given back.';

-- Tenants with something to call: the dialler's first look, so that one with 300,000 due rows costs a small
-- one nothing. next_due_at is null when nothing waits, and never later than the truth.
create table private.call_tenants (
  organization_id uuid not null,
  next_due_at     timestamptz,
  last_served_at  timestamptz not null default '-infinity',
  held_up         boolean not null default false,
  constraint call_tenants_pkey primary key (organization_id)
) with (fillfactor = 50);

comment on column private.call_tenants.held_up is
  'Something is due but a limit stood in the way: the end of a call is worth another look.';

-- How many calls a campaign has started in the running minute.
create table private.campaign_pace (
  organization_id uuid not null,
  campaign_id     uuid not null,
  minute          timestamptz not null,
  started         integer not null,
  constraint campaign_pace_pkey primary key (organization_id, campaign_id)
) with (fillfactor = 50);

-- calling/call_utterances.sql

create table public.call_utterances (
  organization_id uuid not null,
  call_log_id     uuid not null,
  seq             integer not null,
  speaker         text not null,
  text            text not null,
  ms_from         integer not null,
  ms_to           integer not null,
  interrupted     boolean not null default false,
  constraint call_utterances_pkey primary key (organization_id, call_log_id, seq),
  constraint call_utterances_speaker_check check (speaker in ('agent', 'lead')),
  constraint call_utterances_seq_check check (seq >= 0),
  constraint call_utterances_text_check check (length(text) between 1 and 8000),
  constraint call_utterances_ms_check check (ms_from >= 0 and ms_to >= ms_from)
);
comment on column public.call_utterances.ms_from is 'Milliseconds after the answer.';
comment on column public.call_utterances.interrupted is 'The other side spoke over it: what was planned beyond is not in the text.';

-- calling/campaign_leads.sql

create table public.campaign_leads (
  organization_id uuid not null,
  campaign_id     uuid not null,
  lead_id         uuid not null,
  verdict         text not null,
  reason          text,
  decided_at      timestamptz not null default now(),
  constraint campaign_leads_pkey primary key (organization_id, campaign_id, lead_id),
  constraint campaign_leads_verdict_check check (verdict in ('enrolled', 'left_out')),
  -- The codes of rules/eligibility.py.
  constraint campaign_leads_reason_check check (
    (verdict = 'left_out') = (reason is not null)
    and reason in ('archived', 'project_archived', 'wrong_project', 'stage_won', 'stage_lost', 'do_not_call',
                   'no_number', 'invalid_number', 'no_consent', 'abusive', 'attempts_exhausted', 'frequency_cap',
                   'already_called', 'same_number', 'not_in_audience'))
);

-- calling/campaigns.sql

create table public.campaigns (
  organization_id  uuid not null,
  id               uuid not null default gen_random_uuid(),
  project_id       uuid not null,
  name             text not null,
  description      text not null default '',
  status           text not null default 'draft',
  always_on        boolean not null default false,
  audience         jsonb not null default '{}',
  script           jsonb not null default '{}',
  language         text not null default 'en-IN',
  voice            text not null default 'default',
  time_zone        text not null default 'Asia/Kolkata',
  start_date       date,
  end_date         date,
  time_start       time,
  time_end         time,
  max_attempts     smallint not null default 3,
  calls_per_minute smallint not null default 30,
  max_concurrent   smallint not null default 10,
  budget_amount    numeric(14,2),
  spent_amount     numeric(14,2) not null default 0,
  pause_reason     text,
  started_at       timestamptz,
  ended_at         timestamptz,
  archived_at      timestamptz,
  version          integer not null default 1,
  created_by       uuid,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  constraint campaigns_pkey primary key (organization_id, id),
  constraint campaigns_name_check check (length(btrim(name)) between 1 and 160),
  constraint campaigns_description_check check (length(description) <= 10000),
  constraint campaigns_status_check
    check (status in ('draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled', 'failed')),
  constraint campaigns_audience_check check (jsonb_typeof(audience) = 'object'),
  constraint campaigns_script_check check (jsonb_typeof(script) = 'object'),
  constraint campaigns_language_check check (language ~ '^[a-z]{2}(-[A-Z]{2})?$'),
  constraint campaigns_dates_check check (start_date <= end_date),
  -- Hours of one day, or none of its own (then only the legal ones hold).
  constraint campaigns_times_check check ((time_start is null) = (time_end is null) and time_start < time_end),
  constraint campaigns_max_attempts_check check (max_attempts between 1 and 10),
  constraint campaigns_calls_per_minute_check check (calls_per_minute between 1 and 6000),
  constraint campaigns_max_concurrent_check check (max_concurrent between 1 and 500),
  constraint campaigns_budget_amount_check check (budget_amount >= 0),
  constraint campaigns_spent_amount_check check (spent_amount >= 0),
  constraint campaigns_pause_reason_check check (
    pause_reason in ('person', 'quota', 'budget', 'project_archived', 'carrier')
    and (pause_reason is null or status in ('paused', 'failed'))),
  constraint campaigns_archived_check
    check (archived_at is null or status in ('draft', 'completed', 'cancelled', 'failed'))
);
comment on column public.campaigns.time_zone is 'In which the dates and hours are meant.';
comment on column public.campaigns.always_on is 'A lead that arrives and matches the audience is enrolled; never completes by itself.';
comment on column public.campaigns.spent_amount is 'Rupees that finished calls have cost.';


-- references ------------------------------------------------------------------------------------------

-- identity/members.sql

alter table public.members add constraint members_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.members add constraint members_team_id_fkey
  foreign key (organization_id, team_id) references public.teams (organization_id, id);
create index members_team_id_idx on public.members (organization_id, team_id);

-- identity/organizations.sql

alter table private.slugs add constraint slugs_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create index slugs_organization_id_idx on private.slugs (organization_id);

-- identity/profiles.sql

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

-- identity/roles.sql

alter table public.roles add constraint roles_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index roles_name_idx on public.roles (organization_id, lower(name));

-- identity/sessions.sql

alter table private.sessions add constraint sessions_person_id_fkey
  foreign key (person_id) references auth.users (id) on delete cascade;
alter table private.refresh_tokens add constraint refresh_tokens_session_id_fkey
  foreign key (session_id) references private.sessions (id) on delete cascade;
create unique index sessions_token_digest_idx on private.sessions (token_digest);
create index sessions_person_id_idx on private.sessions (person_id);
create index refresh_tokens_session_id_idx on private.refresh_tokens (session_id);
create index rate_limits_window_start_idx on private.rate_limits (window_start);

-- identity/teams.sql

alter table public.teams add constraint teams_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index teams_name_idx on public.teams (organization_id, lower(name));

-- system/audit_logs.sql

alter table public.audit_values add constraint audit_values_audit_id_fkey
  foreign key (organization_id, audit_id) references public.audit_logs (organization_id, id);
create unique index audit_logs_seq_idx on public.audit_logs (organization_id, seq);
create index audit_logs_created_at_idx on public.audit_logs (organization_id, created_at);
create index audit_logs_entity_idx on public.audit_logs (organization_id, entity_type, entity_id);

-- system/idempotency_keys.sql

alter table public.idempotency_keys add constraint idempotency_keys_person_id_fkey
  foreign key (organization_id, person_id) references public.members (organization_id, id) on delete cascade;
create index idempotency_keys_created_at_idx on public.idempotency_keys (created_at);

-- system/impersonation_sessions.sql

create index impersonation_sessions_admin_idx
  on public.impersonation_sessions (admin_id, target_user_id) where ended_at is null;
create index impersonation_sessions_organization_id_idx
  on public.impersonation_sessions (organization_id, created_at);

-- system/inbox.sql

alter table public.inbox add constraint inbox_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index inbox_external_id_idx on public.inbox (organization_id, source, external_id);
create index inbox_waiting_idx on public.inbox (next_attempt_at) where status = 'accepted';

-- system/outbox.sql

alter table public.outbox add constraint outbox_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table private.event_counters add constraint event_counters_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index outbox_seq_idx on public.outbox (organization_id, seq) where seq is not null;
create index outbox_unpublished_idx on public.outbox (id) where seq is null;
create index outbox_published_at_idx on public.outbox (published_at) where seq is not null;

-- system/websocket_sessions.sql

alter table public.websocket_sessions add constraint websocket_sessions_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.websocket_sessions add constraint websocket_sessions_user_id_fkey
  foreign key (organization_id, user_id) references public.members (organization_id, id) on delete cascade;
create index websocket_sessions_user_id_idx on public.websocket_sessions (organization_id, user_id);
create unique index websocket_sessions_connection_id_idx on public.websocket_sessions (organization_id, connection_id);
create index websocket_sessions_process_id_idx on public.websocket_sessions (process_id);
create index websocket_sessions_last_ping_at_idx on public.websocket_sessions (last_ping_at);

-- billing/invoices.sql

-- A period is billed once, however often the billing run runs.
create unique index invoices_period_idx on public.invoices (organization_id, subscription_id, period_start)
  where status <> 'void';
create index invoices_due_date_idx on public.invoices (due_date) where status = 'open';

-- billing/payment_methods.sql

alter table public.payment_methods add constraint payment_methods_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index payment_methods_default_idx on public.payment_methods (organization_id) where is_default;
create unique index payment_methods_gateway_idx
  on public.payment_methods (organization_id, gateway, gateway_payment_method_id)
  where gateway_payment_method_id is not null;

-- billing/subscriptions.sql

alter table public.subscriptions add constraint subscriptions_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.subscriptions add constraint subscriptions_plan_id_fkey
  foreign key (plan_id) references public.subscription_plans (id);
create index subscriptions_plan_id_idx on public.subscriptions (plan_id);
-- The billing run asks for what is due, over all organisations.
create index subscriptions_period_end_idx on public.subscriptions (current_period_end) where status <> 'cancelled';

-- billing/usage_logs.sql

alter table public.usage_logs add constraint usage_logs_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create index idx_usage_logs_org_period on public.usage_logs (organization_id, period_start, period_end);

-- inventory/projects.sql

alter table public.projects add constraint projects_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.projects add constraint projects_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index projects_created_by_idx on public.projects (organization_id, created_by);
-- An archived project gives its name free, not its address: links that were handed out keep meaning one thing.
create unique index projects_name_idx on public.projects (organization_id, lower(name)) where archived_at is null;
create unique index projects_public_slug_idx on public.projects (organization_id, public_slug);

-- inventory/properties.sql

alter table public.properties add constraint properties_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.properties add constraint properties_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id);
alter table public.properties add constraint properties_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
-- The inventory page: a project's properties by status; the agent's search: what is available up to a price.
create index properties_project_id_idx on public.properties (organization_id, project_id, status, price);
create index properties_created_by_idx on public.properties (organization_id, created_by);
-- Towers of a project may both have a flat 101.
create unique index properties_unit_number_idx on public.properties
  (organization_id, project_id, lower(coalesce(tower, '')), lower(unit_number))
  where unit_number is not null and archived_at is null;

-- inventory/property_features.sql

alter table public.property_features add constraint property_features_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.property_features add constraint property_features_property_id_fkey
  foreign key (organization_id, property_id) references public.properties (organization_id, id) on delete cascade;
create unique index property_features_feature_name_idx on public.property_features
  (organization_id, property_id, lower(feature_name));

-- inventory/property_images.sql

alter table public.property_images add constraint property_images_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.property_images add constraint property_images_property_id_fkey
  foreign key (organization_id, property_id) references public.properties (organization_id, id) on delete cascade;
create index property_images_property_id_idx on public.property_images (organization_id, property_id, order_index);
create unique index property_images_featured_idx on public.property_images (organization_id, property_id)
  where is_featured;

-- crm/contacts.sql

alter table public.contacts add constraint contacts_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.contacts add constraint contacts_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index contacts_created_by_idx on public.contacts (organization_id, created_by);
create unique index contacts_phone_idx on public.contacts (organization_id, phone) where phone is not null;
create unique index contacts_email_only_idx on public.contacts (organization_id, lower(email)) where phone is null;
create index contacts_email_idx on public.contacts (organization_id, lower(email)) where email is not null;
-- "ends with 43210" is a range over reversed digits.
create index contacts_phone_reversed_idx on public.contacts (organization_id, phone_reversed) where phone_reversed is not null;
create index contacts_further_phones_idx on public.contacts using gin (further_phones) where further_phones <> '{}';
create index contacts_search_idx on public.contacts using gin (search);

-- crm/lead_activities.sql

alter table public.lead_activities add constraint lead_activities_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.lead_activities add constraint lead_activities_lead_id_fkey
  foreign key (organization_id, lead_id) references public.leads (organization_id, id) on delete cascade;
alter table public.lead_activities add constraint lead_activities_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index lead_activities_lead_id_idx on public.lead_activities (organization_id, lead_id, created_at desc);
create index lead_activities_created_by_idx on public.lead_activities (organization_id, created_by);
create unique index lead_activities_external_key_idx on public.lead_activities (organization_id, external_key)
  where external_key is not null;

-- crm/lead_import_rows.sql

alter table public.lead_import_rows add constraint lead_import_rows_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.lead_import_rows add constraint lead_import_rows_import_id_fkey
  foreign key (organization_id, import_id) references public.lead_imports (organization_id, id) on delete cascade;
-- A deleted lead takes its trace along; the import's counts stay.
alter table public.lead_import_rows add constraint lead_import_rows_lead_id_fkey
  foreign key (organization_id, lead_id) references public.leads (organization_id, id) on delete cascade;
create index lead_import_rows_lead_id_idx on public.lead_import_rows (organization_id, lead_id);
create index lead_import_rows_rejected_idx on public.lead_import_rows (organization_id, import_id, line)
  where verdict = 'rejected';

-- crm/lead_imports.sql

alter table public.lead_imports add constraint lead_imports_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.lead_imports add constraint lead_imports_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id) on delete cascade;
alter table public.lead_imports add constraint lead_imports_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index lead_imports_project_id_idx on public.lead_imports (organization_id, project_id);
create index lead_imports_created_by_idx on public.lead_imports (organization_id, created_by);
create index lead_imports_created_at_idx on public.lead_imports (organization_id, created_at desc);

-- crm/lead_stage_transitions.sql

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

-- crm/leads.sql

alter table public.leads add constraint leads_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.leads add constraint leads_contact_id_fkey
  foreign key (organization_id, contact_id) references public.contacts (organization_id, id) on delete cascade;
alter table public.leads add constraint leads_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id);
alter table public.leads add constraint leads_stage_id_fkey
  foreign key (organization_id, project_id, stage_id) references public.pipeline_stages (organization_id, project_id, id);
alter table public.leads add constraint leads_assigned_to_fkey
  foreign key (organization_id, assigned_to) references public.members (organization_id, id);
alter table public.leads add constraint leads_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
-- The board: counts and sums of each stage from the index alone, the first cards of each by score.
create index leads_board_idx on public.leads (organization_id, project_id, stage_id, score desc, id)
  include (value, assigned_to, archived_at);
-- The list, newest first; and a person's own.
create index leads_created_at_idx on public.leads (organization_id, created_at desc, id desc);
create index leads_assigned_to_idx on public.leads (organization_id, assigned_to, created_at desc, id desc);
create index leads_created_by_idx on public.leads (organization_id, created_by);
create index leads_search_idx on public.leads using gin (search);

-- crm/pipeline_stage_templates.sql

alter table public.pipeline_stage_templates add constraint pipeline_stage_templates_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.pipeline_stage_templates add constraint pipeline_stage_templates_pipeline_id_fkey
  foreign key (organization_id, pipeline_id) references public.pipelines (organization_id, id) on delete cascade;
create unique index pipeline_stage_templates_key_idx on public.pipeline_stage_templates (organization_id, pipeline_id, key);

-- crm/pipeline_stages.sql

alter table public.pipeline_stages add constraint pipeline_stages_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.pipeline_stages add constraint pipeline_stages_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id) on delete cascade;
alter table public.pipeline_stages add constraint pipeline_stages_pipeline_id_fkey
  foreign key (organization_id, pipeline_id) references public.pipelines (organization_id, id);
create index pipeline_stages_pipeline_id_idx on public.pipeline_stages (organization_id, pipeline_id);
create index pipeline_stages_order_idx on public.pipeline_stages (organization_id, project_id, order_index);
create unique index pipeline_stages_template_key_idx on public.pipeline_stages (organization_id, project_id, template_key)
  where template_key is not null;

-- crm/pipelines.sql

alter table public.pipelines add constraint pipelines_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index pipelines_name_idx on public.pipelines (organization_id, lower(name));
create unique index pipelines_default_idx on public.pipelines (organization_id) where is_default;

-- calling/call_logs.sql

alter table private.call_sids add constraint call_sids_call_log_id_fkey
  foreign key (organization_id, call_log_id) references public.call_logs (organization_id, id) on delete cascade;
create index call_sids_call_log_id_idx on private.call_sids (organization_id, call_log_id);
-- The history page: the organisation's calls, newest first.
create index idx_call_logs_organization_id on public.call_logs (organization_id, created_at desc, id);
create index call_logs_lead_idx on public.call_logs (organization_id, lead_id, created_at desc);
create index call_logs_campaign_idx on public.call_logs (organization_id, campaign_id, created_at desc);
-- Frequency caps and evidence are per number.
create index call_logs_callee_idx on public.call_logs (organization_id, callee_number, created_at desc);
create index call_logs_unfinished_idx on public.call_logs (organization_id, queue_id) where finished_at is null;

-- calling/call_queue.sql

alter table public.call_queue add constraint call_queue_campaign_id_fkey
  foreign key (organization_id, campaign_id) references public.campaigns (organization_id, id) on delete cascade;
alter table public.call_queue add constraint call_queue_lead_id_fkey
  foreign key (organization_id, lead_id) references public.leads (organization_id, id) on delete cascade;
alter table private.call_tenants add constraint call_tenants_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table private.campaign_pace add constraint campaign_pace_campaign_id_fkey
  foreign key (organization_id, campaign_id) references public.campaigns (organization_id, id) on delete cascade;
create index call_queue_lead_id_idx on public.call_queue (organization_id, lead_id);
-- The poll asks per tenant, running campaign and priority for the longest due: a range of this index each,
-- so that rows of paused campaigns and rows that are not due yet are never read.
create index idx_call_queue_poll on public.call_queue (organization_id, campaign_id, priority, next_retry_at)
  where status = 'queued';
-- What is in progress, for limits and lapsed leases; never more rows than calls at one moment.
create index call_queue_processing_idx on public.call_queue (organization_id, campaign_id, lease_expires_at)
  where status = 'processing';
create index call_tenants_turn_idx on private.call_tenants (last_served_at) where next_due_at is not null;

-- calling/call_utterances.sql

alter table public.call_utterances add constraint call_utterances_call_log_id_fkey
  foreign key (organization_id, call_log_id) references public.call_logs (organization_id, id) on delete cascade;

-- calling/campaign_leads.sql

alter table public.campaign_leads add constraint campaign_leads_campaign_id_fkey
  foreign key (organization_id, campaign_id) references public.campaigns (organization_id, id) on delete cascade;
alter table public.campaign_leads add constraint campaign_leads_lead_id_fkey
  foreign key (organization_id, lead_id) references public.leads (organization_id, id) on delete cascade;
create index campaign_leads_lead_id_idx on public.campaign_leads (organization_id, lead_id);

-- calling/campaigns.sql

alter table public.campaigns add constraint campaigns_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.campaigns add constraint campaigns_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id) on delete cascade;
alter table public.campaigns add constraint campaigns_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index campaigns_project_id_idx on public.campaigns (organization_id, project_id);
create index campaigns_created_by_idx on public.campaigns (organization_id, created_by);
-- What the dialler and the campaign keeper ask for; a handful of rows per organisation.
create index campaigns_live_idx on public.campaigns (organization_id, status) where status in ('scheduled', 'running', 'paused');


-- functions -------------------------------------------------------------------------------------------

-- identity/members.sql

-- A team may be deleted while people are in it: they are then in none.
create function private.empty_team() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.members set team_id = null where organization_id = old.organization_id and team_id = old.id;
  return old;
end $$;

-- identity/memberships.sql

-- Everything an organisation is born with, in the same transaction, whoever makes the row: roles, pipeline,
-- subscription, first project with its stages.
create function private.organization_is_born() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.roles (organization_id, name, description, permissions, is_system_default) values
    (new.id, 'Sales Manager', 'All leads, campaigns and the team',
     '["project.view","project.create","project.edit","property.view","property.create","property.edit",
       "lead.view","lead.view_numbers","lead.create","lead.edit","lead.delete","lead.assign","lead.import",
       "lead.export","pipeline.edit","campaign.view","campaign.create","campaign.edit","campaign.run",
       "call.view","call.listen","team.view","settings.view"]', true),
    (new.id, 'Sales Executive', 'The own leads, their calls and the inventory',
     '["project.view","property.view","lead.view_own","lead.view_numbers","lead.create","lead.edit",
       "campaign.view","call.view"]', true);
  perform private.birth_subscription(new.id);
  perform private.birth_pipeline(new.id);
  insert into public.projects (organization_id, name) values (new.id, 'General enquiries');
  return null;
end $$;

-- The profile of an account whose trigger failed or was skipped.
create function private.ensure_profile(person uuid) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.profiles (id, email, full_name)
    select u.id, u.email, left(coalesce(u.raw_user_meta_data ->> 'full_name', ''), 120)
      from auth.users u where u.id = person
    on conflict (id) do nothing;
end $$;

-- A new organisation with the asking person as owner. `first_project` names the project that it starts with.
-- One person, one organisation at a time: a second is refused with that sentence (VQ007).
create function private.create_organization(
    organization_name text, first_project text default null, details jsonb default '{}') returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  person uuid := private.person_id();
  new_id uuid;
begin
  if person is null or private.claims() ? 'act' then
    raise exception 'Sign in as yourself to create an organisation.' using errcode = 'VQ005';
  end if;
  perform private.ensure_profile(person);
  -- the lock makes two clicks on "create" one organisation
  perform 1 from public.profiles p where p.id = person and p.organization_id is null
    and p.system_role <> 'platform_admin' for update;
  if not found then
    raise exception 'You already belong to an organisation. Leave it before you create another one.'
      using errcode = 'VQ007';
  end if;
  insert into public.organizations (name, slug, company_name, gstin, address_line_1, address_line_2, city, state,
                                    pincode, contact_number, onboarding_status)
  values (btrim(organization_name), private.free_slug(organization_name),
          nullif(btrim(details ->> 'company_name'), ''), nullif(btrim(details ->> 'gstin'), ''),
          nullif(btrim(details ->> 'address_line_1'), ''), nullif(btrim(details ->> 'address_line_2'), ''),
          nullif(btrim(details ->> 'city'), ''), nullif(btrim(details ->> 'state'), ''),
          nullif(btrim(details ->> 'pincode'), ''), nullif(btrim(details ->> 'contact_number'), ''), 'completed')
  returning id into new_id;
  if btrim(first_project) <> '' then
    update public.projects set name = btrim(first_project) where organization_id = new_id;
  end if;
  perform private.seat_member(new_id, person, 'owner', null);
  return new_id;
end $$;

-- Puts a person into an organisation: membership row first, then the profile that points at it. Unchecked;
-- called by the functions here and by the operator's commands.
create function private.seat_member(organization uuid, person uuid, new_system_role text, new_role uuid)
  returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.members (organization_id, id, display_name)
    select organization, p.id, coalesce(nullif(btrim(p.full_name), ''), nullif(split_part(p.email, '@', 1), ''), 'Member')
      from public.profiles p where p.id = person
    on conflict (organization_id, id) do update set left_at = null, joined_at = now();
  update public.profiles set organization_id = organization, system_role = new_system_role, role_id = new_role
   where id = person and organization_id is null;
  if not found then
    raise exception 'This person already belongs to an organisation, and can belong to one at a time.'
      using errcode = 'VQ007';
  end if;
end $$;

-- What the asker may do to people: team.manage, and only an owner touches owners and admins.
create function private.check_may_manage(target uuid, target_role text) returns uuid
  language plpgsql stable security definer set search_path = '' as $$
declare
  organization uuid := private.org_id();
  current_role_of_target text;
begin
  if organization is null or not private.has_permission('team.manage') then
    raise exception 'Managing people needs the permission team.manage.' using errcode = 'VQ005';
  end if;
  select p.system_role into current_role_of_target
    from public.profiles p where p.id = target and p.organization_id = organization;
  if (target_role in ('owner', 'admin') or current_role_of_target in ('owner', 'admin'))
     and private.system_role() <> 'owner' then
    raise exception 'Only an owner can make, change or remove an owner or admin.' using errcode = 'VQ005';
  end if;
  return organization;
end $$;

-- Changes what a colleague is. Nobody changes the own role.
create function private.change_member(person uuid, new_system_role text, new_role uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid := private.check_may_manage(person, new_system_role);
  missing text;
begin
  if person = private.person_id() then
    raise exception 'Nobody changes the own role. Ask another owner.' using errcode = 'VQ005';
  end if;
  if new_system_role is null or new_system_role not in ('owner', 'admin', 'member') then
    raise exception 'The system role is owner, admin or member.' using errcode = 'check_violation';
  end if;
  -- A role is handed out only by someone who holds all that it gives.
  select string_agg(p.key, ', ') into missing
    from public.roles r, jsonb_array_elements_text(r.permissions) p (key)
   where r.organization_id = organization and r.id = new_role and not private.has_permission(p.key);
  if missing is not null then
    raise exception 'You cannot give a role with permissions that you do not hold: %.', missing
      using errcode = 'VQ005';
  end if;
  update public.profiles set system_role = new_system_role, role_id = new_role
   where id = person and organization_id = organization;
  if not found then
    raise exception 'No such person in this organisation.' using errcode = 'no_data_found';
  end if;
end $$;

-- Ends a membership: a manager removes someone, or a person leaves.
create function private.remove_member(person uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid := private.org_id();
begin
  if private.claims() ? 'act' and person = private.person_id() then
    raise exception 'Support cannot leave an organisation for a person.' using errcode = 'VQ005';
  end if;
  if person <> private.person_id() then
    organization := private.check_may_manage(person, null);
  end if;
  update public.profiles set organization_id = null, role_id = null, system_role = 'member'
   where id = person and organization_id = organization;
  if not found then
    raise exception 'No such person in this organisation.' using errcode = 'no_data_found';
  end if;
end $$;

-- Deletes the own organisation with everything but evidence. The name has to be typed.
create function private.delete_organization(confirm_name text) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid := private.org_id();
begin
  if organization is null or private.system_role() <> 'owner' or private.claims() ? 'act' then
    raise exception 'Only an owner can delete the organisation.' using errcode = 'VQ005';
  end if;
  delete from public.organizations o where o.id = organization and o.name = confirm_name;
  if not found then
    raise exception 'Type the name of the organisation exactly to delete it.' using errcode = 'check_violation';
  end if;
end $$;

-- Which carrier dials for the organisation. Real calls need an admin and a verified caller id; a
-- demonstration stays simulated (constraint).
create function private.choose_carrier(new_carrier text) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if private.org_id() is null or private.system_role() not in ('owner', 'admin') then
    raise exception 'Only an owner or admin can choose the carrier.' using errcode = 'VQ005';
  end if;
  update public.organizations set carrier = new_carrier where id = private.org_id();
end $$;

-- identity/organizations.sql

-- Keeps the registry true whoever writes the slug, and says so when it is taken.
create function private.register_slug() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into private.slugs (slug, organization_id) values (new.slug, new.id)
    on conflict (slug) do nothing;
  if not exists (select 1 from private.slugs s where s.slug = new.slug and s.organization_id = new.id) then
    raise exception 'The address "%" is taken. Choose another one.', new.slug
      using errcode = 'unique_violation', column = 'slug';
  end if;
  return null;
end $$;

-- A free slug made from a name: "Shree Developers" -> shree-developers, shree-developers-2, ...
create function private.free_slug(name text) returns text
  language plpgsql stable security definer set search_path = '' as $$
declare
  base text := left(btrim(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), '-'), 40);
  candidate text;
  n integer := 1;
begin
  base := coalesce(nullif(btrim(base, '-'), ''), 'organisation');
  candidate := base;
  while exists (select 1 from private.slugs s where s.slug = candidate) loop
    n := n + 1;
    candidate := base || '-' || n;
  end loop;
  return candidate;
end $$;

-- Time zones are checked against what the server knows; a CHECK may not look things up.
create function private.check_time_zone() returns trigger
  language plpgsql stable set search_path = '' as $$
begin
  if not exists (select 1 from pg_catalog.pg_timezone_names z where z.name = new.time_zone) then
    raise exception 'Time zone "%" is not known. Use a name such as Asia/Kolkata.', new.time_zone
      using errcode = 'check_violation', column = 'time_zone';
  end if;
  return new;
end $$;

-- Before an organisation goes, its people lose their membership: profiles are global and stay.
create function private.release_people() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.profiles set organization_id = null, role_id = null, system_role = 'member'
    where organization_id = old.id;
  return old;
end $$;

-- identity/profiles.sql

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

-- identity/rights.sql

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

-- identity/roles.sql

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

-- identity/sessions.sql

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

-- system/audit_logs.sql

-- Who acts, as the audit tells it: {kind, id, name, act_id, act_name}.
create function private.actor() returns jsonb
  language plpgsql stable security definer set search_path = '' as $$
declare
  claims jsonb := private.claims();
  person uuid := private.claim_uuid(claims ->> 'sub');
  admin uuid := private.claim_uuid(claims -> 'act' ->> 'sub');
  asked_role text := coalesce(nullif(current_setting('role', true), 'none'), '');
begin
  if asked_role = 'vantage_worker' then
    return jsonb_build_object('kind', 'worker', 'name', coalesce(claims ->> 'job', 'Vantage worker'));
  elsif asked_role = 'anon' then
    return jsonb_build_object('kind', 'anonymous', 'name', 'Public page');
  elsif person is not null then
    return jsonb_build_object('kind', 'person', 'id', person,
      'name', coalesce((select coalesce(nullif(p.full_name, ''), p.email) from public.profiles p where p.id = person),
                       person::text),
      'act_id', admin,
      'act_name', (select coalesce(nullif(p.full_name, ''), p.email) from public.profiles p where p.id = admin));
  end if;
  return jsonb_build_object('kind', 'operator', 'name', session_user);
end $$;

-- Writes one audit row about an act that is no row change (sign-in, export, support mode). Returns its id.
create function private.write_audit(
    organization uuid, what text, about text, about_id uuid, details jsonb default '{}') returns uuid
  language plpgsql security definer set search_path = '' as $$
begin
  return private.write_audit_row(organization, what, about, about_id, 1, '{}', null, details);
end $$;

create function private.write_audit_row(
    organization uuid, what text, about text, about_id uuid, row_count integer, columns text[],
    digest bytea, details jsonb) returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  actor jsonb := private.actor();
  new_id uuid;
  new_seq bigint;
begin
  insert into public.audit_logs (organization_id, actor_kind, user_id, user_name, impersonator_user_id,
                                 impersonator_name, action, entity_type, entity_id, row_count, changed_columns,
                                 values_digest, request_id, client_address, metadata)
  values (organization, actor ->> 'kind', (actor ->> 'id')::uuid, actor ->> 'name', (actor ->> 'act_id')::uuid,
          actor ->> 'act_name', what, about, about_id, row_count, columns, digest,
          private.claims() ->> 'request_id', private.claims() ->> 'client', details)
  returning id, seq into new_id, new_seq;
  insert into private.audit_unsealed (organization_id, audit_id, seq) values (organization, new_id, new_seq);
  return new_id;
end $$;

-- The trigger behind private.attach_audit(): one audit row per statement and organisation, with the values
-- of up to 1,000 rows beside it. tg_argv names columns whose change is not worth a line (counters).
create function private.audit_statement() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  unheard text[] := array['updated_at', 'version'];
  changes jsonb;
  tenant record;
  entries jsonb;
  digest bytea;
  audit uuid;
begin
  for i in 0 .. tg_nargs - 1 loop
    unheard := unheard || tg_argv[i];
  end loop;
  if tg_op = 'INSERT' then
    select jsonb_agg(jsonb_build_object('after', to_jsonb(n))) into changes from audit_new n;
  elsif tg_op = 'DELETE' then
    select jsonb_agg(jsonb_build_object('before', to_jsonb(o))) into changes from audit_old o;
  else
    select jsonb_agg(jsonb_build_object(
             'before', (select jsonb_object_agg(k.key, b.j -> k.key) from unnest(c.keys) k (key)),
             'after', (select jsonb_object_agg(k.key, a.j -> k.key) from unnest(c.keys) k (key)),
             'row', a.j, 'columns', to_jsonb(c.keys), 'was', b.j -> 'organization_id'))
      into changes
      from (select to_jsonb(o) as j from audit_old o) b
      join (select to_jsonb(n) as j from audit_new n) a on a.j ->> 'id' = b.j ->> 'id'
      cross join lateral (
        select array_agg(e.key order by e.key) as keys from jsonb_each(a.j) e
         where e.value is distinct from b.j -> e.key and e.key <> all (unheard)) c
     where c.keys is not null;
  end if;
  if changes is null then
    return null;
  end if;
  for tenant in
    select private.claim_uuid(coalesce(
             case when tg_table_name = 'organizations' then coalesce(r.image ->> 'id') end,
             r.image ->> 'organization_id', r.change ->> 'was')) as organization_id,
           count(*) as row_count,
           case when count(*) = 1 then private.claim_uuid(min(r.image ->> 'id')) end as entity_id,
           jsonb_agg(r.change || jsonb_build_object('id', r.image ->> 'id')) as changes
      from (select c.value as change,
                   coalesce(c.value -> 'row', c.value -> 'after', c.value -> 'before') as image
              from jsonb_array_elements(changes) c) r
     group by 1
  loop
    if tenant.organization_id is null then
      insert into public.platform_audit_logs (actor_kind, user_id, user_name, action, entity_type, entity_id, row_count)
      select a ->> 'kind', (a ->> 'id')::uuid, a ->> 'name', tg_table_name || '.' || lower(tg_op), tg_table_name,
             tenant.entity_id, tenant.row_count
        from (select private.actor() as a) who;
      continue;
    end if;
    entries := null;
    digest := null;
    if tenant.row_count <= 1000 then
      select jsonb_agg(jsonb_build_object('id', c.value -> 'id', 'before', c.value -> 'before',
               'after', c.value -> 'after', 'salt', gen_random_uuid()) order by c.ordinality)
        into entries from jsonb_array_elements(tenant.changes) with ordinality c;
      digest := sha256(convert_to(entries::text, 'UTF8'));
    end if;
    audit := private.write_audit_row(
      tenant.organization_id, tg_table_name || '.' || lower(tg_op), tg_table_name, tenant.entity_id,
      tenant.row_count::integer,
      coalesce((select array_agg(distinct k.value order by k.value)
                  from jsonb_array_elements(tenant.changes) c, jsonb_array_elements_text(c.value -> 'columns') k), '{}'),
      digest,
      case when entries is null then '{"values": "not kept: more than 1,000 rows"}'::jsonb else '{}'::jsonb end);
    insert into public.audit_values (organization_id, audit_id, row_number, entity_id, salt, before, after)
      select tenant.organization_id, audit, e.ordinality, private.claim_uuid(e.value ->> 'id'),
             convert_to(e.value ->> 'salt', 'UTF8'), nullif(e.value -> 'before', 'null'), nullif(e.value -> 'after', 'null')
        from jsonb_array_elements(entries) with ordinality e;
  end loop;
  return null;
end $$;

-- Makes a table audited. Called in a table's triggers section:
--   select private.attach_audit('public.leads', 'score', 'touches');
create function private.attach_audit(audited regclass, variadic unheard text[] default '{}') returns void
  language plpgsql set search_path = '' as $$
declare
  arguments text := coalesce((select string_agg(quote_literal(u), ', ') from unnest(unheard) u), '');
begin
  execute format('create trigger audit_insert after insert on %s referencing new table as audit_new '
                 'for each statement execute function private.audit_statement(%s)', audited, arguments);
  execute format('create trigger audit_update after update on %s referencing old table as audit_old '
                 'new table as audit_new for each statement execute function private.audit_statement(%s)',
                 audited, arguments);
  execute format('create trigger audit_delete after delete on %s referencing old table as audit_old '
                 'for each statement execute function private.audit_statement(%s)', audited, arguments);
end $$;

-- Evidence is not rewritten, by nobody and with no right.
create function private.refuse_rewriting() returns trigger
  language plpgsql set search_path = '' as $$
begin
  raise exception '% is append-only: rows are never changed or deleted.', tg_table_name using errcode = 'VQ008';
end $$;

-- The text of an audit row that its seal covers. Columns that later releases add are not part of it.
create function private.audit_row_text(organization uuid, audit uuid) returns text
  language sql stable set search_path = '' as $$
  select jsonb_build_array(a.id, a.seq, extract(epoch from a.created_at)::text, a.actor_kind, a.user_id, a.user_name,
           a.impersonator_user_id, a.impersonator_name, a.action, a.entity_type, a.entity_id, a.row_count,
           a.changed_columns, encode(a.values_digest, 'hex'), a.request_id, a.client_address, a.metadata)::text
    from public.audit_logs a where a.organization_id = organization and a.id = audit
$$;

-- Seals up to `batch` waiting rows, one seal per organisation. Returns how many rows. For vantage_worker.
create function private.seal_audit(batch integer) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  tenant record;
  last record;
  sealed bigint := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('vantage.audit_seal', 0)) then
    return 0;
  end if;
  for tenant in
    with taken as (
      delete from private.audit_unsealed u
       using (select w.organization_id, w.audit_id from private.audit_unsealed w order by w.seq limit batch) w
       where u.organization_id = w.organization_id and u.audit_id = w.audit_id
      returning u.organization_id, u.audit_id, u.seq)
    select t.organization_id, array_agg(t.audit_id order by t.seq) as ids from taken t group by t.organization_id
  loop
    select s.number, s.digest into last from public.audit_seals s
     where s.organization_id = tenant.organization_id order by s.number desc limit 1;
    insert into public.audit_seals (organization_id, number, audit_ids, previous_digest, digest)
    values (tenant.organization_id, coalesce(last.number, 0) + 1, tenant.ids, coalesce(last.digest, ''::bytea),
            private.seal_digest(tenant.organization_id, tenant.ids, coalesce(last.digest, ''::bytea)));
    sealed := sealed + cardinality(tenant.ids);
  end loop;
  return sealed;
end $$;

create function private.seal_digest(organization uuid, ids uuid[], previous bytea) returns bytea
  language sql stable set search_path = '' as $$
  select sha256(previous || convert_to(string_agg(private.audit_row_text(organization, i.id), E'\n' order by i.n), 'UTF8'))
    from unnest(ids) with ordinality i (id, n)
$$;

-- The first seal of an organisation that no longer fits its rows, or null when the chain holds.
create function private.broken_seal(organization uuid) returns bigint
  language sql stable security definer set search_path = '' as $$
  select min(s.number)
    from (select a.number, a.audit_ids, a.digest, a.previous_digest,
                 lag(a.digest, 1, ''::bytea) over (order by a.number) as before
            from public.audit_seals a where a.organization_id = organization) s
   where s.previous_digest <> s.before
      or s.digest is distinct from private.seal_digest(organization, s.audit_ids, s.previous_digest)
$$;

-- system/idempotency_keys.sql

-- Forgets answers older than a day. For vantage_worker.
create function private.sweep_idempotency_keys() returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  n bigint;
begin
  delete from public.idempotency_keys k where k.created_at < now() - interval '1 day';
  get diagnostics n = row_count;
  return n;
end $$;

-- system/impersonation_sessions.sql

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

-- system/inbox.sql

-- Organisations that have something waiting, the longest-waiting first. For vantage_worker.
create function private.organizations_with_inbox(most integer) returns setof uuid
  language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select i.organization_id from public.inbox i
     where i.status = 'accepted' and i.next_attempt_at <= now()
     group by i.organization_id order by min(i.next_attempt_at) limit most;
end $$;

-- Tells the workers that something waits, whoever wrote it.
create function private.announce_inbox() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  perform private.emit(new.organization_id, 'inbox.accepted', new.id, jsonb_build_object('source', new.source));
  return null;
end $$;

-- system/outbox.sql

-- Records an event in the running transaction. Triggers call it, so that a write from psql or Supabase is
-- seen like one of ours.
create function private.emit(organization uuid, event_topic text, event_key uuid, event_payload jsonb default '{}')
  returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
  values (organization, event_topic, event_key, event_payload);
end $$;

-- Numbers up to `batch` unpublished events and returns what each organisation has now. Runs under an
-- advisory lock: a second relay gets nothing. For vantage_worker (looks across tenants).
create function private.publish_outbox(batch integer)
  returns table (organization_id uuid, id bigint, seq bigint, topic text, key uuid, payload jsonb)
  language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  if not pg_try_advisory_xact_lock(hashtextextended('vantage.outbox', 0)) then
    return;
  end if;
  return query
  with due as (
    select o.organization_id, o.id,
           row_number() over (partition by o.organization_id order by o.id) as n
      from (select u.organization_id, u.id from public.outbox u where u.seq is null
             order by u.id limit batch) o
  ), counted as (
    select d.organization_id, count(*) as n from due d group by d.organization_id
  ), counters as (
    insert into private.event_counters as c (organization_id, last_seq)
      select k.organization_id, k.n from counted k order by k.organization_id
    on conflict (organization_id) do update set last_seq = c.last_seq + excluded.last_seq
    returning c.organization_id, c.last_seq
  )
  update public.outbox o
     set seq = c.last_seq - k.n + d.n, published_at = now()
    from due d
    join counted k on k.organization_id = d.organization_id
    join counters c on c.organization_id = d.organization_id
   where o.organization_id = d.organization_id and o.id = d.id
  returning o.organization_id, o.id, o.seq, o.topic, o.key, o.payload;
end $$;

-- Deletes events that every reader has had time to see; a reader further behind reloads.
create function private.sweep_outbox(keep interval) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  n bigint;
begin
  delete from public.outbox o where o.seq is not null and o.published_at < now() - keep;
  get diagnostics n = row_count;
  return n;
end $$;

-- system/websocket_sessions.sql

-- Renews every socket of a web process and returns those whose person has left the organisation or whose
-- organisation is suspended: the process closes them. For vantage_worker.
create function private.heartbeat_websockets(process uuid) returns setof text
  language plpgsql security definer set search_path = '' as $$
begin
  return query
    with renewed as (
      update public.websocket_sessions w set last_ping_at = now()
       where w.process_id = process returning w.organization_id, w.user_id, w.connection_id)
    select r.connection_id from renewed r
     where not exists (select 1 from public.profiles p
                         join public.organizations o on o.id = p.organization_id and o.status <> 'suspended'
                        where p.id = r.user_id and p.organization_id = r.organization_id);
end $$;

-- Removes the sockets of processes that stopped renewing them. For vantage_worker.
create function private.sweep_websockets(silent interval) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  n bigint;
begin
  delete from public.websocket_sessions w where w.last_ping_at < now() - silent;
  get diagnostics n = row_count;
  return n;
end $$;

-- billing/billing_run.sql

-- Draws up and issues the invoice for one period of a subscription; null when the plan costs nothing or the
-- period is billed already. 18 % GST: half CGST and half SGST inside the seller's state, IGST elsewhere,
-- none from a seller who is not registered.
create function private.issue_invoice(organization uuid, from_instant timestamptz, to_instant timestamptz,
                                      instant timestamptz) returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  bill record;
  seller private.seller;
  supply text;
  rate numeric(5,2);
  tax numeric(14,2);
  half numeric(14,2);
  invoice uuid;
begin
  select s.id as subscription_id, p.name, p.currency, s.billing_cycle,
         case s.billing_cycle when 'yearly' then p.price_yearly else p.price_monthly end as price, o as org
    into bill
    from public.subscriptions s
    join public.subscription_plans p on p.id = s.plan_id
    join public.organizations o on o.id = s.organization_id
   where s.organization_id = organization;
  if not found or bill.price = 0 then
    return null;
  end if;
  select s.* into seller from private.seller s;
  supply := coalesce(private.gst_state_code((bill.org).gstin, (bill.org).state), seller.state_code);
  rate := case when seller.gstin is null then 0 else seller.tax_rate end;
  -- the halves are rounded each, as they stand on the invoice; the sum is theirs
  half := case when supply = seller.state_code then round(bill.price * rate / 200, 2) else 0 end;
  tax := case when supply = seller.state_code then 0 else round(bill.price * rate / 100, 2) end;
  insert into public.invoices (organization_id, subscription_id, status, period_start, period_end, currency, subtotal,
                               tax_rate, cgst, sgst, igst, amount, place_of_supply, lines, seller, buyer, issued_at)
  values (organization, bill.subscription_id, 'draft', from_instant, to_instant, bill.currency, bill.price, rate,
          half, half, tax, bill.price + 2 * half + tax, supply,
          jsonb_build_array(jsonb_build_object(
            'description', format('Quinite Vantage %s, %s', bill.name, bill.billing_cycle),
            'sac', seller.sac, 'quantity', 1, 'unit_price', bill.price::text, 'amount', bill.price::text)),
          jsonb_build_object('name', seller.legal_name, 'gstin', seller.gstin, 'state_code', seller.state_code,
                             'address', seller.address),
          jsonb_build_object('name', coalesce((bill.org).company_name, (bill.org).name), 'gstin', (bill.org).gstin,
                             'state_code', supply,
                             'address', concat_ws(', ', (bill.org).address_line_1, (bill.org).address_line_2,
                                                  (bill.org).city, (bill.org).state, (bill.org).pincode)),
          null)
  on conflict (organization_id, subscription_id, period_start) where status <> 'void' do nothing
  returning id into invoice;
  if invoice is not null then
    update public.invoices i set status = 'open', issued_at = instant
     where i.organization_id = organization and i.id = invoice;
  end if;
  return invoice;
end $$;

-- Everything that is due at `instant`, over all organisations; says how many of each. For vantage_worker.
create function private.run_billing(instant timestamptz)
  returns table (trials_ended integer, renewed integer, invoices_issued integer, past_due integer, cancelled integer)
  language plpgsql security definer set search_path = '' as $$
declare
  due record;
  period_start timestamptz;
  period_end timestamptz;
  today date := (instant at time zone 'Asia/Kolkata')::date;
  n integer;
begin
  trials_ended := 0; renewed := 0; invoices_issued := 0; past_due := 0; cancelled := 0;
  perform pg_advisory_xact_lock(hashtextextended('vantage.billing', 0));

  -- A trial ends in the Free plan. Nothing is billed.
  for due in select s.organization_id, s.trial_ends_at from public.subscriptions s
              where s.status = 'trialing' and s.trial_ends_at <= instant order by s.organization_id for update loop
    update public.subscriptions s
       set plan_id = p.id, status = 'active', billing_cycle = 'monthly', billing_anchor = due.trial_ends_at,
           current_period_start = due.trial_ends_at,
           current_period_end = private.period_end_after(due.trial_ends_at, due.trial_ends_at, 'monthly')
      from public.subscription_plans p where s.organization_id = due.organization_id and p.slug = 'free';
    trials_ended := trials_ended + 1;
  end loop;

  -- Whoever asked to stop stops with the paid period.
  update public.subscriptions s set status = 'cancelled', cancelled_at = s.current_period_end
   where s.status in ('active', 'past_due') and s.cancel_at_period_end and s.current_period_end <= instant;
  get diagnostics cancelled = row_count;

  -- Unpaid: reminded when an invoice is overdue, ended 15 days later.
  update public.subscriptions s set status = 'past_due'
   where s.status = 'active' and exists (select 1 from public.invoices i
          where i.organization_id = s.organization_id and i.status = 'open' and i.due_date < today);
  get diagnostics past_due = row_count;
  update public.subscriptions s
     set status = 'cancelled', cancelled_at = instant,
         current_period_end = greatest(s.current_period_start + interval '1 second',
                                       least(s.current_period_end, instant))
   where s.status = 'past_due' and exists (select 1 from public.invoices i
          where i.organization_id = s.organization_id and i.status = 'open' and i.due_date + 15 < today);
  get diagnostics n = row_count;
  cancelled := cancelled + n;

  -- The running period of whoever has not been billed for it: the first one on a plan.
  for due in select s.organization_id, s.current_period_start, s.current_period_end
               from public.subscriptions s
               join public.subscription_plans p on p.id = s.plan_id
              where s.status = 'active' and s.current_period_start <= instant
                and case s.billing_cycle when 'yearly' then p.price_yearly else p.price_monthly end > 0
                and not exists (select 1 from public.invoices i
                     where i.organization_id = s.organization_id and i.subscription_id = s.id
                       and i.period_start = s.current_period_start and i.status <> 'void')
              order by s.organization_id loop
    if private.issue_invoice(due.organization_id, due.current_period_start, due.current_period_end, instant) is not null then
      invoices_issued := invoices_issued + 1;
    end if;
  end loop;

  -- Renewal, billed in advance, period by period up to the present one: a run that was missed is made good.
  for due in select s.organization_id, s.billing_anchor, s.billing_cycle, s.current_period_end
               from public.subscriptions s
              where s.status = 'active' and s.current_period_end <= instant
              order by s.organization_id for update loop
    period_end := due.current_period_end;
    while period_end <= instant loop
      period_start := period_end;
      period_end := private.period_end_after(due.billing_anchor, period_start, due.billing_cycle);
      update public.subscriptions s set current_period_start = period_start, current_period_end = period_end
       where s.organization_id = due.organization_id;
      renewed := renewed + 1;
      if private.issue_invoice(due.organization_id, period_start, period_end, instant) is not null then
        invoices_issued := invoices_issued + 1;
      end if;
    end loop;
  end loop;
  return next;
end $$;

-- billing/invoices.sql

-- The guide's trigger: an invoice gets its number when it becomes open (INV-202601-00042).
create function public.set_invoice_number() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if new.invoice_number is not null and (tg_op = 'INSERT' or old.invoice_number is null) then
    raise exception 'An invoice number is given by the database when the invoice is issued; leave it empty.'
      using errcode = 'VQ008', column = 'invoice_number';
  end if;
  if new.status <> 'draft' and new.status <> 'void' and new.invoice_number is null then
    new.issued_at := coalesce(new.issued_at, now());
    new.invoice_date := (new.issued_at at time zone 'Asia/Kolkata')::date;
    new.due_date := coalesce(new.due_date, new.invoice_date + 15);
    new.invoice_number := private.next_invoice_number(new.organization_id, new.id, new.invoice_date);
  end if;
  return new;
end $$;

-- Takes the month's next number and registers it. Sixteen characters are what rule 46 of the CGST Rules
-- allows, so the series ends at 99999 a month.
create function private.next_invoice_number(organization uuid, invoice uuid, issued_on date) returns text
  language plpgsql security definer set search_path = '' as $$
declare
  n integer;
  given text;
begin
  insert into private.invoice_counters as c (month, last_number) values (date_trunc('month', issued_on)::date, 1)
    on conflict (month) do update set last_number = c.last_number + 1 where c.last_number < 99999
    returning c.last_number into n;
  if n is null then
    raise exception 'All 99,999 invoice numbers of % are used.', to_char(issued_on, 'YYYY-MM')
      using errcode = 'program_limit_exceeded', hint = 'Issue the remaining invoices next month.';
  end if;
  given := 'INV-' || to_char(issued_on, 'YYYYMM') || '-' || lpad(n::text, 5, '0');
  insert into private.invoice_numbers (invoice_number, organization_id, invoice_id)
    values (given, organization, invoice);
  return given;
end $$;

-- draft -> open | void, open -> paid | void | uncollectible, uncollectible -> paid | void; and nothing that
-- the invoice says changes once it is issued.
create function private.protect_invoice() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if tg_op <> 'UPDATE' then
    raise exception 'Invoices are kept; they are never deleted. Make it void instead.' using errcode = 'VQ008';
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
       ('draft', 'open'), ('draft', 'void'), ('open', 'paid'), ('open', 'void'), ('open', 'uncollectible'),
       ('uncollectible', 'paid'), ('uncollectible', 'void')) then
    raise exception 'An invoice that is % cannot become %.', old.status, new.status using errcode = 'VQ002';
  end if;
  if old.status <> 'draft'
     and (to_jsonb(new) - array['status', 'paid_at', 'gateway', 'gateway_payment_id', 'updated_at'])
         is distinct from
         (to_jsonb(old) - array['status', 'paid_at', 'gateway', 'gateway_payment_id', 'updated_at']) then
    raise exception 'Invoice % is issued and can no longer be changed. Void it and issue another one.',
      coalesce(old.invoice_number, old.id::text) using errcode = 'VQ008';
  end if;
  return new;
end $$;

-- Records that the gateway has been paid for an invoice: false when it is paid already (webhooks come
-- twice). Refuses another amount or currency than the invoice's. Brings a subscription that waited back.
create function private.settle_invoice(organization uuid, invoice uuid, paid_through text, payment_id text,
                                       paid_amount numeric, paid_currency text, instant timestamptz)
  returns boolean language plpgsql security definer set search_path = '' as $$
declare
  bill public.invoices;
begin
  select i.* into bill from public.invoices i where i.organization_id = organization and i.id = invoice for update;
  if not found then
    raise exception 'No such invoice.' using errcode = 'no_data_found';
  end if;
  if bill.status = 'paid' then
    return false;
  end if;
  if paid_amount is distinct from bill.amount or paid_currency is distinct from bill.currency then
    raise exception 'Payment of % % does not match invoice % over % %.', paid_amount, paid_currency,
      bill.invoice_number, bill.amount, bill.currency using errcode = 'check_violation';
  end if;
  update public.invoices i set status = 'paid', paid_at = instant, gateway = paid_through,
         gateway_payment_id = payment_id
   where i.organization_id = organization and i.id = invoice;
  update public.subscriptions s set status = 'active'
   where s.organization_id = organization and s.status = 'past_due'
     and not exists (select 1 from public.invoices i
                      where i.organization_id = organization and i.status = 'open'
                        and i.due_date < (instant at time zone 'Asia/Kolkata')::date);
  return true;
end $$;

-- billing/payment_methods.sql

-- Choosing a default takes it from the one before, and the first method is the default.
create function private.one_default_method() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' and not exists (select 1 from public.payment_methods m
                                       where m.organization_id = new.organization_id) then
    new.is_default := true;
  end if;
  if new.is_default then
    update public.payment_methods m set is_default = false
     where m.organization_id = new.organization_id and m.is_default and m.id <> new.id;
  end if;
  return new;
end $$;

-- billing/seller.sql

-- The GST state code of a buyer: the first two digits of the GSTIN, else from the state's name; null when
-- neither says (the place of supply of a service is then the seller's state: section 12(2)(b)(ii), IGST Act).
create function private.gst_state_code(gstin text, state text) returns text
  language sql immutable set search_path = '' as $$
  select coalesce(left(gstin, 2), (
    select code from (values
      ('01', 'jammu and kashmir'), ('02', 'himachal pradesh'), ('03', 'punjab'), ('04', 'chandigarh'),
      ('05', 'uttarakhand'), ('06', 'haryana'), ('07', 'delhi'), ('08', 'rajasthan'), ('09', 'uttar pradesh'),
      ('10', 'bihar'), ('11', 'sikkim'), ('12', 'arunachal pradesh'), ('13', 'nagaland'), ('14', 'manipur'),
      ('15', 'mizoram'), ('16', 'tripura'), ('17', 'meghalaya'), ('18', 'assam'), ('19', 'west bengal'),
      ('20', 'jharkhand'), ('21', 'odisha'), ('22', 'chhattisgarh'), ('23', 'madhya pradesh'), ('24', 'gujarat'),
      ('26', 'dadra and nagar haveli and daman and diu'), ('27', 'maharashtra'), ('29', 'karnataka'),
      ('30', 'goa'), ('31', 'lakshadweep'), ('32', 'kerala'), ('33', 'tamil nadu'), ('34', 'puducherry'),
      ('35', 'andaman and nicobar islands'), ('36', 'telangana'), ('37', 'andhra pradesh'), ('38', 'ladakh')
    ) as states (code, name)
    where name = replace(lower(btrim(state)), '&', 'and')))
$$;

-- billing/subscriptions.sql

-- The first end of a period after `instant`, counted from the anchor on the seller's calendar (Asia/Kolkata).
create function private.period_end_after(anchor timestamptz, instant timestamptz, cycle text)
  returns timestamptz language plpgsql immutable set search_path = '' as $$
declare
  start_local timestamp := anchor at time zone 'Asia/Kolkata';
  local timestamp := instant at time zone 'Asia/Kolkata';
  months integer := case cycle when 'yearly' then 12 else 1 end;
  n integer := greatest(0, ((extract(year from local) - extract(year from start_local)) * 12
                            + extract(month from local) - extract(month from start_local))::integer / months - 1);
begin
  while start_local + make_interval(months => n * months) <= local loop
    n := n + 1;
  end loop;
  return (start_local + make_interval(months => n * months)) at time zone 'Asia/Kolkata';
end $$;

-- The plan whose limits hold at that instant. A trial is its plan until it ends, also before the billing run
-- has noticed; a cancelled subscription is its plan to the end of the paid period; someone who has not paid
-- keeps the plan while reminders run (private.run_billing() then cancels). Everyone else is on Free.
create function private.plan_in_force(organization uuid, instant timestamptz default now())
  returns public.subscription_plans
  language plpgsql stable security definer set search_path = '' as $$
declare
  found_plan public.subscription_plans;
begin
  select p.* into found_plan
    from public.subscriptions s join public.subscription_plans p on p.id = s.plan_id
   where s.organization_id = organization
     and case s.status
           when 'trialing' then instant < s.trial_ends_at
           when 'cancelled' then instant < s.current_period_end
           else not (s.cancel_at_period_end and instant >= s.current_period_end) end;
  if not found then
    select p.* into found_plan from public.subscription_plans p where p.slug = 'free';
    if not found then
      raise exception 'No subscription plans are installed.'
        using errcode = 'VQ001', hint = 'Run database/seed.sql, or `vantage db seed`.';
    end if;
  end if;
  return found_plan;
end $$;

-- What every organisation starts with: 14 days of Pro.
create function private.birth_subscription(organization uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  trial_end timestamptz := now() + interval '14 days';
begin
  insert into public.subscriptions (organization_id, plan_id, status, billing_anchor,
                                    current_period_start, current_period_end, trial_ends_at)
    select organization, p.id, 'trialing', trial_end, now(), trial_end, trial_end
      from public.subscription_plans p where p.slug = 'pro'
    on conflict (organization_id) do nothing;
  if not found and not exists (select 1 from public.subscriptions s where s.organization_id = organization) then
    raise exception 'No subscription plans are installed, so no organisation can be created.'
      using errcode = 'no_data_found', hint = 'Run database/seed.sql, or `vantage db seed`.';
  end if;
end $$;

-- Puts an organisation on a plan from `instant` on, without a trial. For the operator (demo, platform); a
-- person's upgrade goes through payment first.
create function private.set_plan(organization uuid, plan_slug text, cycle text default 'monthly',
                                 instant timestamptz default now()) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  update public.subscriptions s
     set plan_id = p.id, status = 'active', billing_cycle = cycle, billing_anchor = instant,
         current_period_start = instant, current_period_end = private.period_end_after(instant, instant, cycle),
         cancel_at_period_end = false, cancelled_at = null
    from public.subscription_plans p
   where s.organization_id = organization and p.slug = plan_slug;
  if not found then
    raise exception 'No plan "%" or no subscription of organisation %.', plan_slug, organization
      using errcode = 'no_data_found';
  end if;
end $$;

-- Ends a subscription with its paid period, or takes that back. For those who hold billing.manage.
create function private.cancel_at_period_end(wanted boolean) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid := private.billing_org_id();
begin
  if organization is null or not private.has_permission('billing.manage') then
    raise exception 'Changing the subscription needs the permission billing.manage.' using errcode = 'VQ005';
  end if;
  update public.subscriptions s set cancel_at_period_end = wanted
   where s.organization_id = organization and s.status in ('active', 'past_due')
     and s.cancel_at_period_end is distinct from wanted;
end $$;

-- active, trialing, past_due and cancelled follow each other in these ways only; a trial happens once.
create function private.check_subscription_step() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if new.status <> old.status and (old.status, new.status) not in (
       ('trialing', 'active'), ('trialing', 'cancelled'), ('active', 'past_due'), ('active', 'cancelled'),
       ('past_due', 'active'), ('past_due', 'cancelled'), ('cancelled', 'active')) then
    raise exception 'A subscription that is % cannot become %.', old.status, new.status using errcode = 'VQ002';
  end if;
  return new;
end $$;

-- organizations.tier is a copy for those who only ask for the name of the plan.
create function private.tier_follows() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.organizations o set tier = (private.plan_in_force(new.organization_id)).slug
   where o.id = new.organization_id and o.tier <> (private.plan_in_force(new.organization_id)).slug;
  return null;
end $$;

-- billing/usage_logs.sql

-- The period that holds at `instant`: the organisation's month for a metered feature, all time for a counted one.
create function private.usage_period(organization uuid, feature text, instant timestamptz,
                                     out first_day date, out last_day date)
  language plpgsql stable security definer set search_path = '' as $$
begin
  if feature <> 'ai_calls_per_month' then
    first_day := date '2000-01-01';
    last_day := date '9999-12-31';
    return;
  end if;
  select date_trunc('month', instant at time zone o.time_zone)::date into first_day
    from public.organizations o where o.id = organization;
  last_day := (first_day + interval '1 month' - interval '1 day')::date;
end $$;

-- Locks the usage row for the rest of the transaction and says how much is used.
create function private.lock_usage(organization uuid, feature text, first_day date, last_day date) returns integer
  language plpgsql security definer set search_path = '' as $$
declare
  used integer;
begin
  select u.usage_count into used from public.usage_logs u
   where u.organization_id = organization and u.feature_key = feature and u.period_start = first_day for update;
  if not found then
    insert into public.usage_logs (organization_id, feature_key, period_start, period_end)
      values (organization, feature, first_day, last_day)
      on conflict on constraint usage_logs_feature_period_key do nothing;
    select u.usage_count into used from public.usage_logs u
     where u.organization_id = organization and u.feature_key = feature and u.period_start = first_day for update;
  end if;
  return used;
end $$;

-- Unchecked inside of reserve_quota(), for the functions that act for many organisations (the dialler's).
create function private.take_quota(organization uuid, feature text, n integer, instant timestamptz) returns integer
  language plpgsql security definer set search_path = '' as $$
declare
  span record;
  cap integer := ((private.plan_in_force(organization, instant)).features ->> feature)::integer;
  used integer;
  fits integer;
begin
  if cap is null then
    raise exception 'Unknown limit "%". The limits are the keys of subscription_plans.features.', feature
      using errcode = 'invalid_parameter_value';
  end if;
  select * into span from private.usage_period(organization, feature, instant);
  used := private.lock_usage(organization, feature, span.first_day, span.last_day);
  fits := case when cap = -1 then greatest(n, 0) else greatest(0, least(n, cap - used)) end;
  if fits > 0 and feature = 'ai_calls_per_month' then
    update public.usage_logs u set usage_count = used + fits
     where u.organization_id = organization and u.feature_key = feature and u.period_start = span.first_day;
  end if;
  return fits;
end $$;

-- How many of `n` fit, 0 to n (all of them where the plan is unlimited).
-- Counted features: nothing is added yet, but the room stays yours until the transaction ends, because the
-- usage row is locked: insert that many rows and the trigger counts them. Insert before you ask again.
-- Metered features: they are taken now; private.release_quota() gives back.
create function private.reserve_quota(organization uuid, feature text, n integer) returns integer
  language plpgsql security definer set search_path = '' as $$
begin
  perform private.check_own_organization(organization);
  return private.take_quota(organization, feature, n, now());
end $$;

-- Gives `n` of a metered feature back to the period in which they were taken (any day of it; default: today's).
create function private.release_quota(organization uuid, feature text, n integer, taken_on date default null)
  returns void language plpgsql security definer set search_path = '' as $$
begin
  perform private.check_own_organization(organization);
  perform private.give_back_quota(organization, feature, n, taken_on);
end $$;

create function private.give_back_quota(organization uuid, feature text, n integer, taken_on date default null)
  returns void language plpgsql security definer set search_path = '' as $$
declare
  span record;
begin
  select * into span from private.usage_period(organization, feature, now());
  update public.usage_logs u set usage_count = greatest(0, u.usage_count - n)
   where u.organization_id = organization and u.feature_key = feature
     and coalesce(taken_on, span.first_day) between u.period_start and u.period_end;
end $$;

-- A person or a job speaks for the own organisation only; the owner of the database, without claims, for any.
create function private.check_own_organization(organization uuid) returns void
  language plpgsql stable security definer set search_path = '' as $$
begin
  if current_setting('role', true) in ('authenticated', 'anon', 'vantage_worker')
     and organization is distinct from private.org_id() then
    raise exception 'This is not your organisation.' using errcode = 'VQ005';
  end if;
end $$;

-- What a limit allows and how much is used, for pages and messages. `quota_limit` and `remaining` are -1
-- where the plan is unlimited; `lifted_by` is the next plan that allows more, null when none does.
create function private.quota_state(organization uuid, feature text, instant timestamptz default now())
  returns table (feature_key text, plan_slug text, plan_name text, quota_limit integer, used integer,
                 remaining integer, period_start date, period_end date, lifted_by text)
  language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.check_own_organization(organization);
  return query select * from private.quota_state_of(organization, feature, instant);
end $$;

-- All five limits of the asker's own organisation, for the pages.
create function private.quotas()
  returns table (feature_key text, plan_slug text, plan_name text, quota_limit integer, used integer,
                 remaining integer, period_start date, period_end date, lifted_by text)
  language plpgsql stable security definer set search_path = '' as $$
declare
  organization uuid := private.billing_org_id();
begin
  if organization is null then
    return;
  end if;
  return query
    select s.* from unnest(array['max_leads', 'max_projects', 'max_campaigns', 'max_users', 'ai_calls_per_month']) f
     cross join lateral private.quota_state_of(organization, f, now()) s;
end $$;

-- The same, unchecked, for functions that act for many organisations.
create function private.quota_state_of(organization uuid, feature text, instant timestamptz)
  returns table (feature_key text, plan_slug text, plan_name text, quota_limit integer, used integer,
                 remaining integer, period_start date, period_end date, lifted_by text)
  language plpgsql stable security definer set search_path = '' as $$
declare
  plan public.subscription_plans := private.plan_in_force(organization, instant);
  cap integer := (plan.features ->> feature)::integer;
begin
  return query
    select feature, plan.slug, plan.name, cap, coalesce(u.usage_count, 0),
           case when cap = -1 then -1 else greatest(0, cap - coalesce(u.usage_count, 0)) end,
           span.first_day, span.last_day,
           (select p.name from public.subscription_plans p
             where p.is_active and cap <> -1
               and ((p.features ->> feature)::integer = -1 or (p.features ->> feature)::integer > cap)
             order by p.sort_order limit 1)
      from private.usage_period(organization, feature, instant) span
      left join public.usage_logs u on u.organization_id = organization and u.feature_key = feature
                                   and u.period_start = span.first_day;
end $$;

-- Adds `delta` to a counted limit; more than the plan allows is refused with the sentence that says so.
create function private.count_usage(organization uuid, feature text, delta integer) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  used integer;
  plan public.subscription_plans;
  cap integer;
  better text;
  noun text := case feature when 'max_leads' then 'leads' when 'max_projects' then 'projects'
                            when 'max_campaigns' then 'campaigns' else 'people' end;
begin
  if delta <= 0 then
    -- no row is made here: the organisation itself may be going
    update public.usage_logs u set usage_count = greatest(0, u.usage_count + delta)
     where delta < 0 and u.organization_id = organization and u.feature_key = feature
       and u.period_start = date '2000-01-01';
    return;
  end if;
  used := private.lock_usage(organization, feature, date '2000-01-01', date '9999-12-31');
  plan := private.plan_in_force(organization);
  cap := (plan.features ->> feature)::integer;
  if cap <> -1 and used + delta > cap then
    select p.name into better from public.subscription_plans p
     where p.is_active and ((p.features ->> feature)::integer = -1 or (p.features ->> feature)::integer > cap)
     order by p.sort_order limit 1;
    raise exception 'The % plan allows % %; % are in use, so % more cannot be added.', plan.name, cap, noun, used, delta
      using errcode = 'VQ001', table = 'usage_logs', column = feature,
        hint = case feature when 'max_users' then 'Remove people who have left'
                            else format('Archive %s that you no longer need', noun) end
               || coalesce(', or move to the ' || better || ' plan.', '.'),
        detail = jsonb_build_object('feature', feature, 'plan', plan.slug, 'limit', cap, 'used', used,
                                    'asked', delta, 'lifted_by', better)::text;
  end if;
  update public.usage_logs u set usage_count = used + delta
   where u.organization_id = organization and u.feature_key = feature and u.period_start = date '2000-01-01';
end $$;

-- Trigger on each counted table, once per statement (100,000 leads are one addition, not 100,000). The
-- argument is the limit. `fresh` and `gone` are the statement's new and old rows. Organisations in order of
-- id, so that two statements over several of them cannot wait for each other.
create function private.count_added_rows() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  change record;
begin
  for change in select r.organization_id, count(*)::integer as n from fresh r
                 where r.archived_at is null group by 1 order by 1 loop
    perform private.count_usage(change.organization_id, tg_argv[0], change.n);
  end loop;
  return null;
end $$;

create function private.count_removed_rows() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  change record;
begin
  for change in select r.organization_id, count(*)::integer as n from gone r
                 where r.archived_at is null group by 1 order by 1 loop
    perform private.count_usage(change.organization_id, tg_argv[0], -change.n);
  end loop;
  return null;
end $$;

create function private.count_archived_rows() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  change record;
begin
  for change in
    select k.organization_id, sum(k.n)::integer as n
      from (select r.organization_id, 1 as n from fresh r where r.archived_at is null
            union all
            select r.organization_id, -1 from gone r where r.archived_at is null) k
     group by 1 having sum(k.n) <> 0 order by 1 loop
    perform private.count_usage(change.organization_id, tg_argv[0], change.n);
  end loop;
  return null;
end $$;

-- People: members who have not left.
create function private.count_people() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid := case tg_op when 'DELETE' then old.organization_id else new.organization_id end;
  delta integer := case when tg_op <> 'DELETE' and new.left_at is null then 1 else 0 end
                 - case when tg_op <> 'INSERT' and old.left_at is null then 1 else 0 end;
begin
  perform private.count_usage(organization, 'max_users', delta);
  return null;
end $$;

-- inventory/project_inventory.sql

create view public.project_inventory with (security_invoker = true) as
  select p.organization_id, p.project_id,
         count(*) as properties,
         count(*) filter (where p.status = 'available') as available,
         count(*) filter (where p.status = 'reserved') as reserved,
         count(*) filter (where p.status = 'sold') as sold,
         count(*) filter (where p.status = 'rented') as rented,
         min(p.public_price) filter (where p.status = 'available') as min_price,
         max(p.public_price) filter (where p.status = 'available') as max_price,
         array_agg(distinct p.configuration) filter (where p.configuration is not null) as configurations
    from public.properties p
   where p.archived_at is null
   group by p.organization_id, p.project_id;

-- inventory/projects.sql

-- Who wrote the row, for `created_by`: the person, when a member of an organisation; null for a job.
create function private.author() returns uuid
  language plpgsql stable security definer set search_path = '' as $$
begin
  if private.org_id() is null then
    return null;
  end if;
  return private.person_id();
end $$;

-- A column whose change needs a permission of its own: tg_argv[0] the permission, tg_argv[1] what is being
-- done. Policies see a row before or after, never both, so a trigger asks. Invoker: functions of the schema
-- that clear a reference run as owner and are not asked.
create function private.require_permission() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if current_user = 'authenticated' and not private.has_permission(tg_argv[0]) then
    raise exception 'To % you need the permission %. Ask an owner or admin.', tg_argv[1], tg_argv[0]
      using errcode = 'VQ005';
  end if;
  return new;
end $$;

-- Whether an organisation may be seen by the public: a suspended one shows no page.
create function private.is_public(organization uuid) returns boolean
  language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select 1 from public.organizations o where o.id = organization and o.status <> 'suspended');
end $$;

-- The enquiry page's address: organisation slug and project slug to the published project. Null when none.
create function private.find_public_project(organization_slug text, project_slug text)
  returns table (organization_id uuid, project_id uuid, organization_name text)
  language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select p.organization_id, p.id, o.name
      from private.slugs s
      join public.organizations o on o.id = s.organization_id and o.slug = s.slug and o.status <> 'suspended'
      join public.projects p on p.organization_id = o.id and p.public_slug = find_public_project.project_slug
     where s.slug = find_public_project.organization_slug and p.is_published and p.archived_at is null;
end $$;

-- inventory/properties.sql

-- The steps that a property's status may take. Sold is left only through reserved: a sale that falls through
-- goes back to the reservation, and from there back to the market, so that no slip puts a sold flat on sale.
create function private.check_property_status() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if not (case old.status
       when 'available' then new.status in ('reserved', 'sold', 'rented')
       when 'reserved'  then new.status in ('available', 'sold', 'rented')
       when 'sold'      then new.status in ('reserved')
       when 'rented'    then new.status in ('available')
       else false end) then
    raise exception 'A property cannot go from % to %.', old.status, new.status
      using errcode = 'VQ002', column = 'status',
            hint = case old.status when 'sold' then 'Set it to reserved first if the sale fell through.'
                                   when 'rented' then 'Set it to available first.'
                                   else 'Choose available, reserved, sold or rented.' end;
  end if;
  return new;
end $$;

-- Tells open pages which property changed: status or price, the two that others wait for.
create function private.property_changed() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'property.updated', n.id, jsonb_build_object('project_id', n.project_id)
      from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id
     where (o.status, o.price, o.archived_at) is distinct from (n.status, n.price, n.archived_at);
  return null;
end $$;

-- crm/accept_leads.sql

-- Why a row found no room: limit, use, plan and the way out, in one sentence.
create function private.quota_reason(organization uuid, feature text) returns text
  language plpgsql stable security definer set search_path = '' as $$
declare
  state record;
begin
  select * into state from private.quota_state(organization, feature);
  return format('The %s plan allows %s leads and %s are in use. Archive leads that you no longer need%s.',
    state.plan_name, state.quota_limit, state.used, coalesce(', or move to the ' || state.lifted_by || ' plan', ''));
end $$;

-- Takes in rows, a JSON array of objects, into `default_project` or the project that a row names. Of each row:
--   line, external_key, project_id, phone (E.164), email, reject_column and reject_reason (refused by the reader),
--   raw (its cells, kept when rejected), and the columns of private.arriving_fields; budgets in rupees.
-- A row needs a valid number or a valid address. `import` names the lead_imports row: its rows are then recorded
-- and counted there, and rows that it already has are answered from there. external_key makes a delivery count
-- once, ever: again, it is merged and changes nothing. What a check of the tables refuses (an unknown interest, say)
-- fails the whole call: the reader validates, this function decides.
-- Returns the rows in their order: verdict created, merged or rejected, with column and reason.
-- Raises VQ005 without lead.create (lead.import for an import), VQ003 in a read-only organisation.
-- `limit 1` and `offset 0` keep each look-up on its index, whatever the statistics say while a first import fills
-- empty tables (measured: 100,000 rows took minutes without them).
-- Calls of one organisation run one after the other; what arrives from outside waits in the inbox meanwhile.
create function private.accept_leads(arriving jsonb, default_project uuid default null, import uuid default null)
  returns table (ordinal integer, line integer, external_key text, verdict text, column_name text, reason text,
                 lead_id uuid, contact_id uuid)
  language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  org uuid := private.org_id();
  person uuid := case when private.acting_role() = 'authenticated' then private.person_id() end;
  needed text := case when import is null then 'lead.create' else 'lead.import' end;
  may_assign boolean;
  batch private.arriving_lead[];
  wanted integer;
  room integer;
  refusal text;
begin
  if org is null or not private.has_permission(needed) then
    if exists (select 1 from public.organizations o where o.id = org and o.status = 'read_only') then
      raise exception 'This organisation is read-only. Renew the subscription to add leads.' using errcode = 'VQ003';
    end if;
    raise exception 'To add leads you need the permission %. Ask an owner or admin.', needed using errcode = 'VQ005';
  end if;
  may_assign := private.has_permission('lead.assign');
  if import is not null and not exists (
       select 1 from public.lead_imports i where i.organization_id = org and i.id = import) then
    raise exception 'No such import in this organisation.' using errcode = 'no_data_found';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('vantage.accept_leads.' || org::text, 0));

  -- Read, refuse what cannot be taken, recognise what is known.
  select array_agg(row(r.ordinal, r.line, r.external_key, r.project_id,
           r.stage_id, r.phone, r.email, null, a.contact_id,
           coalesce(d.lead_id, a.lead_id), false, false,
           d.verdict is not null or a.lead_id is not null or r.repeated,
           case when d.verdict is not null then d.verdict
                when a.lead_id is not null then 'merged'
                when r.column_name is not null then 'rejected' end,
           coalesce(d.column_name, case when a.lead_id is null then r.column_name end),
           coalesce(d.reason, case when a.lead_id is null then r.reason end),
           r.data)::private.arriving_lead order by r.ordinal)
    into batch
    from (
      select v.*,
             s.id as stage_id,
             v.external_key is not null
               and row_number() over (partition by v.external_key order by v.ordinal) > 1 as repeated,
             case when v.reject_reason is not null then coalesce(v.reject_column, 'row')
                  when p.id is null or s.id is null then 'project_id'
                  when v.phone is null and v.email is null then 'phone' end as column_name,
             case when v.reject_reason is not null then v.reject_reason
                  when v.project_id is null then 'No project is named.'
                  when p.id is null then 'This project does not exist or is archived.'
                  when s.id is null then 'This project has no open stage in which a lead could stand.'
                  when v.phone is null and v.email is null
                    then 'Neither a valid phone number nor a valid e-mail address.' end as reason
        from (
          select e.ordinality::integer as ordinal,
                 (e.value ->> 'line')::integer as line,
                 nullif(e.value ->> 'external_key', '') as external_key,
                 coalesce(private.claim_uuid(e.value ->> 'project_id'), default_project) as project_id,
                 case when e.value ->> 'phone' ~ '^\+[1-9][0-9]{6,14}$' then e.value ->> 'phone' end as phone,
                 case when e.value ->> 'email' ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(e.value ->> 'email') <= 254
                      then lower(e.value ->> 'email') end as email,
                 e.value ->> 'reject_column' as reject_column,
                 nullif(e.value ->> 'reject_reason', '') as reject_reason,
                 jsonb_strip_nulls(e.value - array['line', 'external_key', 'project_id', 'phone', 'email']) as data
            from jsonb_array_elements(arriving) with ordinality e) v
        left join public.projects p on p.organization_id = org and p.id = v.project_id and p.archived_at is null
        left join (
          select distinct on (t.project_id) t.project_id, t.id
            from public.pipeline_stages t
           where t.organization_id = org and t.kind = 'open' and t.archived_at is null
           order by t.project_id, t.order_index, t.created_at, t.id) s on s.project_id = v.project_id) r
    left join lateral (
      select i.verdict, i.column_name, i.reason, i.lead_id from public.lead_import_rows i
       where i.organization_id = org and i.import_id = import and i.line = r.line limit 1) d on true
    left join lateral (
      select k.lead_id, (select l.contact_id from public.leads l where l.organization_id = org and l.id = k.lead_id) as contact_id
        from public.lead_activities k
       where k.organization_id = org and k.external_key = r.external_key limit 1) a on true;
  if batch is null then
    return;
  end if;

  -- Who is it? By number, also a further one; by address where there is no number, or where the one known by
  -- address only turns up with a number. Within the batch an address stands for the number it came with.
  select array_agg(row(k.ordinal, k.line, k.external_key, k.project_id, k.stage_id, k.phone, k.email,
           coalesce(k.known::text, k.number, k.email), k.known, coalesce(l.id, k.lead_id),
           l.id is null or l.archived_at is not null,
           false, k.recorded, k.verdict, k.column_name, k.reason, k.data)::private.arriving_lead order by k.ordinal)
    into batch
    from (
      select n.*,
             case when n.verdict is null then coalesce(
               (select c.id from public.contacts c where c.organization_id = org and c.phone = n.number),
               (select f.id from (select c.id, c.organization_id, c.created_at from public.contacts c
                                   where c.further_phones @> array[n.number] and c.further_phones <> '{}' offset 0) f
                 where f.organization_id = org order by f.created_at, f.id limit 1),
               (select c.id from public.contacts c
                 where c.organization_id = org and lower(c.email) = n.email and (n.number is null or c.phone is null)
                 order by c.phone nulls first, c.created_at, c.id limit 1)) else n.contact_id end as known
        from (
          select b.*, coalesce(b.phone, first_value(case when b.verdict is null then b.phone end) over (
                   partition by b.email order by b.phone is null or b.verdict is not null, b.ordinal)) as number
            from unnest(batch) b) n offset 0) k
    left join lateral (
      select p.id, p.archived_at
        from (select h.id, h.archived_at, h.project_id from public.leads h
               where h.organization_id = org and h.contact_id = k.known offset 0) p
       where p.project_id = k.project_id and k.verdict is null limit 1) l on true;

  -- How many new leads does the plan have room for? Those that stand first in the batch.
  select count(distinct (b.person_key, b.project_id)) into wanted
    from unnest(batch) b where b.verdict is null and b.is_new;
  if wanted > 0 then
    room := private.reserve_quota(org, 'max_leads', wanted);
    if room < wanted then
      refusal := private.quota_reason(org, 'max_leads');
    end if;
  end if;
  select array_agg(row(b.ordinal, b.line, b.external_key, b.project_id, b.stage_id, b.phone, b.email, b.person_key,
           b.contact_id, b.lead_id, b.is_new, b.first_ordinal = b.ordinal, b.recorded,
           case when b.place > room then 'rejected' else b.verdict end,
           case when b.place > room then 'quota' else b.column_name end,
           case when b.place > room then refusal else b.reason end, b.data)::private.arriving_lead order by b.ordinal)
    into batch
    from (
      select f.*, case when f.verdict is null and f.is_new
                       then dense_rank() over (order by (f.verdict is null and f.is_new) desc, f.first_ordinal) end as place
        from (select u.*, min(u.ordinal) over (partition by u.person_key, u.project_id, u.verdict) as first_ordinal
                from unnest(batch) u) f) b;

  -- People that are new. Ordered, so that two transactions never wait for each other.
  insert into public.contacts as c (organization_id, name, phone, further_phones, email, language, time_zone,
      consent_status, consent_source, consent_at, consent_text, whatsapp_opt_in, created_by)
    select org, nullif(left(btrim(f.name), 160), ''), g.phone,
           array(select distinct x from unnest(g.phones || coalesce(f.further_phones, '{}')) x
                  where x <> g.phone and x ~ '^\+[1-9][0-9]{6,14}$' limit 10),
           g.email, f.language, f.time_zone, coalesce(f.consent_status, 'unknown'),
           coalesce(f.consent_source, case when f.consent_status = 'granted' then coalesce(f.source, 'manual') end),
           coalesce(f.consent_at, case when f.consent_status = 'granted' then now() end), f.consent_text, coalesce(f.whatsapp_opt_in, false), person
      from (
        select b.person_key, min(b.phone) as phone, array_remove(array_agg(distinct b.phone), null) as phones,
               (array_agg(b.email order by b.ordinal) filter (where b.email is not null))[1] as email,
               private.first_values(array_agg(b.data order by b.ordinal)) as data
          from unnest(batch) b where b.verdict is null and b.contact_id is null
         group by b.person_key) g,
      jsonb_populate_record(null::private.arriving_fields, g.data) f
     order by g.phone, g.email
    on conflict do nothing;
  -- The ids of the new people, and of those whom another transaction made meanwhile.
  select array_agg(row(b.ordinal, b.line, b.external_key, b.project_id, b.stage_id, b.phone, b.email, b.person_key,
           coalesce(b.contact_id, case when b.verdict is null then coalesce(
             (select c.id from public.contacts c where c.organization_id = org and c.phone = b.person_key),
             (select c.id from public.contacts c where c.organization_id = org and c.phone is null
                and lower(c.email) = b.person_key)) end),
           b.lead_id, b.is_new, b.is_first, b.recorded, b.verdict, b.column_name, b.reason,
           b.data)::private.arriving_lead order by b.ordinal)
    into batch from unnest(batch) b;

  -- People that are known: what was empty is filled, a number that is new is kept beside the first.
  update public.contacts c
     set name = coalesce(c.name, g.name), phone = coalesce(c.phone, g.phone),
         further_phones = g.further_phones, email = coalesce(c.email, g.email),
         language = coalesce(c.language, g.language),
         time_zone = coalesce(c.time_zone, g.time_zone),
         consent_status = case when c.consent_status = 'unknown' then coalesce(g.consent_status, 'unknown') else c.consent_status end,
         consent_source = case when c.consent_status = 'unknown' then g.consent_source else c.consent_source end,
         consent_at = case when c.consent_status = 'unknown' then g.consent_at else c.consent_at end,
         consent_text = case when c.consent_status = 'unknown' then g.consent_text else c.consent_text end
    from (
      select k.id, m.phone, nullif(left(btrim(f.name), 160), '') as name, m.email, f.language, f.time_zone, f.consent_status,
             coalesce(f.consent_source, case when f.consent_status = 'granted' then coalesce(f.source, 'manual') end) as consent_source,
             coalesce(f.consent_at, case when f.consent_status = 'granted' then now() end) as consent_at, f.consent_text,
             k.further_phones || array(
               select distinct x from unnest(m.phones || coalesce(f.further_phones, '{}')) x
                where x <> coalesce(k.phone, m.phone) and x <> all (k.further_phones) and x ~ '^\+[1-9][0-9]{6,14}$'
                limit greatest(10 - cardinality(k.further_phones), 0)) as further_phones
        from (
          select b.contact_id, min(b.phone) as phone, array_remove(array_agg(distinct b.phone), null) as phones,
                 (array_agg(b.email order by b.ordinal) filter (where b.email is not null))[1] as email,
                 private.first_values(array_agg(b.data order by b.ordinal)) as data
            from unnest(batch) b where b.verdict is null and not b.recorded and b.contact_id is not null
           group by b.contact_id) m
        join public.contacts k on k.organization_id = org and k.id = m.contact_id
        cross join lateral jsonb_populate_record(null::private.arriving_fields, m.data) f) g
   where c.organization_id = org and c.id = g.id
     and (c.name is null and g.name is not null or c.phone is null and g.phone is not null
          or c.email is null and g.email is not null or c.further_phones <> g.further_phones
          or c.language is null and g.language is not null or c.time_zone is null and g.time_zone is not null
          or c.consent_status = 'unknown' and coalesce(g.consent_status, 'unknown') <> 'unknown');

  -- Leads that are new.
  with made as (
    insert into public.leads (organization_id, contact_id, project_id, stage_id, assigned_to, source, source_detail,
        external_id, touches, interest, budget_min, budget_max, configuration, location, timeline, purpose, notes,
        custom_fields, callback_at, created_by)
      select org, g.contact_id, g.project_id, g.stage_id,
             case when may_assign or f.assigned_to = person then f.assigned_to end,
             coalesce(f.source, 'manual'), left(f.source_detail, 300), f.external_id, g.touches, f.interest,
             f.budget_min, case when f.budget_max >= coalesce(f.budget_min, 0) then f.budget_max end,
             coalesce(f.configuration, '{}'), left(f.location, 300), left(f.timeline, 120), left(f.purpose, 120),
             left(f.notes, 10000), coalesce(f.custom_fields, '{}'), f.callback_at, person
        from (
          select b.contact_id, b.project_id, b.stage_id, greatest(count(*) filter (where not b.recorded), 1) as touches,
                 min(b.ordinal) as ordinal, private.first_values(array_agg(b.data order by b.ordinal)) as data
            from unnest(batch) b where b.verdict is null and b.lead_id is null
           group by b.contact_id, b.project_id, b.stage_id) g,
        jsonb_populate_record(null::private.arriving_fields, g.data) f
       order by g.ordinal
      on conflict do nothing
      returning id, contact_id, project_id)
  select array_agg(row(b.ordinal, b.line, b.external_key, b.project_id, b.stage_id, b.phone, b.email, b.person_key,
           b.contact_id, coalesce(b.lead_id, m.id), m.id is not null, b.is_first, b.recorded,
           case when b.verdict is not null then b.verdict
                when m.id is not null and b.is_first then 'created' else 'merged' end,
           b.column_name, b.reason, b.data)::private.arriving_lead order by b.ordinal)
    into batch
    from unnest(batch) b
    left join made m on m.contact_id = b.contact_id and m.project_id = b.project_id and b.verdict is null;
  -- Those that a person made in this very moment beside us.
  if exists (select 1 from unnest(batch) b where b.lead_id is null and b.verdict = 'merged') then
    select array_agg(row(b.ordinal, b.line, b.external_key, b.project_id, b.stage_id, b.phone, b.email, b.person_key,
             b.contact_id, coalesce(b.lead_id, l.id), b.is_new, b.is_first, b.recorded, b.verdict, b.column_name,
             b.reason, b.data)::private.arriving_lead order by b.ordinal)
      into batch
      from unnest(batch) b
      left join public.leads l on l.organization_id = org and l.contact_id = b.contact_id and l.project_id = b.project_id;
  end if;

  -- Leads that are known: a touch each, and what was empty is filled. An archived one is back.
  update public.leads l
     set touches = l.touches + g.touches, last_touch_at = now(), archived_at = null,
         source_detail = coalesce(l.source_detail, left(f.source_detail, 300)),
         external_id = coalesce(l.external_id, f.external_id),
         interest = coalesce(l.interest, f.interest),
         budget_min = case when l.budget_min is null and l.budget_max is null then f.budget_min else l.budget_min end,
         budget_max = case when l.budget_min is null and l.budget_max is null
                           then case when f.budget_max >= coalesce(f.budget_min, 0) then f.budget_max end
                           else l.budget_max end,
         configuration = case when l.configuration = '{}' then coalesce(f.configuration, '{}') else l.configuration end,
         location = coalesce(l.location, left(f.location, 300)),
         timeline = coalesce(l.timeline, left(f.timeline, 120)),
         purpose = coalesce(l.purpose, left(f.purpose, 120)),
         notes = coalesce(l.notes, left(f.notes, 10000)),
         custom_fields = coalesce(f.custom_fields, '{}') || l.custom_fields
    from (
      select b.lead_id, count(*) as touches, private.first_values(array_agg(b.data order by b.ordinal)) as data
        from unnest(batch) b
       where b.verdict = 'merged' and not b.recorded and not b.is_new
       group by b.lead_id) g
   cross join lateral jsonb_populate_record(null::private.arriving_fields, g.data) f
   where l.organization_id = org and l.id = g.lead_id;

  insert into public.lead_activities (organization_id, lead_id, type, content, external_key, created_by, created_at)
    select org, b.lead_id, 'enquiry',
           jsonb_strip_nulls(jsonb_build_object('source', b.data -> 'source', 'source_detail', b.data -> 'source_detail',
             'message', b.data -> 'message', 'verdict', b.verdict, 'import_id', import, 'line', b.line)),
           b.external_key, person, coalesce((b.data ->> 'occurred_at')::timestamptz, now())
      from unnest(batch) b where b.verdict in ('created', 'merged') and not b.recorded
    on conflict do nothing;

  if import is not null then
    with fresh as (
      insert into public.lead_import_rows as i (organization_id, import_id, line, verdict, column_name, reason, raw, lead_id)
        select org, import, b.line, b.verdict, b.column_name, b.reason,
               case when b.verdict = 'rejected' then coalesce(b.data -> 'raw', '{}') end,
               case when b.verdict <> 'rejected' then b.lead_id end
          from unnest(batch) b where b.line is not null
        on conflict do nothing
        returning i.verdict, i.column_name)
    update public.lead_imports i
       set created_count = i.created_count + n.created, merged_count = i.merged_count + n.merged,
           rejected_count = i.rejected_count + n.rejected, over_quota = i.over_quota + n.over_quota
      from (select count(*) filter (where f.verdict = 'created') as created,
                   count(*) filter (where f.verdict = 'merged') as merged,
                   count(*) filter (where f.verdict = 'rejected') as rejected,
                   count(*) filter (where f.column_name = 'quota') as over_quota,
                   count(*) as all_rows
              from fresh f) n
     where i.organization_id = org and i.id = import and n.all_rows > 0;
  end if;

  return query
    select b.ordinal, b.line, b.external_key, b.verdict, b.column_name, b.reason, b.lead_id, b.contact_id
      from unnest(batch) b order by b.ordinal;
end $$;

-- Objects laid over each other: of each key the first value that is there.
create function private.first_values(objects jsonb[]) returns jsonb
  language plpgsql immutable set search_path = '' as $$
declare
  answer jsonb := '{}';
  n integer := cardinality(objects);
begin
  if n = 1 then
    return objects[1];
  end if;
  for i in reverse n .. 1 loop
    answer := answer || objects[i];
  end loop;
  return answer;
end $$;

-- crm/contacts.sql

-- Which leads the asker may see, provided that the permission is held: the whole answer to "may I do this to
-- that lead", for policies. all, team, own or none.
create function private.lead_scope_with(permission text) returns text
  language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.has_permission(permission) then
    return 'none';
  end if;
  return private.lead_scope();
end $$;

-- +919876543210 becomes +91•••••••210: enough to tell two apart and to confirm one by ear.
create function private.masked_phone(phone text) returns text
  language sql immutable set search_path = '' as $$
  select left(phone, 3) || repeat('•', greatest(length(phone) - 6, 0)) || right(phone, 3)
$$;

-- ravi.kumar@example.in becomes r•••@example.in.
create function private.masked_email(email text) returns text
  language sql immutable set search_path = '' as $$
  select left(email, 1) || '•••@' || split_part(email, '@', 2)
$$;

-- The contact behind a lead that the asker sees, number and e-mail masked; no row for anybody else.
create function private.masked_contact(organization uuid, contact uuid)
  returns table (name text, phone text, email text, language text, time_zone text, consent_status text,
                 do_not_call boolean, whatsapp_opt_in boolean)
  language plpgsql stable security definer set search_path = '' as $$
declare
  scope text := private.lead_scope();
begin
  if organization is distinct from private.org_id() or scope = 'none' then
    return;
  end if;
  return query
    select c.name, private.masked_phone(c.phone), private.masked_email(c.email), c.language, c.time_zone,
           c.consent_status, c.do_not_call, c.whatsapp_opt_in
      from public.contacts c
     where c.organization_id = organization and c.id = contact
       and (scope = 'all' or exists (
         select 1 from public.leads l
          where l.organization_id = c.organization_id and l.contact_id = c.id
            and case scope when 'own' then l.assigned_to = private.person_id()
                           else l.assigned_to = any (private.team_people()) end));
end $$;

-- do-not-call carries its time, whoever sets it.
create function private.stamp_do_not_call() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if new.do_not_call then
    new.do_not_call_at := coalesce(case when tg_op = 'UPDATE' and old.do_not_call then old.do_not_call_at end, now());
  else
    new.do_not_call_at := null;
    new.do_not_call_reason := null;
  end if;
  return new;
end $$;

-- Tells pages, and the dialler of a do-not-call or a withdrawn consent. One event per contact that matters.
create function private.contact_changed() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'contact.updated', n.id,
           jsonb_build_object('do_not_call', n.do_not_call, 'consent_status', n.consent_status)
      from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id
     where (o.name, o.phone, o.email, o.do_not_call, o.consent_status)
        is distinct from (n.name, n.phone, n.email, n.do_not_call, n.consent_status);
  return null;
end $$;

-- crm/lead_activities.sql

create function private.activities_added() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  -- Enquiries come with the lead's own event, assignments too.
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'lead.activity', n.lead_id, jsonb_build_object('activity_id', n.id, 'type', n.type)
      from new_rows n where n.type not in ('enquiry', 'assignment');
  return null;
end $$;

-- crm/lead_cards.sql

-- Each visible lead with the person behind it: number and address in full for those who may see them, else masked.
create view public.lead_cards with (security_invoker = true) as
  select l.organization_id, l.id, l.contact_id, l.project_id, l.stage_id, l.stage_entered_at, l.assigned_to,
         l.source, l.source_detail, l.touches, l.last_touch_at, l.call_status, l.last_call_id, l.last_contacted_at,
         l.callback_at, l.abuse_flag, l.rejection_reason, l.score, l.interest, l.budget_min, l.budget_max, l.value,
         l.configuration, l.location, l.timeline, l.purpose, l.archived_at, l.version, l.created_at, l.updated_at,
         coalesce(c.name, m.name) as name,
         coalesce(c.phone, m.phone) as phone,
         coalesce(c.email, m.email) as email,
         coalesce(c.language, m.language) as language,
         coalesce(c.time_zone, m.time_zone) as time_zone,
         coalesce(c.consent_status, m.consent_status) as consent_status,
         coalesce(c.do_not_call, m.do_not_call) as do_not_call,
         coalesce(c.whatsapp_opt_in, m.whatsapp_opt_in) as whatsapp_opt_in,
         c.id is null as is_masked
    from public.leads l
    left join public.contacts c on c.organization_id = l.organization_id and c.id = l.contact_id
    -- Asked only for the rows that the policy of contacts hides: `offset 0` keeps the question before the call.
    left join lateral (select f.* from private.masked_contact(l.organization_id, l.contact_id) f
                        where c.id is null offset 0) m on true;

-- A lead's story: what was done and said, and its moves from stage to stage. Read it for one lead, newest first.
create view public.lead_timeline with (security_invoker = true) as
  select a.organization_id, a.lead_id, a.id, a.created_at, a.type, a.content, a.call_id, a.created_by
    from public.lead_activities a
  union all
  select t.organization_id, t.lead_id, t.id, t.created_at, 'stage',
         jsonb_build_object('from_stage_id', t.from_stage_id, 'to_stage_id', t.to_stage_id, 'source', t.source,
                            'reason', t.reason, 'seconds_in_stage', t.seconds_in_stage),
         t.call_id, t.moved_by
    from public.lead_stage_transitions t;

-- crm/lead_imports.sql

-- received, reading, writing, done; failed from anywhere before done, and again from the start after failed.
create function private.check_import_status() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if not (case old.status
       when 'received' then new.status in ('reading', 'failed')
       when 'reading'  then new.status in ('writing', 'failed')
       when 'writing'  then new.status in ('done', 'failed')
       when 'failed'   then new.status in ('received')
       else false end) then
    raise exception 'An import cannot go from % to %.', old.status, new.status
      using errcode = 'VQ002', column = 'status';
  end if;
  return new;
end $$;

-- The job starts when the row is there, and pages follow its progress.
create function private.import_changed() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  perform private.emit(new.organization_id,
    case tg_op when 'INSERT' then 'import.received' else 'import.updated' end, new.id,
    jsonb_build_object('status', new.status, 'project_id', new.project_id));
  return null;
end $$;

-- Imports that wait to be read, over all organisations, and those whose worker died while reading (nothing was
-- written for two minutes). For vantage_worker.
create function private.imports_to_read(most integer) returns table (organization_id uuid, id uuid)
  language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
    select i.organization_id, i.id from public.lead_imports i
     where i.status = 'received'
        or (i.status in ('reading', 'writing') and i.updated_at < now() - interval '2 minutes')
     order by i.created_at limit most;
end $$;

-- crm/leads.sql

-- The role that acts, also inside definer functions, where current_user is the owner.
create function private.acting_role() returns text
  language plpgsql stable set search_path = '' as $$
begin
  return coalesce(nullif(current_setting('role', true), 'none'), 'owner');
end $$;

-- A new lead stands in its project's first open stage unless told otherwise, and belongs to the one who adds it
-- if that person sees own leads only: it would vanish on saving.
create function private.place_lead() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if new.stage_id is null then
    new.stage_id := private.entry_stage(new.organization_id, new.project_id);
    -- An unknown project is left to its reference, which says so.
    if new.stage_id is null and exists (
         select 1 from public.projects p where p.organization_id = new.organization_id and p.id = new.project_id) then
      raise exception 'This project has no open stage in which a lead could stand.' using errcode = 'VQ002';
    end if;
  end if;
  if new.assigned_to is null and private.acting_role() = 'authenticated' and private.lead_scope() in ('own', 'team') then
    new.assigned_to := private.person_id();
  end if;
  return new;
end $$;

-- Giving a lead to somebody else takes lead.assign; taking on what one adds oneself does not.
create function private.check_assignment() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if current_user = 'authenticated'
     and not (tg_op = 'INSERT' and new.assigned_to is not distinct from private.person_id())
     and not private.has_permission('lead.assign') then
    raise exception 'To give a lead to somebody you need the permission lead.assign. Ask an owner or admin.'
      using errcode = 'VQ005', column = 'assigned_to';
  end if;
  if new.assigned_to is not null and exists (
       select 1 from public.members m
        where m.organization_id = new.organization_id and m.id = new.assigned_to and m.left_at is not null) then
    raise exception 'This person has left the organisation. Choose somebody else.'
      using errcode = 'check_violation', column = 'assigned_to';
  end if;
  return new;
end $$;

create function private.enter_stage() returns trigger
  language plpgsql set search_path = '' as $$
begin
  new.stage_entered_at := now();
  return new;
end $$;

-- How a change came about, from transaction-local settings: vantage.source, vantage.call_id, vantage.reason.
-- A person's change is manual whatever it claims; only the worker moves for a call, an import or an automation.
create function private.change_source() returns text
  language plpgsql stable set search_path = '' as $$
begin
  if private.acting_role() = 'vantage_worker' then
    return coalesce(nullif(current_setting('vantage.source', true), ''), 'automation');
  end if;
  return 'manual';
end $$;

create function private.leads_created() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'lead.created', n.id,
           jsonb_build_object('project_id', n.project_id, 'stage_id', n.stage_id, 'contact_id', n.contact_id,
                              'assigned_to', n.assigned_to, 'source', n.source)
      from new_rows n;
  return null;
end $$;

-- What follows from a change, once per statement: the transition, the note of a new assignment, the event.
create function private.leads_changed() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  way text := private.change_source();
  actor uuid := case when private.acting_role() = 'authenticated' then private.person_id() end;
begin
  insert into public.lead_stage_transitions
    (organization_id, lead_id, project_id, from_stage_id, to_stage_id, source, moved_by, call_id, reason, seconds_in_stage)
  select n.organization_id, n.id, n.project_id, o.stage_id, n.stage_id, way, actor,
         case when way = 'ai_call' then private.claim_uuid(current_setting('vantage.call_id', true)) end,
         nullif(left(current_setting('vantage.reason', true), 500), ''),
         greatest(extract(epoch from n.stage_entered_at - o.stage_entered_at), 0)::integer
    from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id
   where n.stage_id <> o.stage_id;
  insert into public.lead_activities (organization_id, lead_id, type, content, created_by)
  select n.organization_id, n.id, 'assignment', jsonb_build_object('from', o.assigned_to, 'to', n.assigned_to),
         actor
    from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id
   where n.assigned_to is distinct from o.assigned_to;
  insert into public.outbox (organization_id, topic, key, payload)
  select n.organization_id, case when n.stage_id <> o.stage_id then 'lead.moved' else 'lead.updated' end, n.id,
         jsonb_build_object('project_id', n.project_id, 'stage_id', n.stage_id, 'from_stage_id', o.stage_id,
                            'contact_id', n.contact_id, 'assigned_to', n.assigned_to, 'source', way,
                            'touched', n.touches > o.touches, 'archived', n.archived_at is not null)
    from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id;
  return null;
end $$;

-- Open boards drop the card. Not when the organisation itself goes: nobody is left to be told.
create function private.leads_deleted() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select o.organization_id, 'lead.deleted', o.id,
           jsonb_build_object('project_id', o.project_id, 'stage_id', o.stage_id, 'contact_id', o.contact_id)
      from old_rows o
     where exists (select 1 from public.organizations g where g.id = o.organization_id);
  return null;
end $$;

-- Whoever leaves, leaves no lead behind unseen: the leads are free again, for a manager to give out.
create function private.free_assignments() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.leads set assigned_to = null
   where organization_id = new.organization_id and assigned_to = new.id;
  return null;
end $$;

-- crm/pipeline_stages.sql

-- Copies the default pipeline's template into a project.
create function private.create_stages(organization uuid, project uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  pipeline uuid := private.birth_pipeline(organization);
begin
  insert into public.pipeline_stages
    (organization_id, project_id, pipeline_id, template_key, name, kind, color, order_index, stale_days)
  select t.organization_id, project, t.pipeline_id, t.key, t.name, t.kind, t.color, t.order_index, t.stale_days
    from public.pipeline_stage_templates t
   where t.organization_id = create_stages.organization and t.pipeline_id = pipeline
  on conflict do nothing;
end $$;

create function private.project_is_born() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  perform private.create_stages(new.organization_id, new.id);
  return null;
end $$;

-- The stage in which a project's new leads stand: its first open one.
create function private.entry_stage(organization uuid, project uuid) returns uuid
  language plpgsql stable security definer set search_path = '' as $$
declare
  found_id uuid;
begin
  select s.id into found_id from public.pipeline_stages s
   where s.organization_id = organization and s.project_id = project
     and s.kind = 'open' and s.archived_at is null
   order by s.order_index, s.created_at, s.id limit 1;
  return found_id;
end $$;

-- A stage is not taken away from under its leads, and a project keeps a stage in which new ones can stand.
create function private.check_stage_is_free() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  n bigint;
begin
  if tg_op = 'UPDATE' and new.archived_at is not null and old.archived_at is null then
    select count(*) into n from public.leads l
     where l.organization_id = old.organization_id and l.project_id = old.project_id and l.stage_id = old.id
       and l.archived_at is null;
    if n > 0 then
      raise exception 'The stage "%" holds % leads. Move them to another stage first.', old.name, n
        using errcode = 'VQ002';
    end if;
  end if;
  if old.kind = 'open' and old.archived_at is null
     and exists (select 1 from public.projects p where p.organization_id = old.organization_id and p.id = old.project_id)
     and private.entry_stage(old.organization_id, old.project_id) is null then
    raise exception 'The stage "%" is the last open one: new leads need a stage to stand in.', old.name
      using errcode = 'VQ002';
  end if;
  return null;
end $$;

-- crm/pipelines.sql

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

-- crm/search_leads.sql

-- What a person typed, as a query for words that begin like that; null when there is no word in it.
create function private.prefix_query(typed text, organization uuid) returns tsquery
  language plpgsql immutable set search_path = '' as $$
declare
  words text;
begin
  select string_agg(quote_literal(w.word) || ':*', ' & ') into words
    from (select (regexp_matches(lower(typed), '[^[:space:][:punct:]]+', 'g'))[1] as word limit 8) w;
  if words is null then
    return null;
  end if;
  -- The organisation is a word of every entry: the index never reads another tenant's.
  return to_tsquery('simple', words) && quote_literal('org' || organization::text)::tsquery;
end $$;

-- Up to `most` leads of the asker's scope, best first: number, then person, then what was written about them.
-- Three or more digits look at the end of numbers; numbers and addresses answer only to lead.view_numbers.
create function private.search_leads(typed text, most integer default 20)
  returns table (lead_id uuid, rank integer)
  language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
  org uuid := private.org_id();
  scope text := private.lead_scope();
  people uuid[] := case scope when 'own' then array[private.person_id()] when 'team' then private.team_people() end;
  numbers boolean := private.has_permission('lead.view_numbers');
  digits text := reverse(regexp_replace(typed, '[^0-9]', '', 'g'));
  words tsquery := private.prefix_query(typed, private.org_id());
begin
  if org is null or scope = 'none' then
    return;
  end if;
  if typed ~ '[[:alpha:]@]' or length(digits) < 3 then
    digits := null;
  end if;
  return query
    select l.id, min(f.rank)
      from (
        (select c.id as contact_id, null::uuid as id, 1 as rank
           from public.contacts c
          where numbers and c.organization_id = org and c.phone_reversed >= digits and c.phone_reversed < digits || ':'
          order by c.phone_reversed limit 500)
        union all
        (select c.id, null, 2
           from public.contacts c
          where c.search @@ words and c.organization_id = org
            and (numbers or to_tsvector('simple', coalesce(c.name, ''))
                            || array_to_tsvector(array['org' || org::text]) @@ words)
          limit 500)
        union all
        (select n.contact_id, n.id, 3 from public.leads n where n.search @@ words and n.organization_id = org limit 500)
      ) f
      join public.leads l on l.organization_id = org and l.contact_id = f.contact_id and (f.id is null or l.id = f.id)
     where scope = 'all' or l.assigned_to = any (people)
     group by l.id, l.archived_at, l.last_touch_at
     order by l.archived_at is not null, min(f.rank), l.last_touch_at desc, l.id
     limit least(most, 200);
end $$;

-- calling/call_logs.sql

-- How far a call is: statuses only move forward, and an end is final, whatever the carrier sends late or twice.
create function private.call_rank(status text) returns integer
  language sql immutable set search_path = '' as $$
  select case status when 'created' then 0 when 'dialling' then 1 when 'ringing' then 2 when 'in_progress' then 3
                     else 4 end
$$;

create function private.protect_call() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if tg_op <> 'UPDATE' then
    raise exception 'Calls are evidence; they are never deleted.' using errcode = 'VQ008';
  end if;
  if new.status <> old.status and private.call_rank(new.status) <= private.call_rank(old.status) then
    raise exception 'A call that is % cannot become %.', old.status, new.status
      using errcode = 'VQ002', column = 'status';
  end if;
  if (new.organization_id, new.id, new.campaign_id, new.lead_id, new.attempt, new.carrier, new.direction,
      new.caller_number, new.callee_number, new.created_at, new.proof)
     is distinct from
     (old.organization_id, old.id, old.campaign_id, old.lead_id, old.attempt, old.carrier, old.direction,
      old.caller_number, old.callee_number, old.created_at, old.proof) then
    raise exception 'What proves a call is never changed.' using errcode = 'VQ008';
  end if;
  return new;
end $$;

create function private.call_moved() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'call.updated', n.id,
           jsonb_build_object('status', n.status, 'outcome', n.outcome, 'lead_id', n.lead_id, 'campaign_id', n.campaign_id)
      from fresh n
      left join gone o on o.organization_id = n.organization_id and o.id = n.id
     where (o.status, o.outcome) is distinct from (n.status, n.outcome);
  return null;
end $$;

create function private.call_written() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'call.created', n.id,
           jsonb_build_object('status', n.status, 'lead_id', n.lead_id, 'campaign_id', n.campaign_id) from fresh n;
  return null;
end $$;

-- With the organisation go the words, the recordings and what was concluded from them; that a call was made,
-- and why it was allowed, stays.
create function private.forget_calls() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  delete from public.call_utterances u where u.organization_id = old.id;
  update public.call_logs c
     set conversation_transcript = null, ai_analysis = null, recording_url = null, disconnect_notes = null
   where c.organization_id = old.id;
  return null;
end $$;

-- The numbers of calls that the asker sees: whole with lead.view_numbers, masked without.
create function private.call_numbers(calls uuid[])
  returns table (call_log_id uuid, caller_number text, callee_number text)
  language plpgsql stable security definer set search_path = '' as $$
declare
  owner_id uuid := private.org_id();
  scope text := private.lead_scope_with('call.view');
  whole boolean := private.has_permission('lead.view_numbers');
begin
  return query
    select c.id,
           case when whole or c.direction = 'outbound' then c.caller_number else private.masked_phone(c.caller_number) end,
           case when whole or c.direction = 'inbound' then c.callee_number else private.masked_phone(c.callee_number) end
      from public.call_logs c
      left join public.leads l on l.organization_id = c.organization_id and l.id = c.lead_id
     where c.organization_id = owner_id and c.id = any (calls)
       and case scope when 'all' then true
                      when 'team' then l.assigned_to = any (private.team_people())
                      when 'own' then l.assigned_to = private.person_id()
                      else false end;
end $$;

-- calling/call_queue.sql

-- Tells the dialler that a tenant has something due at `due` (or earlier).
create function private.wake_tenant(organization uuid, due timestamptz) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  insert into private.call_tenants as t (organization_id, next_due_at) values (organization, due)
  on conflict (organization_id) do update set next_due_at = least(t.next_due_at, excluded.next_due_at)
    where t.next_due_at is null or t.next_due_at > excluded.next_due_at;
end $$;

-- Whoever changes rows of the queue for a tenant and then its quota takes this lock first, in this order: else
-- two of them could wait for each other. Short: the dialler's transactions are.
create function private.lock_tenants(organizations uuid[]) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  perform 1 from private.call_tenants t where t.organization_id = any (organizations)
    order by t.organization_id for update;
end $$;

create function private.check_queue_step() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if (old.status, new.status) not in (('queued', 'processing'), ('processing', 'completed'), ('processing', 'failed'),
                                      ('processing', 'queued')) then
    raise exception 'A queued call that is % cannot become %.', old.status, new.status
      using errcode = 'VQ002', column = 'status';
  end if;
  return new;
end $$;

-- Once per statement: the earliest due row per tenant among those that were added.
create function private.queue_grew() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  tenant record;
begin
  for tenant in select n.organization_id, min(n.next_retry_at) as due from fresh n
                 where n.status = 'queued' group by 1 order by 1 loop
    perform private.wake_tenant(tenant.organization_id, tenant.due);
  end loop;
  return null;
end $$;

-- calling/call_utterances.sql

-- A finished call says no more: what was said is what was analysed.
create function private.check_call_is_open() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if exists (select 1 from public.call_logs c where c.organization_id = new.organization_id
                and c.id = new.call_log_id and c.finished_at is not null) then
    raise exception 'This call is finished; nothing can be added to it.' using errcode = 'VQ008';
  end if;
  return new;
end $$;

-- calling/campaign_leads.sql

-- Writes what the rules decided and queues the enrolled: `verdicts` is an array of
-- {"lead_id", "verdict", "reason"?, "not_before"?, "priority"?}. A lead that is in the queue already stays
-- as it is; one that was left out before may be enrolled now. Refused for another organisation's campaign,
-- one that is over, or without campaign.run.
create function private.enrol_leads(campaign uuid, verdicts jsonb) returns table (enrolled integer, left_out integer)
  language plpgsql security definer set search_path = '' as $$
declare
  owner_id uuid := private.org_id();
  camp record;
begin
  if owner_id is null or not private.has_permission('campaign.run') then
    raise exception 'Enrolling leads needs the permission campaign.run.' using errcode = 'VQ005';
  end if;
  select c.id, c.status, c.max_attempts into camp from public.campaigns c
   where c.organization_id = owner_id and c.id = campaign for share;
  if not found then
    raise exception 'No such campaign.' using errcode = 'no_data_found';
  elsif camp.status in ('completed', 'cancelled') then
    raise exception 'This campaign is %; nobody can be enrolled any more.', camp.status using errcode = 'VQ002';
  end if;
  insert into public.campaign_leads as cl (organization_id, campaign_id, lead_id, verdict, reason)
    select distinct on (v.lead_id) owner_id, campaign, v.lead_id, v.verdict, v.reason
      from jsonb_to_recordset(verdicts) as v (lead_id uuid, verdict text, reason text)
     order by v.lead_id
    on conflict (organization_id, campaign_id, lead_id) do update
      set verdict = excluded.verdict, reason = excluded.reason, decided_at = now()
      where cl.verdict = 'left_out' and (cl.verdict, cl.reason) is distinct from (excluded.verdict, excluded.reason);
  with queued as (
    insert into public.call_queue (organization_id, campaign_id, lead_id, priority, max_attempts, next_retry_at)
      select owner_id, campaign, v.lead_id, min(coalesce(v.priority, 3)), camp.max_attempts,
             min(coalesce(v.not_before, now()))
        from jsonb_to_recordset(verdicts) as v (lead_id uuid, verdict text, priority smallint, not_before timestamptz)
       where v.verdict = 'enrolled' group by v.lead_id
      on conflict on constraint call_queue_campaign_lead_key do nothing returning 1)
  select count(*)::integer into enrolled from queued;
  select count(*)::integer into left_out
    from jsonb_to_recordset(verdicts) as v (verdict text) where v.verdict = 'left_out';
  return next;
end $$;

-- Running always-on campaigns with leads of their project that nobody has judged yet, over all organisations: the
-- second net behind the events, so that no lead is forgotten whatever died in between. For vantage_worker.
create function private.campaigns_to_enrol(most integer)
  returns table (organization_id uuid, campaign_id uuid, project_id uuid, max_attempts smallint, audience jsonb, carrier text)
  language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
    select c.organization_id, c.id, c.project_id, c.max_attempts, c.audience, o.carrier
      from public.campaigns c
      join public.organizations o on o.id = c.organization_id and o.status = 'active'
     where c.status = 'running' and c.always_on
       and exists (select 1 from public.leads l
                    where l.organization_id = c.organization_id and l.project_id = c.project_id and l.archived_at is null
                      and not exists (select 1 from public.campaign_leads e
                                       where e.organization_id = l.organization_id and e.campaign_id = c.id and e.lead_id = l.id))
     limit most;
end $$;

-- calling/campaigns.sql

-- Each step of a campaign, who may take it, and what it sets. Invoker: current_user tells a person
-- (authenticated) from the functions that run above them.
create function private.check_campaign_step() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    if new.status <> 'draft' then
      raise exception 'A campaign begins as a draft.' using errcode = 'VQ002', column = 'status';
    end if;
    return new;
  end if;
  if tg_op = 'DELETE' then
    -- deeper than 1: the project or organisation goes, and this with it
    if pg_trigger_depth() = 1 and old.status in ('running', 'paused', 'scheduled') then
      raise exception 'A campaign that is % cannot be deleted. Cancel it first.', old.status using errcode = 'VQ002';
    end if;
    return old;
  end if;
  if new.status <> old.status then
    if (old.status, new.status) not in (
         ('draft', 'scheduled'), ('draft', 'running'), ('draft', 'cancelled'),
         ('scheduled', 'running'), ('scheduled', 'draft'), ('scheduled', 'cancelled'),
         ('running', 'paused'), ('running', 'completed'), ('running', 'cancelled'), ('running', 'failed'),
         ('paused', 'running'), ('paused', 'completed'), ('paused', 'cancelled'), ('paused', 'failed'),
         ('failed', 'running'), ('failed', 'cancelled')) then
      raise exception 'A campaign that is % cannot become %.', old.status, new.status
        using errcode = 'VQ002', column = 'status';
    end if;
    if current_user = 'authenticated' and not private.has_permission('campaign.run') then
      raise exception 'Starting and stopping campaigns needs the permission campaign.run.' using errcode = 'VQ005';
    end if;
    if new.status = 'running' then
      new.started_at := coalesce(old.started_at, now());
    end if;
    if new.status in ('completed', 'cancelled', 'failed') then
      new.ended_at := now();
    else
      new.ended_at := null;
    end if;
    new.pause_reason := case when new.status = 'paused' then coalesce(new.pause_reason, 'person')
                             when new.status = 'failed' then new.pause_reason end;
  end if;
  if new.archived_at is distinct from old.archived_at and current_user = 'authenticated'
     and not private.has_permission('campaign.delete') then
    raise exception 'Archiving campaigns needs the permission campaign.delete.' using errcode = 'VQ005';
  end if;
  return new;
end $$;

-- What follows from a step: the live event, the dialler's list of tenants, and that nothing waits for a
-- campaign that is over.
create function private.campaign_stepped() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  perform private.emit(new.organization_id, 'campaign.updated', new.id, jsonb_build_object('status', new.status));
  if new.status = 'running' then
    -- at once, by whatever clock the dialler goes
    perform private.wake_tenant(new.organization_id, '-infinity');
  elsif new.status in ('completed', 'cancelled', 'failed') then
    delete from public.call_queue q
     where q.organization_id = new.organization_id and q.campaign_id = new.id and q.status = 'queued';
  end if;
  return null;
end $$;

-- calling/dialler_calls.sql

-- Writes one row in call_logs per claimed call, before anything is dialled. `calls`: [{"organization_id",
-- "queue_id", "attempt", "caller_number", "callee_number", "carrier", "proof"}]. Returns the ones that this
-- worker still holds; what is missing from the answer must not be dialled. The attempt is part of the key:
-- beginning the same one twice returns nothing the second time.
create function private.begin_calls(worker text, calls jsonb)
  returns table (organization_id uuid, queue_id uuid, call_log_id uuid)
  language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
  return query
  with asked as (
    select a.* from jsonb_to_recordset(calls)
      as a (organization_id uuid, queue_id uuid, attempt smallint, caller_number text, callee_number text,
            carrier text, proof jsonb)
  ), held as (
    update public.call_queue q set attempt_count = a.attempt
      from asked a
     where q.organization_id = a.organization_id and q.id = a.queue_id and q.status = 'processing'
       and q.lease_owner = worker and q.lease_expires_at > now() and q.attempt_count = a.attempt - 1
    returning q.organization_id, q.id, q.campaign_id, q.lead_id, a.attempt, a.caller_number, a.callee_number,
              a.carrier, a.proof)
  insert into public.call_logs (organization_id, idempotency_key, queue_id, campaign_id, lead_id, project_id, attempt,
                                carrier, caller_number, callee_number, proof)
    select h.organization_id, h.id || ':' || h.attempt, h.id, h.campaign_id, h.lead_id, l.project_id, h.attempt,
           h.carrier, h.caller_number, h.callee_number, coalesce(h.proof, '{}')
      from held h join public.leads l on l.organization_id = h.organization_id and l.id = h.lead_id
  returning call_logs.organization_id, call_logs.queue_id, call_logs.id;
end $$;

-- The tenant and call behind an id of the carrier; no row for one that is not ours.
create function private.tenant_of_call(sid text) returns table (organization_id uuid, call_log_id uuid)
  language plpgsql stable security definer set search_path = '' as $$
begin
  return query select s.organization_id, s.call_log_id from private.call_sids s where s.call_sid = sid;
end $$;

-- Takes in what the carrier says of a call, in any order and any number of times: the status only moves
-- forward, an end is final, and a fact that is known stays. `facts` may hold call_sid, request_uuid,
-- answered_at, ended_at, duration, billed_seconds, cost, recording_url, recording_seconds. Says whether
-- anything changed. Raises no_data_found for a call that is not the organisation's, and VQ008 for a carrier
-- id that belongs to another call.
create function private.record_call_event(organization uuid, call uuid, new_status text, facts jsonb default '{}')
  returns boolean language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  was public.call_logs;
  sid text;
  next_status text;
begin
  select c.* into was from public.call_logs c where c.organization_id = organization and c.id = call for update;
  if not found then
    raise exception 'No such call.' using errcode = 'no_data_found';
  end if;
  foreach sid in array array_remove(array[facts ->> 'call_sid', facts ->> 'request_uuid'], null) loop
    insert into private.call_sids (call_sid, organization_id, call_log_id) values (sid, organization, call)
      on conflict (call_sid) do nothing;
    if not exists (select 1 from private.call_sids s where s.call_sid = sid and s.call_log_id = call) then
      raise exception 'Call id % belongs to another call.', sid using errcode = 'VQ008';
    end if;
  end loop;
  next_status := case when private.call_rank(new_status) > private.call_rank(was.status) then new_status else was.status end;
  update public.call_logs c
     set status = next_status,
         call_sid = coalesce(c.call_sid, facts ->> 'call_sid'),
         request_uuid = coalesce(c.request_uuid, facts ->> 'request_uuid'),
         -- clocks of two webhooks may differ; a call never ends before it is answered
         answered_at = coalesce(c.answered_at, case when facts ? 'answered_at' then
           least((facts ->> 'answered_at')::timestamptz, c.ended_at) end),
         ended_at = coalesce(c.ended_at, case when facts ? 'ended_at' then
           greatest((facts ->> 'ended_at')::timestamptz, c.answered_at, (facts ->> 'answered_at')::timestamptz) end),
         duration = coalesce(c.duration, (facts ->> 'duration')::integer),
         billed_seconds = coalesce(c.billed_seconds, (facts ->> 'billed_seconds')::integer),
         cost = coalesce(c.cost, (facts ->> 'cost')::numeric),
         recording_url = coalesce(c.recording_url, facts ->> 'recording_url'),
         recording_seconds = coalesce(c.recording_seconds, (facts ->> 'recording_seconds')::integer),
         reconciled_at = coalesce(c.reconciled_at, case when facts ? 'cost' then now() end)
   where c.organization_id = organization and c.id = call
     and (next_status <> c.status
          or (c.call_sid is null and facts ? 'call_sid') or (c.request_uuid is null and facts ? 'request_uuid')
          or (c.answered_at is null and facts ? 'answered_at') or (c.ended_at is null and facts ? 'ended_at')
          or (c.duration is null and facts ? 'duration') or (c.billed_seconds is null and facts ? 'billed_seconds')
          or (c.cost is null and facts ? 'cost') or (c.recording_url is null and facts ? 'recording_url')
          or (c.recording_seconds is null and facts ? 'recording_seconds'));
  if not found then
    return false;
  end if;
  if was.cost is null and (facts ->> 'cost')::numeric > 0 and was.campaign_id is not null then
    update public.campaigns k set spent_amount = k.spent_amount + (facts ->> 'cost')::numeric
     where k.organization_id = organization and k.id = was.campaign_id;
  end if;
  return true;
end $$;

-- Closes calls, each in one step: transcript from the utterances, outcome, the queue row's next state, and the
-- quota given back unless somebody (a person or a machine) answered. `calls`: [{"organization_id",
-- "call_log_id", "outcome", "retry_at", "result"}]. `retry_at` absent ends the queue row (completed when
-- answered, else failed), an instant queues it again while attempts are left. 'not_placed' means that the
-- carrier never knew the call: the attempt does not count. `result` may hold ai_analysis, disconnect_reason,
-- disconnect_notes, transferred, error, priority (1 for a callback). The caller moves the leads in the same
-- transaction. Returns the calls that this closed; one that was closed before is not among them. One
-- statement for the whole batch: closing one by one costs four times as much.
create function private.finish_calls(calls jsonb) returns uuid[]
  language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  done uuid[];
  refunds jsonb;
  refund record;
begin
  perform private.lock_tenants(array(select a.organization_id from jsonb_to_recordset(calls) as a (organization_id uuid)));
  with asked as (
    select distinct on (a.organization_id, a.call_log_id) a.*, coalesce(a.result, '{}') as r
      from jsonb_to_recordset(calls) as a (organization_id uuid, call_log_id uuid, outcome text, retry_at timestamptz,
                                           result jsonb)
  ), open as (
    select c.organization_id, c.id, c.queue_id, a.outcome as how, a.retry_at, a.r, a.outcome = 'not_placed' as uncounted
      from asked a
      join public.call_logs c on c.organization_id = a.organization_id and c.id = a.call_log_id
     where c.finished_at is null
     order by c.organization_id, c.id for update of c
  ), closed as (
    update public.call_logs c
       set outcome = o.how, finished_at = now(),
           -- an end that the carrier never reported is what the outcome says
           status = case when private.call_rank(c.status) = 4 then c.status
                         when o.how in ('busy', 'no_answer', 'rejected', 'voicemail', 'cancelled') then o.how
                         when o.how in ('answered', 'callback', 'do_not_call') then 'completed'
                         when o.uncounted then 'cancelled' else 'failed' end,
           -- an attempt that was not placed makes room for itself
           idempotency_key = case when o.uncounted then c.idempotency_key || ':' || c.id else c.idempotency_key end,
           conversation_transcript = (
             select string_agg(case u.speaker when 'agent' then 'Agent: ' else 'Lead: ' end || u.text, E'\n' order by u.seq)
               from public.call_utterances u where u.organization_id = o.organization_id and u.call_log_id = o.id),
           ai_analysis = coalesce(nullif(o.r -> 'ai_analysis', 'null'), c.ai_analysis),
           disconnect_reason = coalesce(o.r ->> 'disconnect_reason', c.disconnect_reason),
           disconnect_notes = coalesce(o.r ->> 'disconnect_notes', c.disconnect_notes),
           transferred = coalesce((o.r ->> 'transferred')::boolean, c.transferred)
      from open o where c.organization_id = o.organization_id and c.id = o.id
  ), held as (
    -- no row where the lead or campaign was deleted while the call ran
    select q.organization_id, q.id, q.quota_taken_on, o.how, o.r, o.uncounted, o.retry_at,
           case when o.retry_at is not null
                     -- a campaign that is over queues nobody again
                     and k.status not in ('completed', 'cancelled', 'failed')
                     and (o.uncounted or o.how = 'callback' or q.attempt_count < q.max_attempts) then 'queued'
                when o.how in ('answered', 'callback', 'do_not_call') then 'completed' else 'failed' end as next_status
      from open o
      join public.call_queue q on q.organization_id = o.organization_id and q.id = o.queue_id and q.status = 'processing'
      join public.campaigns k on k.organization_id = q.organization_id and k.id = q.campaign_id
     order by q.organization_id, q.id for update of q
  ), moved as (
    update public.call_queue q
       set status = h.next_status, lease_owner = null, lease_expires_at = null, quota_taken_on = null,
           attempt_count = q.attempt_count - case when h.uncounted then 1 else 0 end,
           -- the person asked for this call: it does not count against the campaign's patience
           max_attempts = case when h.how = 'callback' and h.next_status = 'queued'
                               then least(20, greatest(q.max_attempts, q.attempt_count + 1)) else q.max_attempts end,
           next_retry_at = case when h.next_status = 'queued' then h.retry_at else q.next_retry_at end,
           priority = case when h.next_status = 'queued' then coalesce((h.r ->> 'priority')::smallint, q.priority)
                           else q.priority end,
           last_outcome = h.how, last_error = h.r ->> 'error'
      from held h where q.organization_id = h.organization_id and q.id = h.id
  )
  select coalesce(array_agg(o.id), '{}'),
         (select jsonb_agg(g) from (
            select h.organization_id, h.quota_taken_on, count(*)::integer as n from held h
             where h.quota_taken_on is not null and h.how not in ('answered', 'callback', 'voicemail', 'do_not_call')
             group by 1, 2 order by 1, 2) g)
    into done, refunds from open o;
  for refund in select * from jsonb_to_recordset(coalesce(refunds, '[]'))
                  as f (organization_id uuid, quota_taken_on date, n integer) loop
    perform private.give_back_quota(refund.organization_id, 'ai_calls_per_month', refund.n, refund.quota_taken_on);
  end loop;
  -- a place is free: whoever waited for it is looked at now
  update private.call_tenants t set next_due_at = '-infinity', held_up = false
   where t.held_up and t.organization_id in (
     select a.organization_id from jsonb_to_recordset(calls) as a (organization_id uuid));
  return done;
end $$;

-- Closes one call, as above. False when it was closed before; raises no_data_found for one that is not there.
create function private.finish_call(organization uuid, call uuid, how text, retry_at timestamptz, result jsonb default '{}')
  returns boolean language plpgsql security definer set search_path = '' as $$
begin
  if cardinality(private.finish_calls(jsonb_build_array(jsonb_build_object(
       'organization_id', organization, 'call_log_id', call, 'outcome', how, 'retry_at', retry_at,
       'result', result)))) = 1 then
    return true;
  elsif not exists (select 1 from public.call_logs c where c.organization_id = organization and c.id = call) then
    raise exception 'No such call.' using errcode = 'no_data_found';
  end if;
  return false;
end $$;

-- Prolongs the leases that a worker holds on these queue rows; returns the rows that are still its own.
create function private.renew_leases(worker text, queue_ids uuid[], lease_seconds integer) returns setof uuid
  language plpgsql security definer set search_path = '' as $$
begin
  return query
    update public.call_queue q set lease_expires_at = now() + make_interval(secs => lease_seconds)
     where q.status = 'processing' and q.lease_owner = worker and q.lease_expires_at > now() and q.id = any (queue_ids)
    returning q.id;
end $$;

-- Takes over what dead workers left. Calls that were never begun go back into the queue, quota included.
-- Calls that may have been dialled are leased to the asking worker and returned: it asks the carrier and then
-- finishes them, or finishes them as 'not_placed' when the carrier knows nothing.
create function private.release_expired_leases(worker text, lease_seconds integer, most integer default 200)
  returns table (organization_id uuid, queue_id uuid, call_log_id uuid, call_sid text, request_uuid text,
                 callee_number text, status text, created_at timestamptz)
  language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  lapsed record;
  tenants uuid[] := array(select distinct q.organization_id from public.call_queue q
                           where q.status = 'processing' and q.lease_expires_at < now());
begin
  perform private.lock_tenants(tenants);
  for lapsed in
    select q.organization_id, q.id, q.quota_taken_on, c.id as call_log_id, c.call_sid, c.request_uuid, c.callee_number,
           c.status, c.created_at
      from public.call_queue q
      left join public.call_logs c on c.organization_id = q.organization_id and c.queue_id = q.id and c.finished_at is null
     where q.status = 'processing' and q.lease_expires_at < now() and q.organization_id = any (tenants)
     order by q.organization_id, q.id limit most for update of q skip locked
  loop
    if lapsed.call_log_id is null then
      update public.call_queue q
         set status = 'queued', lease_owner = null, lease_expires_at = null, quota_taken_on = null,
             last_error = 'The worker stopped before dialling.'
       where q.organization_id = lapsed.organization_id and q.id = lapsed.id;
      perform private.give_back_quota(lapsed.organization_id, 'ai_calls_per_month', 1, lapsed.quota_taken_on);
    else
      update public.call_queue q
         set lease_owner = worker, lease_expires_at = now() + make_interval(secs => lease_seconds)
       where q.organization_id = lapsed.organization_id and q.id = lapsed.id;
      organization_id := lapsed.organization_id; queue_id := lapsed.id; call_log_id := lapsed.call_log_id;
      call_sid := lapsed.call_sid; request_uuid := lapsed.request_uuid; callee_number := lapsed.callee_number;
      status := lapsed.status; created_at := lapsed.created_at;
      return next;
    end if;
  end loop;
end $$;

-- What happens to campaigns by itself, over all organisations: scheduled ones start on their day, ended ones
-- complete, ones whose every call is done complete (always-on ones never), ones without budget pause, and
-- ones that waited for quota go on when there is room. Returns how many changed. Safe at any time.
create function private.tend_campaigns(business_now timestamptz) returns integer
  language plpgsql security definer set search_path = '' as $$
declare
  camp public.campaigns;
  step text;
  why text;
  n integer := 0;
begin
  for camp in select c.* from public.campaigns c
                join public.organizations o on o.id = c.organization_id and o.status = 'active'
               where c.status in ('scheduled', 'running', 'paused') order by c.organization_id, c.id
                 for update of c skip locked loop
    step := null;
    why := null;
    if private.campaign_opens_at(camp, business_now) is null then
      step := case when camp.status = 'scheduled' then 'cancelled' else 'completed' end;
    elsif camp.status = 'scheduled' and private.campaign_opens_at(camp, business_now) <= business_now then
      step := 'running';
    elsif camp.status = 'paused' and camp.pause_reason = 'quota'
          and (select s.remaining <> 0 from private.quota_state_of(camp.organization_id, 'ai_calls_per_month', business_now) s) then
      step := 'running';
    elsif camp.status = 'running' and exists (select 1 from public.projects p where p.organization_id = camp.organization_id
            and p.id = camp.project_id and p.archived_at is not null) then
      step := 'paused';
      why := 'project_archived';
    elsif camp.status = 'running' and not exists (select 1 from public.call_queue q where q.organization_id = camp.organization_id
            and q.campaign_id = camp.id and q.status = 'processing') then
      if camp.budget_amount - camp.spent_amount < private.call_reserve() then
        step := 'paused';
        why := 'budget';
      elsif not camp.always_on and not exists (select 1 from public.call_queue q
            where q.organization_id = camp.organization_id and q.campaign_id = camp.id and q.status = 'queued') then
        step := 'completed';
      end if;
    end if;
    if step is not null then
      update public.campaigns c set status = step, pause_reason = why
       where c.organization_id = camp.organization_id and c.id = camp.id;
      n := n + 1;
    end if;
  end loop;
  return n;
end $$;

-- calling/dialler_claim.sql

-- When a campaign may dial next by its own dates and hours, read in its own zone: `instant` itself when it
-- is open, null when it will not open again. The legal hours of the lead's zone are rules/windows.py's.
create function private.campaign_opens_at(campaign public.campaigns, instant timestamptz) returns timestamptz
  language plpgsql stable set search_path = '' as $$
declare
  local timestamp := instant at time zone campaign.time_zone;
  opens timestamp;
  day date;
begin
  day := greatest(local::date, campaign.start_date);
  if day = local::date and campaign.time_end is not null and local::time >= campaign.time_end then
    day := day + 1;
  end if;
  if day > campaign.end_date then
    return null;
  end if;
  opens := day + coalesce(campaign.time_start, time '00:00');
  if opens <= local then
    return instant;
  end if;
  return greatest(instant, opens at time zone campaign.time_zone);
end $$;

-- What one call may cost at most before the carrier says what it did cost: rupees kept free of a budget for
-- each call in progress, so that parallel calls do not overspend it.
create function private.call_reserve() returns numeric
  language sql immutable set search_path = '' as $$ select 5.00 $$;

-- The earliest instant at which the tenant has something to dial; null when it has nothing. Three index
-- probes per running campaign.
create function private.next_due(organization uuid, business_now timestamptz) returns timestamptz
  language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  due timestamptz;
begin
  select min(greatest(w.opens, q.due)) into due
    from public.campaigns c
    cross join lateral (select private.campaign_opens_at(c, business_now) as opens) w
    cross join generate_series(1, 3) p (priority)
    cross join lateral (select min(r.next_retry_at) as due from public.call_queue r
                         where r.organization_id = c.organization_id and r.campaign_id = c.id
                           and r.status = 'queued' and r.priority = p.priority) q
   where c.organization_id = organization and c.status = 'running' and w.opens is not null and q.due is not null;
  return due;
end $$;

-- Claims up to `most` calls of one tenant whose row in call_tenants the caller has locked. Campaigns take
-- turns; callbacks come before fresh enquiries before the rest. What may not be called at all is closed here
-- with the reason. Everything that needs the exact clock of the lead is left to the rules.
create function private.claim_for_tenant(organization uuid, worker text, most integer, lease_seconds integer,
                                         business_now timestamptz)
  returns setof uuid language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  org public.organizations;
  places integer;
  this_minute timestamptz := date_trunc('minute', business_now);
  chosen uuid[];
  refused uuid[];
  reasons text[];
  granted integer;
begin
  select o.* into org from public.organizations o where o.id = organization and o.status = 'active';
  if not found then
    return;
  end if;
  select least(most, case when org.settings ->> 'max_concurrent_calls' ~ '^[0-9]{1,3}$'
                          then (org.settings ->> 'max_concurrent_calls')::integer else 20 end - count(*))
    into places from public.call_queue q where q.organization_id = organization and q.status = 'processing';
  if places <= 0 then
    return;
  end if;

  with busy as (
    select q.campaign_id, count(*) as calls from public.call_queue q
     where q.organization_id = organization and q.status = 'processing' group by 1
  ), open as materialized (
    select c.id,
           least(places, c.max_concurrent - coalesce(b.calls, 0),
                 c.calls_per_minute - case when p.minute = this_minute then p.started else 0 end,
                 floor((c.budget_amount - c.spent_amount) / private.call_reserve()) - coalesce(b.calls, 0))::integer as room
      from public.campaigns c
      join public.projects pr on pr.organization_id = c.organization_id and pr.id = c.project_id and pr.archived_at is null
      left join busy b on b.campaign_id = c.id
      left join private.campaign_pace p on p.organization_id = c.organization_id and p.campaign_id = c.id
     where c.organization_id = organization and c.status = 'running'
       and private.campaign_opens_at(c, business_now) <= business_now
  ), due as (
    select o.id as campaign_id, o.room, q.id, q.lead_id, q.priority, q.next_retry_at,
           row_number() over (partition by o.id order by q.priority, q.next_retry_at) as nth
      from open o
      cross join generate_series(1, 3) p (priority)
      cross join lateral (
        select r.id, r.lead_id, r.priority, r.next_retry_at from public.call_queue r
         where r.organization_id = organization and r.campaign_id = o.id and r.status = 'queued'
           and r.priority = p.priority and r.next_retry_at <= business_now
         order by r.next_retry_at limit greatest(o.room, 0)) q
  ), picked as (
    select d.id, d.lead_id, d.priority, d.nth, d.next_retry_at from due d
     where d.nth <= d.room order by d.priority, d.nth, d.next_retry_at limit places
  ), judged as (
    select k.*,
           case when l.archived_at is not null then 'archived'
                when c.do_not_call then 'do_not_call'
                when c.phone is null then 'no_number' end as refusal
      from picked k
      join public.leads l on l.organization_id = organization and l.id = k.lead_id
      join public.contacts c on c.organization_id = organization and c.id = l.contact_id
  )
  select array_agg(j.id order by j.priority, j.nth, j.next_retry_at) filter (where j.refusal is null),
         array_agg(j.id order by j.id) filter (where j.refusal is not null),
         array_agg(j.refusal order by j.id) filter (where j.refusal is not null)
    into chosen, refused, reasons from judged j;

  if refused is not null then
    update public.call_queue q
       set status = 'processing', lease_owner = worker, lease_expires_at = now() + make_interval(secs => lease_seconds)
     where q.organization_id = organization and q.id = any (refused) and q.status = 'queued';
    update public.call_queue q
       set status = 'failed', lease_owner = null, lease_expires_at = null, last_error = r.reason,
           last_outcome = case r.reason when 'do_not_call' then 'do_not_call' else 'not_eligible' end
      from unnest(refused, reasons) r (id, reason)
     where q.organization_id = organization and q.id = r.id and q.status = 'processing';
  end if;
  if chosen is null then
    return;
  end if;

  granted := private.take_quota(organization, 'ai_calls_per_month', cardinality(chosen), business_now);
  if granted = 0 then
    -- nobody is skipped: the campaigns wait for the next month or a larger plan (private.tend_campaigns); one
    -- whose row a call's cost holds at this moment is paused by the next claim, waiting could be a deadlock
    update public.campaigns c set status = 'paused', pause_reason = 'quota'
     where c.organization_id = organization and c.id in (
       select r.id from public.campaigns r where r.organization_id = organization and r.status = 'running'
        order by r.id for update skip locked);
    return;
  end if;
  return query
  with claimed as (
    update public.call_queue q
       set status = 'processing', lease_owner = worker,
           lease_expires_at = now() + make_interval(secs => lease_seconds),
           quota_taken_on = (business_now at time zone org.time_zone)::date
     where q.organization_id = organization and q.id = any (chosen[1:granted]) and q.status = 'queued'
    returning q.id, q.campaign_id
  ), paced as (
    insert into private.campaign_pace as p (organization_id, campaign_id, minute, started)
      select organization, k.campaign_id, this_minute, count(*) from claimed k group by k.campaign_id
    on conflict (organization_id, campaign_id) do update
      set started = excluded.started + case when p.minute = excluded.minute then p.started else 0 end,
          minute = excluded.minute
  )
  select k.id from claimed k;
end $$;

-- Claims up to `batch` due calls for a worker, fairly: tenants take turns, the one served longest ago first,
-- each an equal share of the batch; what is left over goes to those who have more. A tenant that another
-- worker is serving at this moment is passed over. Each row is leased for `lease_seconds` and comes with
-- what the rules need; the worker then either begins the call (private.begin_calls) or returns it
-- (private.return_calls).
create function private.claim_calls(worker text, batch integer, lease_seconds integer, business_now timestamptz)
  returns table (organization_id uuid, queue_id uuid, campaign_id uuid, lead_id uuid, project_id uuid, contact_id uuid,
                 callee_number text, lead_time_zone text, consent_status text, consent_source text,
                 consent_at timestamptz, attempt smallint, max_attempts smallint, priority smallint,
                 lease_expires_at timestamptz, carrier text, caller_number text, rehearse_legal_hours boolean,
                 campaign_time_zone text, start_date date, end_date date, time_start time, time_end time,
                 calls_to_number_today integer)
  language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  tenants uuid[];
  hungry uuid[] := '{}';
  ids uuid[] := '{}';
  got uuid[];
  tenant uuid;
  share integer;
  later timestamptz;
begin
  select array_agg(t.organization_id order by t.last_served_at) into tenants
    from (select c.organization_id, c.last_served_at from private.call_tenants c
           where c.next_due_at <= business_now
           order by c.last_served_at limit batch for update skip locked) t;
  if tenants is null then
    return;
  end if;
  share := ceil(batch::numeric / cardinality(tenants));
  foreach tenant in array tenants loop
    select coalesce(array_agg(c), '{}') into got
      from private.claim_for_tenant(tenant, worker, least(share, batch - cardinality(ids)), lease_seconds, business_now) c;
    ids := ids || got;
    if cardinality(got) = share then
      hungry := hungry || tenant;
    end if;
    if cardinality(got) = 0 then
      -- nothing claimable: come back when something is due, or in a second where a limit stood in the way
      later := private.next_due(tenant, business_now);
      update private.call_tenants t
         set next_due_at = case when later <= business_now then business_now + interval '1 second' else later end,
             held_up = coalesce(later <= business_now, false)
       where t.organization_id = tenant;
    else
      update private.call_tenants t set last_served_at = clock_timestamp(), held_up = false where t.organization_id = tenant;
    end if;
  end loop;
  foreach tenant in array hungry loop
    exit when cardinality(ids) >= batch;
    select coalesce(array_agg(c), '{}') into got
      from private.claim_for_tenant(tenant, worker, batch - cardinality(ids), lease_seconds, business_now) c;
    ids := ids || got;
  end loop;
  return query
    select q.organization_id, q.id, q.campaign_id, q.lead_id, l.project_id, l.contact_id,
           c.phone, coalesce(c.time_zone, o.time_zone), c.consent_status, c.consent_source, c.consent_at,
           (q.attempt_count + 1)::smallint, q.max_attempts, q.priority, q.lease_expires_at,
           o.carrier, o.caller_id, o.rehearse_legal_hours,
           k.time_zone, k.start_date, k.end_date, k.time_start, k.time_end,
           (select count(*)::integer from public.call_logs g
             where g.organization_id = q.organization_id and g.callee_number = c.phone
               and g.created_at > business_now - interval '24 hours')
      from unnest(tenants) t (organization_id)
      join public.call_queue q on q.organization_id = t.organization_id and q.id = any (ids) and q.status = 'processing'
      join public.organizations o on o.id = q.organization_id
      join public.campaigns k on k.organization_id = q.organization_id and k.id = q.campaign_id
      join public.leads l on l.organization_id = q.organization_id and l.id = q.lead_id
      join public.contacts c on c.organization_id = l.organization_id and c.id = l.contact_id;
end $$;

-- Gives claimed calls back before anything was dialled. `calls`: [{"organization_id", "queue_id", "until",
-- "reason"}]; with `until` the call waits until then and no attempt is counted, without it is closed as not
-- eligible. The quota is given back. Only what this worker holds and has not begun; returns how many.
create function private.return_calls(worker text, calls jsonb) returns integer
  language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  tenant record;
  n integer := 0;
begin
  perform private.lock_tenants(array(select a.organization_id from jsonb_to_recordset(calls) as a (organization_id uuid)));
  for tenant in
    with asked as (
      select r.* from jsonb_to_recordset(calls) as r (organization_id uuid, queue_id uuid, until timestamptz, reason text)
    ), held as (
      select a.*, q.quota_taken_on from asked a
        join public.call_queue q on q.organization_id = a.organization_id and q.id = a.queue_id
       where q.status = 'processing' and q.lease_owner = worker
         and not exists (select 1 from public.call_logs c where c.organization_id = q.organization_id
                            and c.queue_id = q.id and c.finished_at is null)
       order by a.organization_id, a.queue_id for update of q
    ), returned as (
      update public.call_queue q
         set status = case when h.until is null then 'failed' else 'queued' end,
             next_retry_at = coalesce(h.until, q.next_retry_at), last_error = h.reason,
             last_outcome = case when h.until is not null then q.last_outcome
                                 when h.reason = 'do_not_call' then 'do_not_call' else 'not_eligible' end,
             lease_owner = null, lease_expires_at = null, quota_taken_on = null
        from held h where q.organization_id = h.organization_id and q.id = h.queue_id
      returning q.organization_id, h.quota_taken_on)
    select r.organization_id, r.quota_taken_on, count(*)::integer as calls from returned r group by 1, 2 order by 1, 2
  loop
    perform private.give_back_quota(tenant.organization_id, 'ai_calls_per_month', tenant.calls, tenant.quota_taken_on);
    n := n + tenant.calls;
  end loop;
  return n;
end $$;


-- triggers --------------------------------------------------------------------------------------------

-- identity/members.sql

create trigger teams_empty before delete on public.teams
  for each row execute function private.empty_team();

-- identity/memberships.sql

create trigger organizations_born after insert on public.organizations
  for each row execute function private.organization_is_born();

-- identity/organizations.sql

create trigger organizations_modified before update on public.organizations
  for each row execute function public.update_modified_column('versioned');
create trigger organizations_slug after insert or update of slug on public.organizations
  for each row execute function private.register_slug();
create trigger organizations_time_zone before insert or update of time_zone on public.organizations
  for each row execute function private.check_time_zone();
create trigger organizations_release_people before delete on public.organizations
  for each row execute function private.release_people();

-- identity/profiles.sql

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

-- identity/roles.sql

create trigger roles_modified before update on public.roles
  for each row execute function public.update_modified_column('versioned');
create trigger roles_permissions before insert or update of permissions on public.roles
  for each row execute function private.check_role_permissions();

-- identity/teams.sql

create trigger teams_modified before update on public.teams
  for each row execute function public.update_modified_column();

-- system/audit_logs.sql

create trigger audit_logs_append_only before update or delete on public.audit_logs
  for each row execute function private.refuse_rewriting();
create trigger audit_logs_no_truncate before truncate on public.audit_logs
  for each statement execute function private.refuse_rewriting();
create trigger audit_seals_append_only before update or delete on public.audit_seals
  for each row execute function private.refuse_rewriting();
create trigger audit_seals_no_truncate before truncate on public.audit_seals
  for each statement execute function private.refuse_rewriting();
create trigger platform_audit_logs_append_only before update or delete on public.platform_audit_logs
  for each row execute function private.refuse_rewriting();
-- Values may be deleted (retention, erasure), never changed.
create trigger audit_values_unchanged before update on public.audit_values
  for each row execute function private.refuse_rewriting();

select private.attach_audit('public.organizations');
select private.attach_audit('public.profiles', 'metadata');
select private.attach_audit('public.members');
select private.attach_audit('public.roles');
select private.attach_audit('public.teams');

-- system/inbox.sql

create trigger inbox_announced after insert on public.inbox
  for each row execute function private.announce_inbox();

-- billing/invoices.sql

create trigger invoices_modified before update on public.invoices
  for each row execute function public.update_modified_column();
-- "protect" runs before "set_number" (triggers fire by name): a number is not spent on a refused step.
create trigger invoices_protect before update or delete on public.invoices
  for each row execute function private.protect_invoice();
create trigger invoices_set_number before insert or update on public.invoices
  for each row execute function public.set_invoice_number();
create trigger invoices_protect_all before truncate on public.invoices
  for each statement execute function private.protect_invoice();

select private.attach_audit('public.invoices');

-- billing/payment_methods.sql

create trigger payment_methods_modified before update on public.payment_methods
  for each row execute function public.update_modified_column();
create trigger payment_methods_one_default before insert or update of is_default on public.payment_methods
  for each row execute function private.one_default_method();

select private.attach_audit('public.payment_methods');

-- billing/subscription_plans.sql

create trigger subscription_plans_modified before update on public.subscription_plans
  for each row execute function public.update_modified_column();

select private.attach_audit('public.subscription_plans');

-- billing/subscriptions.sql

create trigger subscriptions_modified before update on public.subscriptions
  for each row execute function public.update_modified_column('versioned');
create trigger subscriptions_step before update of status on public.subscriptions
  for each row execute function private.check_subscription_step();
create trigger subscriptions_tier after insert or update on public.subscriptions
  for each row execute function private.tier_follows();

select private.attach_audit('public.subscriptions');

-- billing/usage_logs.sql

create trigger usage_logs_modified before update on public.usage_logs
  for each row execute function public.update_modified_column();

create trigger leads_count_added after insert on public.leads
  referencing new table as fresh for each statement execute function private.count_added_rows('max_leads');
create trigger leads_count_removed after delete on public.leads
  referencing old table as gone for each statement execute function private.count_removed_rows('max_leads');
create trigger leads_count_archived after update on public.leads referencing new table as fresh old table as gone
  for each statement execute function private.count_archived_rows('max_leads');

create trigger projects_count_added after insert on public.projects
  referencing new table as fresh for each statement execute function private.count_added_rows('max_projects');
create trigger projects_count_removed after delete on public.projects
  referencing old table as gone for each statement execute function private.count_removed_rows('max_projects');
create trigger projects_count_archived after update on public.projects referencing new table as fresh old table as gone
  for each statement execute function private.count_archived_rows('max_projects');

create trigger campaigns_count_added after insert on public.campaigns
  referencing new table as fresh for each statement execute function private.count_added_rows('max_campaigns');
create trigger campaigns_count_removed after delete on public.campaigns
  referencing old table as gone for each statement execute function private.count_removed_rows('max_campaigns');
create trigger campaigns_count_archived after update on public.campaigns referencing new table as fresh old table as gone
  for each statement execute function private.count_archived_rows('max_campaigns');

-- Row level: people come and go one by one.
create trigger members_count_people after insert or delete or update of left_at on public.members
  for each row execute function private.count_people();

-- inventory/projects.sql

alter table public.projects alter column created_by set default private.author();
create trigger projects_modified before update on public.projects
  for each row execute function public.update_modified_column('versioned');
create trigger projects_archive before update of archived_at on public.projects
  for each row when (old.archived_at is distinct from new.archived_at)
  execute function private.require_permission('project.delete', 'archive or restore a project');

select private.attach_audit('public.projects');

-- inventory/properties.sql

alter table public.properties alter column created_by set default private.author();
create trigger properties_modified before update on public.properties
  for each row execute function public.update_modified_column('versioned');
create trigger properties_status before update of status on public.properties
  for each row when (old.status <> new.status) execute function private.check_property_status();
create trigger properties_archive before update of archived_at on public.properties
  for each row when (old.archived_at is distinct from new.archived_at)
  execute function private.require_permission('property.delete', 'archive or restore a property');
create trigger properties_changed after update on public.properties
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.property_changed();

select private.attach_audit('public.properties', 'public_price');

-- inventory/property_images.sql

create trigger property_images_modified before update on public.property_images
  for each row execute function public.update_modified_column();

-- crm/contacts.sql

alter table public.contacts alter column created_by set default private.author();
create trigger contacts_modified before update on public.contacts
  for each row execute function public.update_modified_column('versioned');
create trigger contacts_do_not_call before insert or update of do_not_call, do_not_call_reason on public.contacts
  for each row execute function private.stamp_do_not_call();
create trigger contacts_changed after update on public.contacts
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.contact_changed();

-- Who changed a number, a consent, a do-not-call; who deleted a person. How contacts arrive stands in the timeline.
create trigger audit_update after update on public.contacts
  referencing old table as audit_old new table as audit_new
  for each statement execute function private.audit_statement('phone_reversed', 'search');
create trigger audit_delete after delete on public.contacts
  referencing old table as audit_old for each statement execute function private.audit_statement();

-- crm/lead_activities.sql

alter table public.lead_activities alter column created_by set default private.author();
create trigger lead_activities_added after insert on public.lead_activities
  referencing new table as new_rows for each statement execute function private.activities_added();

-- crm/lead_imports.sql

alter table public.lead_imports alter column created_by set default private.author();
create trigger lead_imports_modified before update on public.lead_imports
  for each row execute function public.update_modified_column();
create trigger lead_imports_status before update of status on public.lead_imports
  for each row when (old.status <> new.status) execute function private.check_import_status();
create trigger lead_imports_changed after insert or update on public.lead_imports
  for each row execute function private.import_changed();

create trigger audit_insert after insert on public.lead_imports referencing new table as audit_new
  for each statement execute function private.audit_statement();

-- crm/leads.sql

alter table public.leads alter column created_by set default private.author();
create trigger leads_modified before update on public.leads
  for each row execute function public.update_modified_column('versioned');
-- Names are in the order in which they have to fire: the place first, then the question who may.
create trigger leads_a_place before insert on public.leads
  for each row when (new.stage_id is null or new.assigned_to is null) execute function private.place_lead();
create trigger leads_b_assignment before insert on public.leads
  for each row when (new.assigned_to is not null) execute function private.check_assignment();
create trigger leads_b_reassignment before update of assigned_to on public.leads
  for each row when (old.assigned_to is distinct from new.assigned_to) execute function private.check_assignment();
create trigger leads_archive before update of archived_at on public.leads
  for each row when (old.archived_at is distinct from new.archived_at)
  execute function private.require_permission('lead.delete', 'archive or restore a lead');
create trigger leads_stage before update of stage_id on public.leads
  for each row when (old.stage_id <> new.stage_id) execute function private.enter_stage();
create trigger leads_created after insert on public.leads
  referencing new table as new_rows for each statement execute function private.leads_created();
create trigger leads_changed after update on public.leads
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.leads_changed();
create trigger leads_deleted after delete on public.leads
  referencing old table as old_rows for each statement execute function private.leads_deleted();
create trigger members_free_leads after update of left_at on public.members
  for each row when (old.left_at is null and new.left_at is not null) execute function private.free_assignments();

-- What people do to leads. What jobs do stands in imports, calls and transitions, with more than an audit would say.
create trigger audit_insert after insert on public.leads referencing new table as audit_new
  for each statement when (private.acting_role() <> 'vantage_worker')
  execute function private.audit_statement();
create trigger audit_update after update on public.leads referencing old table as audit_old new table as audit_new
  for each statement when (private.acting_role() <> 'vantage_worker')
  execute function private.audit_statement('search', 'value', 'stage_entered_at', 'touches', 'last_touch_at');
create trigger audit_delete after delete on public.leads referencing old table as audit_old
  for each statement execute function private.audit_statement();

-- crm/pipeline_stage_templates.sql

create trigger pipeline_stage_templates_modified before update on public.pipeline_stage_templates
  for each row execute function public.update_modified_column();

-- crm/pipeline_stages.sql

create trigger pipeline_stages_modified before update on public.pipeline_stages
  for each row execute function public.update_modified_column('versioned');
create trigger projects_born after insert on public.projects
  for each row execute function private.project_is_born();
create trigger pipeline_stages_free after update of archived_at, kind or delete on public.pipeline_stages
  for each row execute function private.check_stage_is_free();

select private.attach_audit('public.pipeline_stages', 'position');

-- crm/pipelines.sql

create trigger pipelines_modified before update on public.pipelines
  for each row execute function public.update_modified_column('versioned');

select private.attach_audit('public.pipelines');

-- calling/call_logs.sql

create trigger call_logs_modified before update on public.call_logs
  for each row execute function public.update_modified_column();
create trigger call_logs_protect before update or delete on public.call_logs
  for each row execute function private.protect_call();
create trigger call_logs_protect_all before truncate on public.call_logs
  for each statement execute function private.protect_call();
create trigger call_logs_written after insert on public.call_logs referencing new table as fresh
  for each statement execute function private.call_written();
create trigger call_logs_moved after update on public.call_logs referencing new table as fresh old table as gone
  for each statement execute function private.call_moved();
create trigger organizations_forget_calls after delete on public.organizations
  for each row execute function private.forget_calls();

-- calling/call_queue.sql

create trigger call_queue_modified before update on public.call_queue
  for each row execute function public.update_modified_column();
create trigger call_queue_step before update of status on public.call_queue
  for each row when (old.status is distinct from new.status) execute function private.check_queue_step();
create trigger call_queue_grew after insert on public.call_queue referencing new table as fresh
  for each statement execute function private.queue_grew();
create trigger call_queue_changed after update on public.call_queue referencing new table as fresh
  for each statement execute function private.queue_grew();

-- calling/call_utterances.sql

create trigger call_utterances_open before insert on public.call_utterances
  for each row execute function private.check_call_is_open();

-- calling/campaigns.sql

alter table public.campaigns alter column created_by set default private.author();
create trigger campaigns_modified before update on public.campaigns
  for each row execute function public.update_modified_column('versioned');
create trigger campaigns_step before insert or delete or update of status, archived_at, pause_reason on public.campaigns
  for each row execute function private.check_campaign_step();
create trigger campaigns_stepped after update of status on public.campaigns
  for each row when (old.status is distinct from new.status) execute function private.campaign_stepped();
create trigger campaigns_time_zone before insert or update of time_zone on public.campaigns
  for each row execute function private.check_time_zone();
-- What calls cost is in the calls.
select private.attach_audit('public.campaigns', 'spent_amount');


-- grants ----------------------------------------------------------------------------------------------

revoke all on all tables in schema public from public, anon, authenticated, service_role;
revoke all on all sequences in schema public from public, anon, authenticated, service_role;
revoke execute on all functions in schema public from public, anon, authenticated, service_role;
revoke execute on all functions in schema private from public;

-- identity/members.sql

revoke all on public.members from anon, authenticated, service_role;
grant select on public.members to authenticated, vantage_worker, service_role;
-- joined_at, left_at and who belongs change through private.admit_member() and private.remove_member().
grant update (team_id) on public.members to authenticated;

-- identity/memberships.sql

grant execute on function private.create_organization(text, text, jsonb), private.change_member(uuid, text, uuid),
  private.remove_member(uuid), private.delete_organization(text), private.choose_carrier(text) to authenticated;
grant execute on function private.ensure_profile(uuid) to vantage_worker;

-- identity/organizations.sql

revoke all on public.organizations from anon, authenticated, service_role;
grant select on public.organizations to authenticated, vantage_worker, service_role;
-- tier follows the subscription, status belongs to the platform, is_demo is fixed at birth,
-- carrier and caller id change through private.choose_carrier(): none of them stands here.
grant update (name, settings, company_name, gstin, address_line_1, address_line_2, city, state, pincode,
              contact_number, time_zone, default_region, onboarding_status, rehearse_legal_hours)
  on public.organizations to authenticated;

-- identity/permissions.sql

revoke all on public.permissions from anon, authenticated, service_role;
grant select on public.permissions to authenticated, vantage_worker, service_role;

-- identity/profiles.sql

revoke all on public.profiles from anon, authenticated, service_role;
grant select on public.profiles to authenticated, vantage_worker, service_role;
-- organisation, role, system role and e-mail are nobody's to change through the own profile.
grant update (full_name, phone, avatar_url, metadata) on public.profiles to authenticated;

-- identity/rights.sql

grant execute on function private.claims(), private.claim_uuid(text), private.person_id(), private.org_id(),
  private.billing_org_id(), private.only_looks(text), private.has_permission(text), private.lead_scope(),
  private.team_people(), private.system_role() to authenticated, vantage_worker;
grant execute on function public.get_auth_org_id(), public.get_auth_system_role(),
  public.auth_has_permission(text) to authenticated, vantage_worker;

-- identity/roles.sql

revoke all on public.roles from anon, authenticated, service_role;
grant select, delete on public.roles to authenticated, service_role;
grant select on public.roles to vantage_worker;
grant insert (organization_id, id, name, description, permissions),
      update (name, description, permissions) on public.roles to authenticated;

-- identity/sessions.sql

grant execute on function private.within_rate(text, integer, interval), private.account_by_email(text),
  private.create_account(text, text, text), private.set_password(uuid, text),
  private.rehash_password(uuid, text),
  private.open_session(uuid, bytea, text, interval, uuid), private.session_principal(bytea, uuid),
  private.principal(uuid, uuid),
  private.close_session(uuid), private.add_refresh_token(uuid, bytea),
  private.rotate_refresh_token(bytea, bytea), private.sweep_sessions() to vantage_worker;

-- identity/teams.sql

revoke all on public.teams from anon, authenticated, service_role;
grant select, delete on public.teams to authenticated, vantage_worker, service_role;
grant insert (organization_id, id, name), update (name) on public.teams to authenticated;

-- system/audit_logs.sql

revoke all on public.audit_logs, public.audit_values, public.audit_seals, public.platform_audit_logs
  from anon, authenticated, service_role;
grant select on public.audit_logs, public.audit_values, public.audit_seals to authenticated, service_role;
grant select on public.platform_audit_logs to authenticated, service_role;
grant execute on function private.seal_audit(integer), private.broken_seal(uuid) to vantage_worker;

-- system/idempotency_keys.sql

revoke all on public.idempotency_keys from anon, authenticated, service_role;
grant select on public.idempotency_keys to authenticated, service_role;
grant insert (organization_id, person_id, key, request_digest, status, body)
  on public.idempotency_keys to authenticated;
grant execute on function private.sweep_idempotency_keys() to vantage_worker;

-- system/impersonation_sessions.sql

revoke all on public.impersonation_sessions from anon, authenticated, service_role;
grant select on public.impersonation_sessions to authenticated, service_role;

-- system/inbox.sql

revoke all on public.inbox from anon, authenticated, service_role;
grant select on public.inbox to authenticated, service_role;
grant select, insert on public.inbox to vantage_worker;
grant update (status, attempts, next_attempt_at, result, error, processed_at) on public.inbox to vantage_worker;
grant execute on function private.organizations_with_inbox(integer) to vantage_worker;

-- system/outbox.sql

revoke all on public.outbox from anon, authenticated, service_role;
-- Events name what changed, never what it holds: the page asks for the fragment and the policies answer.
grant select (organization_id, id, topic, key, seq, created_at) on public.outbox to authenticated;
grant select on public.outbox to vantage_worker, service_role;
grant execute on function private.publish_outbox(integer), private.sweep_outbox(interval) to vantage_worker;

-- system/websocket_sessions.sql

revoke all on public.websocket_sessions from anon, authenticated, service_role;
grant select, delete on public.websocket_sessions to authenticated, vantage_worker, service_role;
grant insert (organization_id, id, user_id, connection_id, process_id, metadata)
  on public.websocket_sessions to authenticated;
grant execute on function private.heartbeat_websockets(uuid), private.sweep_websockets(interval) to vantage_worker;

-- billing/billing_run.sql

grant execute on function private.run_billing(timestamptz) to vantage_worker;

-- billing/invoices.sql

revoke all on public.invoices from anon, authenticated, service_role;
grant select on public.invoices to authenticated, vantage_worker, service_role;
grant execute on function private.settle_invoice(uuid, uuid, text, text, numeric, text, timestamptz) to vantage_worker;

-- billing/payment_methods.sql

revoke all on public.payment_methods from anon, authenticated, service_role;
grant select, delete on public.payment_methods to authenticated;
grant select on public.payment_methods to vantage_worker, service_role;
grant insert (organization_id, id, type, gateway, gateway_customer_id, gateway_payment_method_id, brand, last4,
              expiry_month, expiry_year, upi_handle, is_default),
      update (is_default) on public.payment_methods to authenticated;

-- billing/subscription_plans.sql

revoke all on public.subscription_plans from anon, authenticated, service_role;
grant select on public.subscription_plans to anon, authenticated, vantage_worker, service_role;

-- billing/subscriptions.sql

revoke all on public.subscriptions from anon, authenticated, service_role;
grant select on public.subscriptions to authenticated, vantage_worker, service_role;
grant execute on function private.plan_in_force(uuid, timestamptz) to vantage_worker;
grant execute on function private.cancel_at_period_end(boolean) to authenticated;

-- billing/usage_logs.sql

revoke all on public.usage_logs from anon, authenticated, service_role;
grant select on public.usage_logs to authenticated, vantage_worker, service_role;
grant execute on function private.reserve_quota(uuid, text, integer), private.release_quota(uuid, text, integer, date),
  private.quota_state(uuid, text, timestamptz) to vantage_worker;
grant execute on function private.quotas() to authenticated, vantage_worker;

-- inventory/project_inventory.sql

revoke all on public.project_inventory from anon, authenticated, service_role;
grant select on public.project_inventory to anon, authenticated, vantage_worker, service_role;

-- inventory/projects.sql

revoke all on public.projects from anon, authenticated, service_role;
grant select on public.projects to authenticated, vantage_worker, service_role;
grant delete on public.projects to authenticated;
grant insert (organization_id, id, name, description, project_type, status, address, locality, city, state, pincode,
              rera_number, possession_date, completion_date, amenities, image_url, image_path, image_alt,
              is_published, public_slug, enquiry_consent_text),
      update (name, description, project_type, status, address, locality, city, state, pincode,
              rera_number, possession_date, completion_date, amenities, image_url, image_path, image_alt,
              is_published, public_slug, enquiry_consent_text, archived_at)
  on public.projects to authenticated;
-- What a stranger reads of a published project: no versions, people or bookkeeping.
grant select (organization_id, id, name, description, project_type, status, address, locality, city, state, pincode,
              rera_number, possession_date, completion_date, amenities, image_url, image_path, image_alt,
              public_slug, enquiry_consent_text)
  on public.projects to anon;
grant execute on function private.author() to authenticated, vantage_worker;
grant execute on function private.require_permission() to authenticated, vantage_worker;
grant execute on function private.is_public(uuid), private.find_public_project(text, text) to anon;

-- inventory/properties.sql

revoke all on public.properties from anon, authenticated, service_role;
grant select on public.properties to authenticated, vantage_worker, service_role;
grant delete on public.properties to authenticated;
grant insert (organization_id, id, project_id, title, description, type, status, price, price_undisclosed, size_sqft,
              bedrooms, bathrooms, configuration, tower, floor, unit_number, facing, address, amenities),
      update (project_id, title, description, type, status, price, price_undisclosed, size_sqft,
              bedrooms, bathrooms, configuration, tower, floor, unit_number, facing, address, amenities, archived_at)
  on public.properties to authenticated;
-- A stranger sees public_price, never price.
grant select (organization_id, id, project_id, title, description, type, status, public_price, size_sqft, bedrooms,
              bathrooms, configuration, tower, floor, unit_number, facing, address, amenities, archived_at)
  on public.properties to anon;
grant execute on function private.check_property_status() to authenticated;

-- inventory/property_features.sql

revoke all on public.property_features from anon, authenticated, service_role;
grant select on public.property_features to authenticated, vantage_worker, service_role;
grant delete on public.property_features to authenticated;
grant insert (organization_id, id, property_id, feature_name) on public.property_features to authenticated;
grant select (organization_id, id, property_id, feature_name) on public.property_features to anon;

-- inventory/property_images.sql

revoke all on public.property_images from anon, authenticated, service_role;
grant select on public.property_images to authenticated, vantage_worker, service_role;
grant delete on public.property_images to authenticated;
grant insert (organization_id, id, property_id, url, path, alt, is_featured, order_index),
      update (url, path, alt, is_featured, order_index) on public.property_images to authenticated;
grant select (organization_id, id, property_id, url, path, alt, is_featured, order_index)
  on public.property_images to anon;

-- crm/accept_leads.sql

revoke all on type private.arriving_lead, private.arriving_fields from public;
grant execute on function private.accept_leads(jsonb, uuid, uuid) to authenticated, vantage_worker;

-- crm/contacts.sql

revoke all on public.contacts from anon, authenticated, service_role;
grant select on public.contacts to authenticated, vantage_worker, service_role;
grant delete on public.contacts to authenticated;
grant insert (organization_id, id, name, phone, further_phones, email, language, time_zone, consent_status,
              consent_source, consent_at, consent_text, do_not_call, do_not_call_reason, whatsapp_opt_in)
  on public.contacts to authenticated;
-- The worker writes what a person said in a call: do not call me, this is my name, speak Hindi.
grant update (name, phone, further_phones, email, language, time_zone, consent_status, consent_source, consent_at,
              consent_text, do_not_call, do_not_call_reason, whatsapp_opt_in)
  on public.contacts to authenticated, vantage_worker;
grant execute on function private.lead_scope_with(text), private.masked_contact(uuid, uuid),
  private.masked_phone(text), private.masked_email(text), private.stamp_do_not_call()
  to authenticated, vantage_worker;
-- The view lead_cards names it; a role that may read the view must be able to start it.
grant execute on function private.masked_contact(uuid, uuid) to service_role;

-- crm/lead_activities.sql

revoke all on public.lead_activities from anon, authenticated, service_role;
grant select on public.lead_activities to authenticated, vantage_worker, service_role;
grant delete on public.lead_activities to authenticated;
-- The timeline is written, not rewritten; who wrote is not the writer's to say.
grant insert (organization_id, id, lead_id, type, content, call_id) on public.lead_activities to authenticated, vantage_worker;

-- crm/lead_cards.sql

revoke all on public.lead_cards, public.lead_timeline from anon, authenticated, service_role;
grant select on public.lead_cards, public.lead_timeline to authenticated, vantage_worker, service_role;

-- crm/lead_import_rows.sql

revoke all on public.lead_import_rows from anon, authenticated, service_role;
grant select on public.lead_import_rows to authenticated, vantage_worker, service_role;

-- crm/lead_imports.sql

revoke all on public.lead_imports from anon, authenticated, service_role;
grant select on public.lead_imports to authenticated, vantage_worker, service_role;
grant insert (organization_id, id, project_id, file_name, file_key, file_digest, mapping) on public.lead_imports to authenticated;
grant update (status, total_rows, mapping, error, started_at, finished_at) on public.lead_imports to vantage_worker;
grant execute on function private.check_import_status(), private.imports_to_read(integer) to vantage_worker;

-- crm/lead_stage_transitions.sql

revoke all on public.lead_stage_transitions from anon, authenticated, service_role;
grant select on public.lead_stage_transitions to authenticated, vantage_worker, service_role;

-- crm/leads.sql

revoke all on public.leads from anon, authenticated, service_role;
grant select on public.leads to authenticated, vantage_worker, service_role;
grant delete on public.leads to authenticated;
grant insert (organization_id, id, contact_id, project_id, stage_id, assigned_to, source, source_detail, external_id,
              callback_at, interest, budget_min, budget_max, configuration, location, timeline, purpose, notes,
              custom_fields)
  on public.leads to authenticated;
-- A person does not rewrite where a lead came from, nor what calls found out about it.
grant update (stage_id, assigned_to, callback_at, abuse_flag, abuse_details, rejection_reason, interest, budget_min,
              budget_max, configuration, location, timeline, purpose, notes, custom_fields, archived_at)
  on public.leads to authenticated;
grant update (stage_id, assigned_to, callback_at, abuse_flag, abuse_details, rejection_reason, interest, budget_min,
              budget_max, configuration, location, timeline, purpose, notes, custom_fields,
              call_status, last_call_id, last_contacted_at, score, score_reasons)
  on public.leads to vantage_worker;
grant execute on function private.acting_role(), private.change_source(), private.check_assignment(),
  private.enter_stage() to authenticated, vantage_worker;

-- crm/pipeline_stage_templates.sql

revoke all on public.pipeline_stage_templates from anon, authenticated, service_role;
grant select on public.pipeline_stage_templates to authenticated, vantage_worker, service_role;
grant delete on public.pipeline_stage_templates to authenticated;
grant insert (organization_id, id, pipeline_id, key, name, kind, color, order_index, stale_days),
      update (name, kind, color, order_index, stale_days) on public.pipeline_stage_templates to authenticated;

-- crm/pipeline_stages.sql

revoke all on public.pipeline_stages from anon, authenticated, service_role;
grant select on public.pipeline_stages to authenticated, vantage_worker, service_role;
grant delete on public.pipeline_stages to authenticated;
grant insert (organization_id, id, project_id, pipeline_id, template_key, name, kind, color, order_index, stale_days),
      update (name, kind, color, order_index, stale_days, archived_at) on public.pipeline_stages to authenticated;

-- crm/pipelines.sql

revoke all on public.pipelines from anon, authenticated, service_role;
grant select on public.pipelines to authenticated, vantage_worker, service_role;
grant delete on public.pipelines to authenticated;
grant insert (organization_id, id, name, is_default), update (name, is_default) on public.pipelines to authenticated;

-- crm/search_leads.sql

grant execute on function private.search_leads(text, integer) to authenticated, vantage_worker;

-- calling/call_logs.sql

revoke all on public.call_logs from anon, authenticated, service_role;
grant select on public.call_logs to vantage_worker, service_role;
-- Not the numbers: row security cannot mask a column, private.call_numbers() does.
grant select (organization_id, id, queue_id, campaign_id, lead_id, project_id, attempt, carrier, call_sid, direction, status,
              outcome, created_at, answered_at, ended_at, duration, billed_seconds, cost, recording_url,
              recording_seconds, conversation_transcript, ai_analysis, transferred, disconnect_reason,
              disconnect_notes, proof, finished_at, reconciled_at, updated_at)
  on public.call_logs to authenticated;
grant execute on function private.call_numbers(uuid[]) to authenticated, vantage_worker;

-- calling/call_queue.sql

revoke all on public.call_queue from anon, authenticated, service_role;
grant select on public.call_queue to authenticated, vantage_worker, service_role;

-- calling/call_utterances.sql

revoke all on public.call_utterances from anon, authenticated, service_role;
grant select on public.call_utterances to authenticated, service_role;
grant select, insert on public.call_utterances to vantage_worker;

-- calling/campaign_leads.sql

revoke all on public.campaign_leads from anon, authenticated, service_role;
grant select on public.campaign_leads to authenticated, vantage_worker, service_role;
grant execute on function private.enrol_leads(uuid, jsonb) to authenticated, vantage_worker;
grant execute on function private.campaigns_to_enrol(integer) to vantage_worker;

-- calling/campaigns.sql

revoke all on public.campaigns from anon, authenticated, service_role;
grant select on public.campaigns to authenticated, vantage_worker, service_role;
grant delete on public.campaigns to authenticated;
grant insert (organization_id, id, project_id, name, description, always_on, audience, script, language, voice, time_zone,
              start_date, end_date, time_start, time_end, max_attempts, calls_per_minute, max_concurrent, budget_amount),
      update (name, description, status, always_on, audience, script, language, voice, time_zone, start_date, end_date,
              time_start, time_end, max_attempts, calls_per_minute, max_concurrent, budget_amount, archived_at)
  on public.campaigns to authenticated;
grant update (status, pause_reason) on public.campaigns to vantage_worker;

-- calling/dialler_calls.sql

grant execute on function private.begin_calls(text, jsonb), private.tenant_of_call(text),
  private.record_call_event(uuid, uuid, text, jsonb), private.finish_call(uuid, uuid, text, timestamptz, jsonb), private.finish_calls(jsonb),
  private.renew_leases(text, uuid[], integer), private.release_expired_leases(text, integer, integer),
  private.tend_campaigns(timestamptz) to vantage_worker;

-- calling/dialler_claim.sql

grant execute on function private.claim_calls(text, integer, integer, timestamptz), private.return_calls(text, jsonb)
  to vantage_worker;


-- policies --------------------------------------------------------------------------------------------

-- Last and quickly: on Supabase a policy's creation holds up sign-ins until the end of the transaction.
set local lock_timeout = '5s';

-- identity/members.sql

alter table public.members enable row level security;

-- Everyone sees the colleagues: names stand on cards, notes and transitions.
create policy "View org members" on public.members
  for select to authenticated, vantage_worker using (organization_id = (select private.org_id()));
create policy "Move members between teams" on public.members for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('team.manage')))
  with check (organization_id = (select private.org_id()));

-- identity/organizations.sql

alter table public.organizations enable row level security;
alter table private.slugs enable row level security;

create policy "View own organization" on public.organizations
  for select to authenticated, vantage_worker using (id = (select private.org_id()));

create policy "Change own organization" on public.organizations
  for update to authenticated
  using (id = (select private.org_id()) and (select private.has_permission('settings.edit')))
  with check (id = (select private.org_id()));

-- The registry is reached through definer functions alone.
create policy "No direct access" on private.slugs for select using (false);

-- identity/permissions.sql

alter table public.permissions enable row level security;

-- The list holds no tenant's data; the role editor shows it.
create policy "View permissions" on public.permissions
  for select to authenticated, vantage_worker using (true);

-- identity/profiles.sql

alter table public.profiles enable row level security;

-- One's own row even without an organisation, and the colleagues'.
create policy "View profiles" on public.profiles for select to authenticated, vantage_worker
  using (id = (select private.person_id()) or organization_id = (select private.org_id()));
create policy "Update own profile" on public.profiles for update to authenticated
  using (id = (select private.person_id())) with check (id = (select private.person_id()));

-- identity/roles.sql

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

-- identity/sessions.sql

alter table private.sessions enable row level security;
alter table private.refresh_tokens enable row level security;
alter table private.rate_limits enable row level security;

create policy "No direct access" on private.sessions for select using (false);
create policy "No direct access" on private.refresh_tokens for select using (false);
create policy "No direct access" on private.rate_limits for select using (false);

-- identity/teams.sql

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

-- system/audit_logs.sql

alter table public.audit_logs enable row level security;
alter table public.audit_values enable row level security;
alter table public.audit_seals enable row level security;
alter table public.platform_audit_logs enable row level security;
alter table private.audit_unsealed enable row level security;

create policy "View org audit" on public.audit_logs for select to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('audit.view')));
create policy "View org audit values" on public.audit_values for select to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('audit.view')));
create policy "View org audit seals" on public.audit_seals for select to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('audit.view')));
create policy "View platform audit" on public.platform_audit_logs for select to authenticated
  using ((select private.system_role()) = 'platform_admin');
create policy "No direct access" on private.audit_unsealed for select using (false);

-- system/idempotency_keys.sql

alter table public.idempotency_keys enable row level security;

create policy "View own keys" on public.idempotency_keys for select to authenticated
  using (organization_id = (select private.org_id()) and person_id = (select private.person_id()));
create policy "Remember own answers" on public.idempotency_keys for insert to authenticated
  with check (organization_id = (select private.org_id()) and person_id = (select private.person_id()));

-- system/impersonation_sessions.sql

alter table public.impersonation_sessions enable row level security;

-- The tenant sees who of the operator was in its house, and the admin the own sessions.
create policy "View impersonation sessions" on public.impersonation_sessions for select to authenticated
  using (admin_id = (select private.person_id())
         or (organization_id = (select private.org_id()) and (select private.has_permission('audit.view'))));

-- system/inbox.sql

alter table public.inbox enable row level security;

-- Raw deliveries hold numbers and addresses: for those who may change settings.
create policy "View org deliveries" on public.inbox for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('settings.edit')));
create policy "Accept deliveries" on public.inbox for insert to vantage_worker
  with check (organization_id = (select private.org_id()));
create policy "Process deliveries" on public.inbox for update to vantage_worker
  using (organization_id = (select private.org_id())) with check (organization_id = (select private.org_id()));

-- system/outbox.sql

alter table public.outbox enable row level security;
alter table private.event_counters enable row level security;

create policy "View org events" on public.outbox
  for select to authenticated, vantage_worker using (organization_id = (select private.org_id()));
create policy "No direct access" on private.event_counters for select using (false);

-- system/websocket_sessions.sql

alter table public.websocket_sessions enable row level security;

create policy "View org sessions" on public.websocket_sessions
  for select to authenticated, vantage_worker using (organization_id = (select private.org_id()));
create policy "Open own session" on public.websocket_sessions for insert to authenticated
  with check (organization_id = (select private.org_id()) and user_id = (select private.person_id()));
create policy "Close own session" on public.websocket_sessions for delete to authenticated
  using (organization_id = (select private.org_id()) and user_id = (select private.person_id()));
create policy "Close sessions" on public.websocket_sessions for delete to vantage_worker
  using (organization_id = (select private.org_id()));

-- billing/invoices.sql

alter table public.invoices enable row level security;
alter table private.invoice_counters enable row level security;
alter table private.invoice_numbers enable row level security;

create policy "View org invoices" on public.invoices for select to authenticated, vantage_worker
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.view')));
create policy "No direct access" on private.invoice_counters for select using (false);
create policy "No direct access" on private.invoice_numbers for select using (false);

-- billing/payment_methods.sql

alter table public.payment_methods enable row level security;

-- billing_org_id: a suspended organisation's owner has to be able to pay.
create policy "View org payment methods" on public.payment_methods for select to authenticated, vantage_worker
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.view')));
create policy "Add payment methods" on public.payment_methods for insert to authenticated
  with check (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.manage')));
create policy "Choose the default payment method" on public.payment_methods for update to authenticated
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.manage')))
  with check (organization_id = (select private.billing_org_id()));
create policy "Remove payment methods" on public.payment_methods for delete to authenticated
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.manage')));

-- billing/seller.sql

alter table private.seller enable row level security;
create policy "No direct access" on private.seller for select using (false);

-- billing/subscription_plans.sql

alter table public.subscription_plans enable row level security;

-- The price page is public on purpose.
create policy "Anyone sees offered plans" on public.subscription_plans for select to anon using (is_active);
-- A plan that is no longer offered stays visible to those who have it.
create policy "View plans" on public.subscription_plans for select to authenticated, vantage_worker
  using (is_active or exists (select 1 from public.subscriptions s
                               where s.organization_id = (select private.billing_org_id())
                                 and s.plan_id = subscription_plans.id));

-- billing/subscriptions.sql

alter table public.subscriptions enable row level security;

-- Everyone in the organisation may know its plan; a suspended one's owner too, to pay.
create policy "View org subscription" on public.subscriptions for select to authenticated, vantage_worker
  using (organization_id = (select private.billing_org_id()));

-- billing/usage_logs.sql

alter table public.usage_logs enable row level security;

create policy "View org usage" on public.usage_logs for select to authenticated, vantage_worker
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.view')));

-- inventory/projects.sql

alter table public.projects enable row level security;

create policy "View org projects" on public.projects for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('project.view')));
-- The page that its organisation published, archived and suspended ones left out.
create policy "View published projects" on public.projects for select to anon
  using (is_published and archived_at is null and private.is_public(organization_id));
create policy "Create projects" on public.projects for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('project.create')));
create policy "Change projects" on public.projects for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('project.edit')))
  with check (organization_id = (select private.org_id()));
-- A project with leads or properties is refused by their references: archive it instead.
create policy "Delete projects" on public.projects for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('project.delete')));

-- inventory/properties.sql

alter table public.properties enable row level security;

create policy "View org properties" on public.properties for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.view')));
-- Those of published projects: the projects that anon sees at all.
create policy "View published properties" on public.properties for select to anon
  using (archived_at is null and exists (
    select 1 from public.projects p
     where p.organization_id = properties.organization_id and p.id = properties.project_id));
create policy "Create properties" on public.properties for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('property.create')));
create policy "Change properties" on public.properties for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')))
  with check (organization_id = (select private.org_id()));
create policy "Delete properties" on public.properties for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.delete')));

-- inventory/property_features.sql

alter table public.property_features enable row level security;

create policy "View org property features" on public.property_features for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.view')));
create policy "View published property features" on public.property_features for select to anon
  using (exists (select 1 from public.properties p
                  where p.organization_id = property_features.organization_id and p.id = property_features.property_id));
-- Tags are part of the property: its edit permission covers them. They are added and removed, never changed.
create policy "Add property features" on public.property_features for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')));
create policy "Delete property features" on public.property_features for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')));

-- inventory/property_images.sql

alter table public.property_images enable row level security;

create policy "View org property images" on public.property_images for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.view')));
create policy "View published property images" on public.property_images for select to anon
  using (exists (select 1 from public.properties p
                  where p.organization_id = property_images.organization_id and p.id = property_images.property_id));
-- Pictures are part of the property: its edit permission covers them.
create policy "Add property images" on public.property_images for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')));
create policy "Change property images" on public.property_images for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')))
  with check (organization_id = (select private.org_id()));
create policy "Delete property images" on public.property_images for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')));

-- crm/contacts.sql

alter table public.contacts enable row level security;

-- Numbers are seen with the permission for numbers, of people whose leads one sees.
create policy "View org contacts" on public.contacts for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope_with('lead.view_numbers'))
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = contacts.organization_id and l.contact_id = contacts.id) end);
create policy "Create contacts" on public.contacts for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('lead.create')));
create policy "Change contacts" on public.contacts for update to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope_with('lead.edit'))
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = contacts.organization_id and l.contact_id = contacts.id) end)
  with check (organization_id = (select private.org_id()));
-- Deleting a person takes along all leads, a colleague's too: for those who see every lead.
create policy "Delete contacts" on public.contacts for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.lead_scope_with('lead.delete')) = 'all');

-- crm/lead_activities.sql

alter table public.lead_activities enable row level security;

create policy "View org activities" on public.lead_activities for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope())
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = lead_activities.organization_id and l.id = lead_activities.lead_id) end);
-- People log what they did; what arrived, was assigned or happened by itself is written by functions and jobs.
create policy "Add activities" on public.lead_activities for insert to authenticated, vantage_worker
  with check (organization_id = (select private.org_id())
    and (current_user = 'vantage_worker' or (type in ('note', 'call', 'email', 'message', 'visit') and call_id is null))
    and case (select private.lead_scope_with('lead.edit'))
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = lead_activities.organization_id and l.id = lead_activities.lead_id) end);
-- A slip of the pen: the own note.
create policy "Delete own notes" on public.lead_activities for delete to authenticated
  using (organization_id = (select private.org_id()) and type = 'note' and created_by = (select private.person_id()));

-- crm/lead_import_rows.sql

alter table public.lead_import_rows enable row level security;

create policy "View org import rows" on public.lead_import_rows for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('lead.import')));

-- crm/lead_imports.sql

alter table public.lead_imports enable row level security;

create policy "View org imports" on public.lead_imports for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('lead.import')));
create policy "Start imports" on public.lead_imports for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('lead.import')));
create policy "Carry out imports" on public.lead_imports for update to vantage_worker
  using (organization_id = (select private.org_id())) with check (organization_id = (select private.org_id()));

-- crm/lead_stage_transitions.sql

alter table public.lead_stage_transitions enable row level security;

create policy "View org transitions" on public.lead_stage_transitions for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope())
        when 'all' then true
        when 'none' then false
        else exists (select 1 from public.leads l
                      where l.organization_id = lead_stage_transitions.organization_id
                        and l.id = lead_stage_transitions.lead_id) end);

-- crm/leads.sql

alter table public.leads enable row level security;

-- Only the branch that is taken asks its helper. Unassigned leads are seen by those who see all.
create policy "View org leads" on public.leads for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope())
        when 'all' then true
        when 'own' then assigned_to = (select private.person_id())
        when 'team' then assigned_to = any ((select private.team_people())::uuid[])
        else false end);
-- Nobody adds a lead that they could not see; place_lead() has put a name on it.
create policy "Create leads" on public.leads for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('lead.create')));
create policy "Change leads" on public.leads for update to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope_with('lead.edit'))
        when 'all' then true
        when 'own' then assigned_to = (select private.person_id())
        when 'team' then assigned_to = any ((select private.team_people())::uuid[])
        else false end)
  with check (organization_id = (select private.org_id()));
create policy "Delete leads" on public.leads for delete to authenticated
  using (organization_id = (select private.org_id())
    and case (select private.lead_scope_with('lead.delete'))
        when 'all' then true
        when 'own' then assigned_to = (select private.person_id())
        when 'team' then assigned_to = any ((select private.team_people())::uuid[])
        else false end);

-- crm/pipeline_stage_templates.sql

alter table public.pipeline_stage_templates enable row level security;

create policy "View org stage templates" on public.pipeline_stage_templates for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()));
create policy "Create stage templates" on public.pipeline_stage_templates for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));
create policy "Change stage templates" on public.pipeline_stage_templates for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')))
  with check (organization_id = (select private.org_id()));
create policy "Delete stage templates" on public.pipeline_stage_templates for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));

-- crm/pipeline_stages.sql

alter table public.pipeline_stages enable row level security;

create policy "View org stages" on public.pipeline_stages for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()));
create policy "Create stages" on public.pipeline_stages for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));
create policy "Change stages" on public.pipeline_stages for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')))
  with check (organization_id = (select private.org_id()));
-- A stage that leads stand in or went through is refused by their references: archive it instead.
create policy "Delete stages" on public.pipeline_stages for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));

-- crm/pipelines.sql

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

-- calling/call_logs.sql

alter table public.call_logs enable row level security;
alter table private.call_sids enable row level security;

-- Whoever sees all leads sees all calls; others see those of the leads that the policies of leads show them.
create policy "View org calls" on public.call_logs for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
         and ((select private.lead_scope_with('call.view')) = 'all'
              or ((select private.lead_scope_with('call.view')) in ('team', 'own')
                  and exists (select 1 from public.leads l
                               where l.organization_id = call_logs.organization_id and l.id = call_logs.lead_id))));
create policy "No direct access" on private.call_sids for select using (false);

-- calling/call_queue.sql

alter table public.call_queue enable row level security;
alter table private.call_tenants enable row level security;
alter table private.campaign_pace enable row level security;

create policy "View org call queue" on public.call_queue for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('campaign.view')));
create policy "No direct access" on private.call_tenants for select using (false);
create policy "No direct access" on private.campaign_pace for select using (false);

-- calling/call_utterances.sql

alter table public.call_utterances enable row level security;

-- As the call itself: its own policies answer.
create policy "View org utterances" on public.call_utterances for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
         and exists (select 1 from public.call_logs c where c.organization_id = call_utterances.organization_id
                                                        and c.id = call_utterances.call_log_id));
create policy "Write org utterances" on public.call_utterances for insert to vantage_worker
  with check (organization_id = (select private.org_id()));

-- calling/campaign_leads.sql

alter table public.campaign_leads enable row level security;

create policy "View org campaign leads" on public.campaign_leads for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('campaign.view')));

-- calling/campaigns.sql

alter table public.campaigns enable row level security;

create policy "View org campaigns" on public.campaigns for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('campaign.view')));
create policy "Create campaigns" on public.campaigns for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('campaign.create')));
-- campaign.run for a change of status is asked by the trigger, which sees the row before and after.
create policy "Change campaigns" on public.campaigns for update to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('campaign.edit')))
  with check (organization_id = (select private.org_id()));
create policy "Delete campaigns" on public.campaigns for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('campaign.delete')));


insert into private.schema_version (version) values (1);
  $schema$;
end
$vantage$;
