-- organizations: the tenants. Every other tenant table hangs on this one by organization_id;
-- deleting a row here deletes the tenant, evidence (audit, invoices) excepted.

-- @section tables

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

-- @section references

alter table private.slugs add constraint slugs_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create index slugs_organization_id_idx on private.slugs (organization_id);

-- @section functions

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

-- @section triggers

create trigger organizations_modified before update on public.organizations
  for each row execute function public.update_modified_column('versioned');
create trigger organizations_slug after insert or update of slug on public.organizations
  for each row execute function private.register_slug();
create trigger organizations_time_zone before insert or update of time_zone on public.organizations
  for each row execute function private.check_time_zone();
create trigger organizations_release_people before delete on public.organizations
  for each row execute function private.release_people();

-- @section grants

revoke all on public.organizations from anon, authenticated, service_role;
grant select on public.organizations to authenticated, vantage_worker, service_role;
-- tier follows the subscription, status belongs to the platform, is_demo is fixed at birth,
-- carrier and caller id change through private.choose_carrier(): none of them stands here.
grant update (name, settings, company_name, gstin, address_line_1, address_line_2, city, state, pincode,
              contact_number, time_zone, default_region, onboarding_status, rehearse_legal_hours)
  on public.organizations to authenticated;

-- @section policies

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
