-- call_queue: one row per lead of a campaign that is to be called. queued -> processing (claimed with a
-- lease, until the outcome is recorded) -> completed, failed (both final) or queued again for a retry.
-- Written by the dialler's functions (dialler.sql) and private.enrol_leads() alone.

-- @section tables

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

-- @section references

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

-- @section functions

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

-- @section triggers

create trigger call_queue_modified before update on public.call_queue
  for each row execute function public.update_modified_column();
create trigger call_queue_step before update of status on public.call_queue
  for each row when (old.status is distinct from new.status) execute function private.check_queue_step();
create trigger call_queue_grew after insert on public.call_queue referencing new table as fresh
  for each statement execute function private.queue_grew();
create trigger call_queue_changed after update on public.call_queue referencing new table as fresh
  for each statement execute function private.queue_grew();

-- @section grants

revoke all on public.call_queue from anon, authenticated, service_role;
grant select on public.call_queue to authenticated, vantage_worker, service_role;

-- @section policies

alter table public.call_queue enable row level security;
alter table private.call_tenants enable row level security;
alter table private.campaign_pace enable row level security;

create policy "View org call queue" on public.call_queue for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('campaign.view')));
create policy "No direct access" on private.call_tenants for select using (false);
create policy "No direct access" on private.campaign_pace for select using (false);
