-- The dialler's statements. Those that look across tenants call definer functions as vantage_worker without an
-- organisation; the rest run as vantage_worker of one.

-- Fair between tenants, within every limit, leased.
-- name: claim
select organization_id, queue_id, campaign_id, lead_id, callee_number, lead_time_zone, consent_status, consent_source,
       consent_at, attempt, max_attempts, carrier, caller_number, rehearse_legal_hours, campaign_time_zone, start_date,
       end_date, time_start, time_end, calls_to_number_today
  from private.claim_calls(%(worker)s, %(batch)s, %(lease_seconds)s, %(now)s);

-- One row per call before anything is dialled; what is missing from the answer must not be dialled.
-- name: begin
select organization_id, queue_id, call_log_id from private.begin_calls(%(worker)s, %(calls)s);

-- Claimed, but not now or not at all.
-- name: give_back
select private.return_calls(%(worker)s, %(calls)s);

-- Order-free and idempotent: the status only moves forward.
-- name: record_event
select private.record_call_event(%(organization_id)s, %(call_id)s, %(status)s, %(facts)s);

-- A call id of the carrier's that no token came with.
-- name: call_of_sid
select organization_id, call_log_id from private.tenant_of_call(%(sid)s);

-- The rows that this worker still holds.
-- name: renew
select r from private.renew_leases(%(worker)s, %(queue_ids)s, %(lease_seconds)s) r;

-- What dead workers left; calls that may have been dialled come back to be asked about at the carrier.
-- name: take_over
select organization_id, queue_id, call_log_id, call_sid, request_uuid, callee_number, status, created_at
  from private.release_expired_leases(%(worker)s, %(lease_seconds)s);

-- Starts, completes and pauses campaigns by themselves.
-- name: tend
select private.tend_campaigns(%(now)s);

-- Everything that a conversation may know before it begins, in one look. Null when the call is not there.
-- name: brief
select jsonb_build_object(
  'call_id', c.id, 'status', c.status, 'finished', c.finished_at is not null, 'queue_id', c.queue_id, 'lead_id', c.lead_id,
  'created_at', c.created_at,
  'organization', o.name, 'time_zone', coalesce(k.time_zone, o.time_zone), 'language', coalesce(m.language, 'en-IN'),
  'script', coalesce(m.script, '{}'),
  'lead_name', k.name, 'lead_language', k.language,
  'known', jsonb_build_object('configuration', cardinality(l.configuration) > 0, 'budget', l.budget_max is not null or l.budget_min is not null,
                              'location', l.location is not null, 'timeline', l.timeline is not null, 'purpose', l.purpose is not null),
  'project', p.name, 'city', p.city, 'locality', p.locality, 'possession_date', p.possession_date, 'rera_number', p.rera_number,
  'amenities', p.amenities,
  'configurations', (select coalesce(jsonb_agg(distinct u.configuration), '[]') from public.properties u
                      where u.organization_id = c.organization_id and u.project_id = c.project_id and u.status = 'available'
                        and u.archived_at is null and u.configuration is not null),
  'price_min', (select min(u.price)::text from public.properties u
                 where u.organization_id = c.organization_id and u.project_id = c.project_id and u.status = 'available'
                   and u.archived_at is null and not u.price_undisclosed),
  'price_max', (select max(u.price)::text from public.properties u
                 where u.organization_id = c.organization_id and u.project_id = c.project_id and u.status = 'available'
                   and u.archived_at is null and not u.price_undisclosed),
  'said', (select coalesce(jsonb_agg(jsonb_build_object('speaker', s.speaker, 'text', s.text, 'ms', s.ms_from) order by s.seq), '[]')
             from public.call_utterances s where s.organization_id = c.organization_id and s.call_log_id = c.id))
  from public.call_logs c
  join public.organizations o on o.id = c.organization_id
  left join public.leads l on l.organization_id = c.organization_id and l.id = c.lead_id
  left join public.contacts k on k.organization_id = l.organization_id and k.id = l.contact_id
  left join public.projects p on p.organization_id = c.organization_id and p.id = c.project_id
  left join public.campaigns m on m.organization_id = c.organization_id and m.id = c.campaign_id
 where c.organization_id = %(organization_id)s and c.id = %(call_id)s;

-- The inventory of this second: what the agent may offer in this call.
-- name: available_units
select u.title as name, coalesce(u.configuration, u.type) as configuration,
       case when not u.price_undisclosed then u.price end as price, u.size_sqft as area_sqft
  from public.properties u
  join public.call_logs c on c.organization_id = u.organization_id and c.project_id = u.project_id
 where c.organization_id = %(organization_id)s and c.id = %(call_id)s
   and u.status = 'available' and u.archived_at is null
   and (cardinality(%(configurations)s::text[]) = 0 or u.configuration = any (%(configurations)s::text[]))
   and (%(budget_max)s::numeric is null or u.price_undisclosed or u.price <= %(budget_max)s::numeric * 1.1)
   and (%(budget_min)s::numeric is null or u.price_undisclosed or u.price >= %(budget_min)s::numeric * 0.8)
 order by u.price_undisclosed, u.price limit 5;

-- What was said, as it is said; the number is the place in the call.
-- name: say
insert into public.call_utterances (organization_id, call_log_id, seq, speaker, text, ms_from, ms_to, interrupted)
values (%(organization_id)s, %(call_id)s, %(seq)s, %(speaker)s, %(text)s, %(ms_from)s, %(ms_to)s, %(interrupted)s)
on conflict do nothing;

-- What closing a call has to know: its attempt and windows, its lead's place on the board.
-- name: closing
select jsonb_build_object(
  'finished', c.finished_at is not null, 'attempt', c.attempt, 'status', c.status, 'answered', c.answered_at is not null,
  'created_at', c.created_at, 'carrier', c.carrier,
  'max_attempts', coalesce(q.max_attempts, 1), 'rehearse', o.rehearse_legal_hours,
  'lead_zone', coalesce(k.time_zone, o.time_zone), 'campaign_zone', coalesce(m.time_zone, o.time_zone),
  'start_date', m.start_date, 'end_date', m.end_date, 'time_start', m.time_start, 'time_end', m.time_end,
  'lead_id', l.id, 'score', l.score, 'score_reasons', l.score_reasons, 'stage_id', l.stage_id,
  'stages', (select jsonb_agg(jsonb_build_object('id', s.id, 'key', s.template_key, 'kind', s.kind, 'order', s.order_index))
               from public.pipeline_stages s
              where s.organization_id = l.organization_id and s.project_id = l.project_id and s.archived_at is null))
  from public.call_logs c
  join public.organizations o on o.id = c.organization_id
  left join public.call_queue q on q.organization_id = c.organization_id and q.id = c.queue_id
  left join public.campaigns m on m.organization_id = c.organization_id and m.id = c.campaign_id
  left join public.leads l on l.organization_id = c.organization_id and l.id = c.lead_id
  left join public.contacts k on k.organization_id = l.organization_id and k.id = l.contact_id
 where c.organization_id = %(organization_id)s and c.id = %(call_id)s;

-- Exactly once: false when the call was closed before.
-- name: finish
select private.finish_call(%(organization_id)s, %(call_id)s, %(outcome)s, %(retry_at)s, %(result)s);

-- Says where the change comes from, for the transition that the trigger writes.
-- name: because_of_call
select set_config('vantage.source', 'ai_call', true), set_config('vantage.call_id', %(call_id)s, true),
       set_config('vantage.reason', %(reason)s, true);

-- What the call brought out. What a person typed is never overwritten: only empty fields are filled.
-- name: learn
update public.leads l
   set call_status = %(call_status)s, last_call_id = %(call_id)s, last_contacted_at = case when %(spoken)s then %(now)s else l.last_contacted_at end,
       stage_id = coalesce(%(stage_id)s::uuid, l.stage_id),
       score = coalesce(%(score)s::smallint, l.score), score_reasons = coalesce(%(score_reasons)s::jsonb, l.score_reasons),
       interest = coalesce(%(interest)s::text, l.interest),
       budget_min = case when l.budget_min is null and l.budget_max is null then %(budget_min)s::numeric else l.budget_min end,
       budget_max = case when l.budget_min is null and l.budget_max is null then %(budget_max)s::numeric else l.budget_max end,
       configuration = case when cardinality(l.configuration) = 0 then %(configuration)s::text[] else l.configuration end,
       location = coalesce(l.location, %(location)s), timeline = coalesce(l.timeline, %(timeline)s),
       purpose = coalesce(l.purpose, %(purpose)s),
       callback_at = case when %(spoken)s then %(callback_at)s::timestamptz else l.callback_at end,
       abuse_flag = l.abuse_flag or %(abusive)s
 where l.organization_id = %(organization_id)s and l.id = %(lead_id)s;

-- The card shows a call in progress.
-- name: mark_in_progress
update public.leads l set call_status = 'in_progress', last_call_id = %(call_id)s
 where l.organization_id = %(organization_id)s and l.call_status is distinct from 'in_progress'
   and l.id = (select c.lead_id from public.call_logs c where c.organization_id = %(organization_id)s and c.id = %(call_id)s
                  and c.finished_at is null);

-- By number, so that no other lead of this person is called either.
-- name: do_not_call
update public.contacts k set do_not_call = true, do_not_call_reason = %(reason)s, consent_status = 'withdrawn'
 where k.organization_id = %(organization_id)s
   and k.id = (select l.contact_id from public.leads l where l.organization_id = %(organization_id)s and l.id = %(lead_id)s);

-- The call on the lead's timeline.
-- name: note_call
insert into public.lead_activities (organization_id, lead_id, type, content, call_id)
values (%(organization_id)s, %(lead_id)s, %(type)s, %(content)s, %(call_id)s);

-- The facts on which it is decided whom a campaign calls.
-- name: lead_facts
select l.id as lead_id, l.project_id, s.kind as stage_kind, c.phone, l.archived_at is not null as archived,
       p.archived_at is not null as project_archived, c.do_not_call, l.abuse_flag as abusive, c.consent_status, c.consent_at,
       (select count(*) from public.call_logs g where g.organization_id = l.organization_id and g.callee_number = c.phone
           and g.created_at > %(now)s::timestamptz - interval '24 hours')::integer as calls_last_day,
       (select count(*) from public.call_logs g where g.organization_id = l.organization_id and g.callee_number = c.phone
           and g.created_at > %(now)s::timestamptz - interval '7 days')::integer as calls_last_week
  from public.leads l
  join public.contacts c on c.organization_id = l.organization_id and c.id = l.contact_id
  join public.pipeline_stages s on s.organization_id = l.organization_id and s.id = l.stage_id
  join public.projects p on p.organization_id = l.organization_id and p.id = l.project_id
 where l.organization_id = %(organization_id)s and l.project_id = %(project_id)s
   and (%(lead_id)s::uuid is null or l.id = %(lead_id)s)
   and (%(min_score)s::integer is null or l.score >= %(min_score)s)
   and (cardinality(%(sources)s::text[]) = 0 or l.source = any (%(sources)s::text[]))
   and (%(lead_id)s::uuid is not null
        or not exists (select 1 from public.campaign_leads e where e.organization_id = l.organization_id
                          and e.campaign_id = %(campaign_id)s and e.lead_id = l.id and e.verdict = 'enrolled'))
 order by l.created_at desc, l.id limit 20000;

-- Running always-on campaigns that a new lead of this project may belong to. Whoever asks at this moment (a form, the
-- API) is fresh and called first; a row of a file is not, however new the row is.
-- name: always_on_campaigns
select c.id, c.project_id, c.max_attempts, c.audience, o.carrier,
       exists (select 1 from public.lead_activities a
                where a.organization_id = c.organization_id and a.lead_id = %(lead_id)s and a.type = 'enquiry'
                  and a.created_at > now() - interval '30 minutes'
                  and (a.external_key is null or a.external_key like 'inbox:%%')) as fresh
  from public.campaigns c join public.organizations o on o.id = c.organization_id
 where c.organization_id = %(organization_id)s and c.always_on and c.status = 'running'
   and c.project_id = (select l.project_id from public.leads l where l.organization_id = %(organization_id)s and l.id = %(lead_id)s);

-- Writes the verdicts and queues the enrolled.
-- name: enrol
select enrolled, left_out from private.enrol_leads(%(campaign_id)s, %(verdicts)s);

-- The second net: always-on campaigns with leads that nobody has judged.
-- name: campaigns_to_enrol
select organization_id, campaign_id, project_id, max_attempts, audience, carrier from private.campaigns_to_enrol(%(most)s);
