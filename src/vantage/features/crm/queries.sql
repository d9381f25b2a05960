-- Leads, their board and their story. Every query names the organisation (speed, and the second lock beside row
-- security) and takes `people`: the ids whose leads the asker sees when the scope is own or team, else null.

-- One row of JSON: each stage with its count, its sum and its first cards, in the order of the pipeline.
-- name: board
select jsonb_build_object(
  'project', jsonb_build_object('id', p.id, 'name', p.name),
  'stages', coalesce((
     select jsonb_agg(jsonb_build_object(
              'id', s.id, 'name', s.name, 'kind', s.kind, 'color', s.color, 'position', s.position,
              'stale_days', s.stale_days, 'leads', n.leads, 'value', n.value::text, 'cards', c.cards)
            order by s.order_index, s.id)
       from public.pipeline_stages s
      cross join lateral (
        select count(*) as leads, coalesce(sum(l.value), 0)::numeric(16,2) as value
          from public.leads l
         where l.organization_id = s.organization_id and l.project_id = s.project_id and l.stage_id = s.id
           and l.archived_at is null
           and (%(people)s::uuid[] is null or l.assigned_to = any (%(people)s::uuid[]))) n
      cross join lateral (
        select coalesce(jsonb_agg(to_jsonb(k) order by k.score desc, k.id), '[]') as cards
          from (select v.id, v.name, v.score, v.value::text as value, v.source, v.configuration, v.location, v.version,
                       v.call_status, v.callback_at, v.stage_entered_at, v.last_touch_at, v.do_not_call,
                       v.assigned_to, m.display_name as assignee
                  from public.lead_cards v
                  left join public.members m on m.organization_id = v.organization_id and m.id = v.assigned_to
                 where v.organization_id = s.organization_id and v.project_id = s.project_id and v.stage_id = s.id
                   and v.archived_at is null
                   and (%(people)s::uuid[] is null or v.assigned_to = any (%(people)s::uuid[]))
                 order by v.score desc, v.id limit %(cards)s) k) c
      where s.organization_id = p.organization_id and s.project_id = p.id and s.archived_at is null), '[]'))
  from public.projects p
 where p.organization_id = %(organization_id)s and p.id = %(project_id)s;

-- The next cards of one stage, after the last one that is shown.
-- name: stage_cards
select coalesce(jsonb_agg(to_jsonb(k) order by k.score desc, k.id), '[]')
  from (select v.id, v.name, v.score, v.value::text as value, v.source, v.configuration, v.location, v.version,
               v.call_status, v.callback_at, v.stage_entered_at, v.last_touch_at, v.do_not_call,
               v.assigned_to, m.display_name as assignee
          from public.lead_cards v
          left join public.members m on m.organization_id = v.organization_id and m.id = v.assigned_to
         where v.organization_id = %(organization_id)s and v.project_id = %(project_id)s and v.stage_id = %(stage_id)s
           and v.archived_at is null
           and (%(people)s::uuid[] is null or v.assigned_to = any (%(people)s::uuid[]))
           and (v.score < %(after_score)s or (v.score = %(after_score)s and v.id > %(after_id)s))
         order by v.score desc, v.id limit %(cards)s) k;

-- Projects with the leads in them, for the switcher: most leads first, so that the board opens on work.
-- name: board_projects
select coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'name', q.name, 'leads', q.leads) order by q.leads desc, q.name), '[]')
  from (select p.id, p.name,
               (select count(*) from public.leads l
                 where l.organization_id = p.organization_id and l.project_id = p.id and l.archived_at is null
                   and (%(people)s::uuid[] is null or l.assigned_to = any (%(people)s::uuid[]))) as leads
          from public.projects p
         where p.organization_id = %(organization_id)s and p.archived_at is null) q;

-- A page of the list, newest first; the cursor is the last row's (created_at, id), so page 1,000 costs what page 1 does.
-- name: leads
select jsonb_build_object('items', coalesce(jsonb_agg(to_jsonb(k) order by k.created_at desc, k.id desc), '[]'))
  from (select v.id, v.contact_id, v.project_id, p.name as project, v.stage_id, s.name as stage, s.kind as stage_kind,
               v.assigned_to, m.display_name as assignee, v.name, v.phone, v.email, v.is_masked, v.source, v.score,
               v.interest, v.budget_min::text as budget_min, v.budget_max::text as budget_max, 'INR' as currency,
               v.configuration, v.location, v.timeline, v.call_status, v.callback_at, v.last_contacted_at,
               v.do_not_call, v.touches, v.archived_at, v.version, v.created_at
          from public.lead_cards v
          join public.projects p on p.organization_id = v.organization_id and p.id = v.project_id
          join public.pipeline_stages s on s.organization_id = v.organization_id and s.id = v.stage_id
          left join public.members m on m.organization_id = v.organization_id and m.id = v.assigned_to
         where v.organization_id = %(organization_id)s
           and (%(people)s::uuid[] is null or v.assigned_to = any (%(people)s::uuid[]))
           and (v.archived_at is not null) = %(archived)s
           and (%(project_id)s::uuid is null or v.project_id = %(project_id)s)
           and (%(stage_id)s::uuid is null or v.stage_id = %(stage_id)s)
           and (%(assigned_to)s::uuid is null or v.assigned_to = %(assigned_to)s)
           and (%(source)s::text is null or v.source = %(source)s)
           and (%(after_at)s::timestamptz is null
                or (v.created_at, v.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         order by v.created_at desc, v.id desc limit %(limit)s) k;

-- What the search function found, in its order; it has applied organisation, scope and masking by itself.
-- name: search
select jsonb_build_object('items', coalesce(jsonb_agg(to_jsonb(k) order by k.rank, k.created_at desc), '[]'))
  from (select f.rank, v.id, v.contact_id, v.project_id, p.name as project, v.stage_id, s.name as stage,
               s.kind as stage_kind, v.assigned_to, m.display_name as assignee, v.name, v.phone, v.email, v.is_masked,
               v.source, v.score, v.interest, v.budget_min::text as budget_min, v.budget_max::text as budget_max,
               'INR' as currency, v.configuration, v.location, v.timeline, v.call_status, v.callback_at,
               v.last_contacted_at, v.do_not_call, v.touches, v.archived_at, v.version, v.created_at
          from private.search_leads(%(typed)s, %(limit)s) f
          join public.lead_cards v on v.organization_id = %(organization_id)s and v.id = f.lead_id
          join public.projects p on p.organization_id = v.organization_id and p.id = v.project_id
          join public.pipeline_stages s on s.organization_id = v.organization_id and s.id = v.stage_id
          left join public.members m on m.organization_id = v.organization_id and m.id = v.assigned_to) k;

-- One lead with everything its page shows, but for the calls (another feature's slot). Null when not visible.
-- name: lead
select to_jsonb(k) from (
  select v.id, v.contact_id, v.project_id, p.name as project, v.stage_id, s.name as stage, s.kind as stage_kind,
         s.color as stage_color, v.stage_entered_at, v.assigned_to, m.display_name as assignee, v.name, v.phone, v.email,
         v.is_masked, v.language, v.consent_status, v.do_not_call, v.source, v.source_detail, v.score, l.score_reasons,
         v.interest, v.budget_min::text as budget_min, v.budget_max::text as budget_max, 'INR' as currency,
         v.configuration, v.location, v.timeline, v.purpose, l.notes, l.custom_fields, v.call_status, v.callback_at,
         v.last_contacted_at, v.touches, v.last_touch_at, v.abuse_flag, v.rejection_reason, v.archived_at, v.version,
         v.created_at, v.updated_at,
         (select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'project', q.name, 'stage', t.name) order by o.created_at), '[]')
            from public.leads o
            join public.projects q on q.organization_id = o.organization_id and q.id = o.project_id
            join public.pipeline_stages t on t.organization_id = o.organization_id and t.id = o.stage_id
           where o.organization_id = v.organization_id and o.contact_id = v.contact_id and o.id <> v.id) as other_leads,
         (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'kind', t.kind, 'color', t.color)
                                    order by t.order_index), '[]')
            from public.pipeline_stages t
           where t.organization_id = v.organization_id and t.project_id = v.project_id and t.archived_at is null) as stages
    from public.lead_cards v
    join public.leads l on l.organization_id = v.organization_id and l.id = v.id
    join public.projects p on p.organization_id = v.organization_id and p.id = v.project_id
    join public.pipeline_stages s on s.organization_id = v.organization_id and s.id = v.stage_id
    left join public.members m on m.organization_id = v.organization_id and m.id = v.assigned_to
   where v.organization_id = %(organization_id)s and v.id = %(lead_id)s) k;

-- What happened to a lead, newest first; stage names and people resolved here, so that the page asks once.
-- name: timeline
select coalesce(jsonb_agg(to_jsonb(k) order by k.created_at desc, k.id), '[]')
  from (select t.id, t.created_at, t.type, t.content, t.call_id, m.display_name as who,
               f.name as from_stage, s.name as to_stage, a.display_name as assigned_to
          from public.lead_timeline t
          left join public.members m on m.organization_id = t.organization_id and m.id = t.created_by
          left join public.pipeline_stages f on f.organization_id = t.organization_id
                                            and f.id = (t.content ->> 'from_stage_id')::uuid
          left join public.pipeline_stages s on s.organization_id = t.organization_id
                                            and s.id = (t.content ->> 'to_stage_id')::uuid
          left join public.members a on t.type = 'assignment' and a.organization_id = t.organization_id
                                    and a.id = (t.content ->> 'to')::uuid
         where t.organization_id = %(organization_id)s and t.lead_id = %(lead_id)s
         order by t.created_at desc limit %(limit)s) k;

-- The one way in, for a single row as for a file of them.
-- name: accept_leads
select coalesce(jsonb_agg(to_jsonb(a) order by a.ordinal), '[]')
  from private.accept_leads(%(rows)s, %(project_id)s) a;

-- A plain UPDATE: triggers write transition and event. The version is the caller's (If-Match); null when it doesn't care.
-- name: move_lead
update public.leads l set stage_id = %(stage_id)s
 where l.organization_id = %(organization_id)s and l.id = %(lead_id)s
   and (%(version)s::integer is null or l.version = %(version)s)
returning l.version;

-- Only what was sent is changed: `changes` holds the columns by name.
-- name: change_lead
update public.leads l
   set assigned_to = case when d.j ? 'assigned_to' then (d.j ->> 'assigned_to')::uuid else l.assigned_to end,
       stage_id = case when d.j ? 'stage_id' then (d.j ->> 'stage_id')::uuid else l.stage_id end,
       interest = case when d.j ? 'interest' then d.j ->> 'interest' else l.interest end,
       budget_min = case when d.j ? 'budget_min' then (d.j ->> 'budget_min')::numeric else l.budget_min end,
       budget_max = case when d.j ? 'budget_max' then (d.j ->> 'budget_max')::numeric else l.budget_max end,
       configuration = case when d.j ? 'configuration'
         then array(select jsonb_array_elements_text(d.j -> 'configuration')) else l.configuration end,
       location = case when d.j ? 'location' then d.j ->> 'location' else l.location end,
       timeline = case when d.j ? 'timeline' then d.j ->> 'timeline' else l.timeline end,
       purpose = case when d.j ? 'purpose' then d.j ->> 'purpose' else l.purpose end,
       notes = case when d.j ? 'notes' then d.j ->> 'notes' else l.notes end,
       callback_at = case when d.j ? 'callback_at' then (d.j ->> 'callback_at')::timestamptz else l.callback_at end,
       custom_fields = case when d.j ? 'custom_fields' then d.j -> 'custom_fields' else l.custom_fields end
  from (select %(changes)s::jsonb as j) d
 where l.organization_id = %(organization_id)s and l.id = %(lead_id)s
   and (%(version)s::integer is null or l.version = %(version)s)
returning l.version;

-- Archiving is a step of its own, asked for lead.delete by a trigger; undo is the same with false.
-- name: archive_lead
update public.leads l set archived_at = case when %(archived)s then now() end
 where l.organization_id = %(organization_id)s and l.id = %(lead_id)s
returning l.version;

-- Name and address stand in contacts; the worker of another page must not see them change by surprise.
-- name: change_contact
update public.contacts c
   set name = case when d.j ? 'name' then d.j ->> 'name' else c.name end,
       email = case when d.j ? 'email' then d.j ->> 'email' else c.email end,
       do_not_call = case when d.j ? 'do_not_call' then (d.j ->> 'do_not_call')::boolean else c.do_not_call end,
       do_not_call_reason = case when d.j ? 'do_not_call' then 'asked on the lead page' else c.do_not_call_reason end
  from (select %(changes)s::jsonb as j) d
 where c.organization_id = %(organization_id)s
   and c.id = (select l.contact_id from public.leads l where l.organization_id = %(organization_id)s and l.id = %(lead_id)s);

-- A note in seconds: insert and done.
-- name: add_activity
insert into public.lead_activities (organization_id, lead_id, type, content)
values (%(organization_id)s, %(lead_id)s, %(type)s, %(content)s) returning id;

-- Whom a lead can be given to.
-- name: assignable_people
select m.id, m.display_name from public.members m
 where m.organization_id = %(organization_id)s and m.left_at is null order by lower(m.display_name);

-- The people whose leads a member with the scope "team" sees.
-- name: team_people
select private.team_people();
