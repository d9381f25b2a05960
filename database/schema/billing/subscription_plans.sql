-- subscription_plans: what can be subscribed to, for the whole service. Read by anyone (the price page),
-- written by the operator. The limits in `features` are what the quota functions enforce.

-- @section tables

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

-- @section triggers

create trigger subscription_plans_modified before update on public.subscription_plans
  for each row execute function public.update_modified_column();

select private.attach_audit('public.subscription_plans');

-- @section grants

revoke all on public.subscription_plans from anon, authenticated, service_role;
grant select on public.subscription_plans to anon, authenticated, vantage_worker, service_role;

-- @section policies

alter table public.subscription_plans enable row level security;

-- The price page is public on purpose.
create policy "Anyone sees offered plans" on public.subscription_plans for select to anon using (is_active);
-- A plan that is no longer offered stays visible to those who have it.
create policy "View plans" on public.subscription_plans for select to authenticated, vantage_worker
  using (is_active or exists (select 1 from public.subscriptions s
                               where s.organization_id = (select private.billing_org_id())
                                 and s.plan_id = subscription_plans.id));
