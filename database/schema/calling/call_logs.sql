-- call_logs: every attempt to call, written before the carrier is asked to dial, with what proves that it
-- was allowed. Evidence: it outlives the lead, the campaign and the organisation, so it references none of
-- them and carries what it needs to be read (numbers, proof). What was said is not evidence and goes with
-- the organisation (private.forget_calls).
-- Written by the functions of dialler.sql alone.

-- @section tables

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

-- @section references

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

-- @section functions

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

-- @section triggers

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

-- @section grants

revoke all on public.call_logs from anon, authenticated, service_role;
grant select on public.call_logs to vantage_worker, service_role;
-- Not the numbers: row security cannot mask a column, private.call_numbers() does.
grant select (organization_id, id, queue_id, campaign_id, lead_id, project_id, attempt, carrier, call_sid, direction, status,
              outcome, created_at, answered_at, ended_at, duration, billed_seconds, cost, recording_url,
              recording_seconds, conversation_transcript, ai_analysis, transferred, disconnect_reason,
              disconnect_notes, proof, finished_at, reconciled_at, updated_at)
  on public.call_logs to authenticated;
grant execute on function private.call_numbers(uuid[]) to authenticated, vantage_worker;

-- @section policies

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
