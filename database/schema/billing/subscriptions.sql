-- subscriptions: what an organisation has subscribed to; exactly one row each, born with the organisation.
-- Written by the functions here and by private.run_billing() alone.

-- @section tables

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

-- @section references

alter table public.subscriptions add constraint subscriptions_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.subscriptions add constraint subscriptions_plan_id_fkey
  foreign key (plan_id) references public.subscription_plans (id);
create index subscriptions_plan_id_idx on public.subscriptions (plan_id);
-- The billing run asks for what is due, over all organisations.
create index subscriptions_period_end_idx on public.subscriptions (current_period_end) where status <> 'cancelled';

-- @section functions

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

-- @section triggers

create trigger subscriptions_modified before update on public.subscriptions
  for each row execute function public.update_modified_column('versioned');
create trigger subscriptions_step before update of status on public.subscriptions
  for each row execute function private.check_subscription_step();
create trigger subscriptions_tier after insert or update on public.subscriptions
  for each row execute function private.tier_follows();

select private.attach_audit('public.subscriptions');

-- @section grants

revoke all on public.subscriptions from anon, authenticated, service_role;
grant select on public.subscriptions to authenticated, vantage_worker, service_role;
grant execute on function private.plan_in_force(uuid, timestamptz) to vantage_worker;
grant execute on function private.cancel_at_period_end(boolean) to authenticated;

-- @section policies

alter table public.subscriptions enable row level security;

-- Everyone in the organisation may know its plan; a suspended one's owner too, to pay.
create policy "View org subscription" on public.subscriptions for select to authenticated, vantage_worker
  using (organization_id = (select private.billing_org_id()));
