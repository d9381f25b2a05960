-- campaigns: whom the agent calls for a project, with what script, when and for how much.

-- @section tables

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

-- @section references

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

-- @section functions

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

-- @section triggers

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

-- @section grants

revoke all on public.campaigns from anon, authenticated, service_role;
grant select on public.campaigns to authenticated, vantage_worker, service_role;
grant delete on public.campaigns to authenticated;
grant insert (organization_id, id, project_id, name, description, always_on, audience, script, language, voice, time_zone,
              start_date, end_date, time_start, time_end, max_attempts, calls_per_minute, max_concurrent, budget_amount),
      update (name, description, status, always_on, audience, script, language, voice, time_zone, start_date, end_date,
              time_start, time_end, max_attempts, calls_per_minute, max_concurrent, budget_amount, archived_at)
  on public.campaigns to authenticated;
grant update (status, pause_reason) on public.campaigns to vantage_worker;

-- @section policies

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
