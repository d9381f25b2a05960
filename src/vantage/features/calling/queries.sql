-- Campaigns and calls as people see them. Phone numbers come through private.call_numbers(), whole or masked by right.

-- Campaigns with their progress, running ones first.
-- name: campaigns
select coalesce(jsonb_agg(to_jsonb(k) order by k.rank, k.created_at desc), '[]') from (
  select c.id, c.name, c.status, c.always_on, c.project_id, p.name as project, c.pause_reason, c.created_at, c.started_at,
         c.budget_amount::text as budget_amount, c.spent_amount::text as spent_amount, 'INR' as currency, c.version,
         case c.status when 'running' then 0 when 'paused' then 1 when 'scheduled' then 2 when 'draft' then 3 else 4 end as rank,
         (select count(*) from public.campaign_leads e where e.organization_id = c.organization_id and e.campaign_id = c.id and e.verdict = 'enrolled') as enrolled,
         (select count(*) from public.call_queue q where q.organization_id = c.organization_id and q.campaign_id = c.id and q.status = 'completed') as reached,
         (select count(*) from public.call_queue q where q.organization_id = c.organization_id and q.campaign_id = c.id and q.status in ('queued', 'processing')) as open
    from public.campaigns c
    join public.projects p on p.organization_id = c.organization_id and p.id = c.project_id
   where c.organization_id = %(organization_id)s and c.archived_at is null) k;

-- One campaign: what it was told, how far it is, and why somebody was left out.
-- name: campaign
select to_jsonb(k) from (
  select c.id, c.name, c.description, c.status, c.always_on, c.project_id, p.name as project, c.pause_reason, c.audience,
         c.language, c.time_zone, c.start_date, c.end_date, c.time_start, c.time_end, c.max_attempts, c.calls_per_minute,
         c.max_concurrent, c.budget_amount::text as budget_amount, c.spent_amount::text as spent_amount, 'INR' as currency,
         c.created_at, c.started_at, c.ended_at, c.version,
         (select coalesce(jsonb_object_agg(q.status, q.n), '{}') from (
            select q.status, count(*) as n from public.call_queue q
             where q.organization_id = c.organization_id and q.campaign_id = c.id group by 1) q) as queue,
         (select coalesce(jsonb_object_agg(g.outcome, g.n), '{}') from (
            select g.outcome, count(*) as n from public.call_logs g
             where g.organization_id = c.organization_id and g.campaign_id = c.id and g.outcome is not null group by 1) g) as outcomes,
         (select count(*) from public.campaign_leads e
           where e.organization_id = c.organization_id and e.campaign_id = c.id and e.verdict = 'enrolled') as enrolled,
         (select coalesce(jsonb_object_agg(e.reason, e.n), '{}') from (
            select e.reason, count(*) as n from public.campaign_leads e
             where e.organization_id = c.organization_id and e.campaign_id = c.id and e.verdict = 'left_out' group by 1) e) as left_out,
         (select coalesce(jsonb_agg(to_jsonb(n)), '[]') from (
            select e.lead_id, coalesce(v.name, v.phone, v.email) as name, e.reason from public.campaign_leads e
              join public.lead_cards v on v.organization_id = e.organization_id and v.id = e.lead_id
             where e.organization_id = c.organization_id and e.campaign_id = c.id and e.verdict = 'left_out'
             order by e.reason, e.lead_id limit 100) n) as left_out_leads,
         (select min(q.next_retry_at) from public.call_queue q
           where q.organization_id = c.organization_id and q.campaign_id = c.id and q.status = 'queued') as next_call_at
    from public.campaigns c
    join public.projects p on p.organization_id = c.organization_id and p.id = c.project_id
   where c.organization_id = %(organization_id)s and c.id = %(campaign_id)s) k;

-- A draft; starting it is a step of its own.
-- name: create_campaign
insert into public.campaigns (organization_id, project_id, name, description, always_on, audience, language, start_date,
                              end_date, time_start, time_end, max_attempts, calls_per_minute, max_concurrent, budget_amount)
select %(organization_id)s, d.project_id, d.name, coalesce(d.description, ''), coalesce(d.always_on, false),
       coalesce(d.audience, '{}'), coalesce(d.language, 'en-IN'), d.start_date, d.end_date, d.time_start, d.time_end,
       coalesce(d.max_attempts, 3), coalesce(d.calls_per_minute, 30), coalesce(d.max_concurrent, 10), d.budget_amount
  from jsonb_to_record(%(campaign)s) as d (project_id uuid, name text, description text, always_on boolean, audience jsonb,
       language text, start_date date, end_date date, time_start time, time_end time, max_attempts smallint,
       calls_per_minute smallint, max_concurrent smallint, budget_amount numeric)
returning id;

-- The trigger knows which steps there are and who may take them.
-- name: step
update public.campaigns set status = %(status)s
 where organization_id = %(organization_id)s and id = %(campaign_id)s returning id;

-- What enrolling has to know, as the person sees it.
-- name: to_enrol
select c.id, c.project_id, c.max_attempts, c.audience, c.status, o.carrier
  from public.campaigns c join public.organizations o on o.id = c.organization_id
 where c.organization_id = %(organization_id)s and c.id = %(campaign_id)s;

-- Calls, those in progress first on the first page, then newest first; `people` as for leads.
-- name: calls
select coalesce(jsonb_agg(to_jsonb(k) order by k.created_at desc, k.id desc), '[]') from (
  select c.id, c.lead_id, coalesce(v.name, n.callee_number) as name, n.callee_number as number, c.campaign_id, c.project_id,
         p.name as project, c.status, c.outcome, c.attempt, c.carrier, c.direction, c.created_at, c.answered_at, c.ended_at,
         c.duration, c.cost::text as cost, 'INR' as currency, c.disconnect_reason, c.ai_analysis ->> 'summary' as summary,
         (select u.text from public.call_utterances u where u.organization_id = c.organization_id and u.call_log_id = c.id
           order by u.seq desc limit 1) as last_words
    from (select g.* from (select organization_id, id, lead_id, campaign_id, project_id, status, outcome, attempt, carrier,
                 direction, created_at, answered_at, ended_at, duration, cost, disconnect_reason, ai_analysis
            from public.call_logs) g
           where g.organization_id = %(organization_id)s
             and (%(lead_id)s::uuid is null or g.lead_id = %(lead_id)s)
             and (%(campaign_id)s::uuid is null or g.campaign_id = %(campaign_id)s)
             and (%(live)s::boolean is null or (g.outcome is null) = %(live)s)
             and (%(after_at)s::timestamptz is null or (g.created_at, g.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
           order by g.created_at desc, g.id desc limit %(limit)s) c
    left join public.lead_cards v on v.organization_id = c.organization_id and v.id = c.lead_id
    left join public.projects p on p.organization_id = c.organization_id and p.id = c.project_id
    left join lateral private.call_numbers(array[c.id]) n on true) k;

-- One call: words, analysis, proof. Null when not visible.
-- name: call
select to_jsonb(k) from (
  select c.id, c.lead_id, coalesce(v.name, n.callee_number) as name, n.callee_number as number, n.caller_number, c.campaign_id,
         m.name as campaign, c.project_id, p.name as project, c.status, c.outcome, c.attempt, c.carrier, c.direction,
         c.created_at, c.answered_at, c.ended_at, c.duration, c.billed_seconds, c.cost::text as cost, 'INR' as currency,
         c.call_sid, c.transferred, c.disconnect_reason, c.disconnect_notes, c.ai_analysis, c.conversation_transcript, c.proof,
         (select coalesce(jsonb_agg(jsonb_build_object('seq', u.seq, 'speaker', u.speaker, 'text', u.text, 'ms_from', u.ms_from,
                                                       'ms_to', u.ms_to, 'interrupted', u.interrupted) order by u.seq), '[]')
            from public.call_utterances u where u.organization_id = c.organization_id and u.call_log_id = c.id) as utterances
    from public.call_logs c
    left join public.lead_cards v on v.organization_id = c.organization_id and v.id = c.lead_id
    left join public.projects p on p.organization_id = c.organization_id and p.id = c.project_id
    left join public.campaigns m on m.organization_id = c.organization_id and m.id = c.campaign_id
    left join lateral private.call_numbers(array[c.id]) n on true
   where c.organization_id = %(organization_id)s and c.id = %(call_id)s) k;

-- The projects that a campaign can be for.
-- name: projects
select id, name from public.projects where organization_id = %(organization_id)s and archived_at is null order by lower(name);
