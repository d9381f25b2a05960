-- The dialler's look across tenants, part 2: from the first written row of a call to its end, and what keeps
-- the queue true when a worker dies. All of it for vantage_worker alone.
--
--   claimed -> begin_calls (row in call_logs) -> dial at the carrier -> record_call_event ... -> finish_call
--      a worker that dies before begin_calls: its lease lapses and the call is queued again;
--      one that dies after it may have dialled: the carrier is asked (release_expired_leases), never redialled.

-- @section functions

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

-- @section grants

grant execute on function private.begin_calls(text, jsonb), private.tenant_of_call(text),
  private.record_call_event(uuid, uuid, text, jsonb), private.finish_call(uuid, uuid, text, timestamptz, jsonb), private.finish_calls(jsonb),
  private.renew_leases(text, uuid[], integer), private.release_expired_leases(text, integer, integer),
  private.tend_campaigns(timestamptz) to vantage_worker;
