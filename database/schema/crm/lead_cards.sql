-- lead_cards and lead_timeline: leads as pages show them, with their reader's rights.

-- @section functions

-- Each visible lead with the person behind it: number and address in full for those who may see them, else masked.
create view public.lead_cards with (security_invoker = true) as
  select l.organization_id, l.id, l.contact_id, l.project_id, l.stage_id, l.stage_entered_at, l.assigned_to,
         l.source, l.source_detail, l.touches, l.last_touch_at, l.call_status, l.last_call_id, l.last_contacted_at,
         l.callback_at, l.abuse_flag, l.rejection_reason, l.score, l.interest, l.budget_min, l.budget_max, l.value,
         l.configuration, l.location, l.timeline, l.purpose, l.archived_at, l.version, l.created_at, l.updated_at,
         coalesce(c.name, m.name) as name,
         coalesce(c.phone, m.phone) as phone,
         coalesce(c.email, m.email) as email,
         coalesce(c.language, m.language) as language,
         coalesce(c.time_zone, m.time_zone) as time_zone,
         coalesce(c.consent_status, m.consent_status) as consent_status,
         coalesce(c.do_not_call, m.do_not_call) as do_not_call,
         coalesce(c.whatsapp_opt_in, m.whatsapp_opt_in) as whatsapp_opt_in,
         c.id is null as is_masked
    from public.leads l
    left join public.contacts c on c.organization_id = l.organization_id and c.id = l.contact_id
    -- Asked only for the rows that the policy of contacts hides: `offset 0` keeps the question before the call.
    left join lateral (select f.* from private.masked_contact(l.organization_id, l.contact_id) f
                        where c.id is null offset 0) m on true;

-- A lead's story: what was done and said, and its moves from stage to stage. Read it for one lead, newest first.
create view public.lead_timeline with (security_invoker = true) as
  select a.organization_id, a.lead_id, a.id, a.created_at, a.type, a.content, a.call_id, a.created_by
    from public.lead_activities a
  union all
  select t.organization_id, t.lead_id, t.id, t.created_at, 'stage',
         jsonb_build_object('from_stage_id', t.from_stage_id, 'to_stage_id', t.to_stage_id, 'source', t.source,
                            'reason', t.reason, 'seconds_in_stage', t.seconds_in_stage),
         t.call_id, t.moved_by
    from public.lead_stage_transitions t;

-- @section grants

revoke all on public.lead_cards, public.lead_timeline from anon, authenticated, service_role;
grant select on public.lead_cards, public.lead_timeline to authenticated, vantage_worker, service_role;
