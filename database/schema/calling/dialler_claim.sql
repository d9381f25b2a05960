-- The dialler's look across tenants, part 1: choosing and claiming. All of it for vantage_worker alone.
-- Business time (`business_now`: windows, due times, quota month) is given by the caller; leases use the
-- database's own clock, which all workers share.

-- The functions that run all day plan each call anew (plan_cache_mode): a session keeps its plans, and one that
-- was made while the tables were small stays in use when they have grown (200 calls, 300,000 rows: claiming
-- took 100 ms instead of 24, closing 182 instead of 29).

-- @section functions

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

-- @section grants

grant execute on function private.claim_calls(text, integer, integer, timestamptz), private.return_calls(text, jsonb)
  to vantage_worker;
