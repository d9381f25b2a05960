-- usage_logs: how much of each limit is used, one row per organisation, feature and period, and the quotas
-- that rest on it. Written by the functions and triggers here alone.
--
-- Two kinds of limits, both named by their key in subscription_plans.features:
--   counted  max_leads, max_projects, max_campaigns, max_users: how many rows there are now. Statement-level
--            triggers count inserts, deletes, archiving; the period is without end.
--   metered  ai_calls_per_month: taken when a call is claimed, given back unless somebody answered; the
--            period is the month of the organisation's own calendar.
-- The row's lock is the queue in which everyone who adds something waits, so a race never overshoots.

-- @section tables

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

-- @section references

alter table public.usage_logs add constraint usage_logs_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create index idx_usage_logs_org_period on public.usage_logs (organization_id, period_start, period_end);

-- @section functions

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

-- @section triggers

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

-- @section grants

revoke all on public.usage_logs from anon, authenticated, service_role;
grant select on public.usage_logs to authenticated, vantage_worker, service_role;
grant execute on function private.reserve_quota(uuid, text, integer), private.release_quota(uuid, text, integer, date),
  private.quota_state(uuid, text, timestamptz) to vantage_worker;
grant execute on function private.quotas() to authenticated, vantage_worker;

-- @section policies

alter table public.usage_logs enable row level security;

create policy "View org usage" on public.usage_logs for select to authenticated, vantage_worker
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.view')));
