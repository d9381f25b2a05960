-- private.accept_leads(): the one way in for leads from files, forms, portals, the API and the hand. It finds or
-- makes the person and the lead, counts a repeat as a touch, fills what is empty and never overwrites, keeps to the
-- plan, and answers for each row. A set at a time: an import calls it with some 2,000 rows per transaction.

-- @section tables

-- One row on its way in.
create type private.arriving_lead as (
  ordinal      integer,
  line         integer,
  external_key text,
  project_id   uuid,
  stage_id     uuid,
  phone        text,
  email        text,
  person_key   text,     -- what tells one person of the batch from another: number, else address
  contact_id   uuid,
  lead_id      uuid,
  is_new       boolean,  -- the lead takes room in the plan: it is to be made, or back from the archive; in the end: it was made
  is_first     boolean,  -- of its lead's rows in this batch
  recorded     boolean,  -- known from an earlier batch, or twice in this one: changes nothing
  verdict      text,
  column_name  text,
  reason       text,
  data         jsonb
);

-- What a row may say about person and lead.
create type private.arriving_fields as (
  name             text,
  further_phones   text[],
  language         text,
  time_zone        text,
  consent_status   text,
  consent_source   text,
  consent_at       timestamptz,
  consent_text     text,
  whatsapp_opt_in  boolean,
  source           text,
  source_detail    text,
  external_id      text,
  interest         text,
  budget_min       numeric,
  budget_max       numeric,
  configuration    text[],
  location         text,
  timeline         text,
  purpose          text,
  notes            text,
  custom_fields    jsonb,
  callback_at      timestamptz,
  assigned_to      uuid,
  message          text,
  occurred_at      timestamptz
);

-- @section functions

-- Why a row found no room: limit, use, plan and the way out, in one sentence.
create function private.quota_reason(organization uuid, feature text) returns text
  language plpgsql stable security definer set search_path = '' as $$
declare
  state record;
begin
  select * into state from private.quota_state(organization, feature);
  return format('The %s plan allows %s leads and %s are in use. Archive leads that you no longer need%s.',
    state.plan_name, state.quota_limit, state.used, coalesce(', or move to the ' || state.lifted_by || ' plan', ''));
end $$;

-- Takes in rows, a JSON array of objects, into `default_project` or the project that a row names. Of each row:
--   line, external_key, project_id, phone (E.164), email, reject_column and reject_reason (refused by the reader),
--   raw (its cells, kept when rejected), and the columns of private.arriving_fields; budgets in rupees.
-- A row needs a valid number or a valid address. `import` names the lead_imports row: its rows are then recorded
-- and counted there, and rows that it already has are answered from there. external_key makes a delivery count
-- once, ever: again, it is merged and changes nothing. What a check of the tables refuses (an unknown interest, say)
-- fails the whole call: the reader validates, this function decides.
-- Returns the rows in their order: verdict created, merged or rejected, with column and reason.
-- Raises VQ005 without lead.create (lead.import for an import), VQ003 in a read-only organisation.
-- `limit 1` and `offset 0` keep each look-up on its index, whatever the statistics say while a first import fills
-- empty tables (measured: 100,000 rows took minutes without them).
-- Calls of one organisation run one after the other; what arrives from outside waits in the inbox meanwhile.
create function private.accept_leads(arriving jsonb, default_project uuid default null, import uuid default null)
  returns table (ordinal integer, line integer, external_key text, verdict text, column_name text, reason text,
                 lead_id uuid, contact_id uuid)
  language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  org uuid := private.org_id();
  person uuid := case when private.acting_role() = 'authenticated' then private.person_id() end;
  needed text := case when import is null then 'lead.create' else 'lead.import' end;
  may_assign boolean;
  batch private.arriving_lead[];
  wanted integer;
  room integer;
  refusal text;
begin
  if org is null or not private.has_permission(needed) then
    if exists (select 1 from public.organizations o where o.id = org and o.status = 'read_only') then
      raise exception 'This organisation is read-only. Renew the subscription to add leads.' using errcode = 'VQ003';
    end if;
    raise exception 'To add leads you need the permission %. Ask an owner or admin.', needed using errcode = 'VQ005';
  end if;
  may_assign := private.has_permission('lead.assign');
  if import is not null and not exists (
       select 1 from public.lead_imports i where i.organization_id = org and i.id = import) then
    raise exception 'No such import in this organisation.' using errcode = 'no_data_found';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('vantage.accept_leads.' || org::text, 0));

  -- Read, refuse what cannot be taken, recognise what is known.
  select array_agg(row(r.ordinal, r.line, r.external_key, r.project_id,
           r.stage_id, r.phone, r.email, null, a.contact_id,
           coalesce(d.lead_id, a.lead_id), false, false,
           d.verdict is not null or a.lead_id is not null or r.repeated,
           case when d.verdict is not null then d.verdict
                when a.lead_id is not null then 'merged'
                when r.column_name is not null then 'rejected' end,
           coalesce(d.column_name, case when a.lead_id is null then r.column_name end),
           coalesce(d.reason, case when a.lead_id is null then r.reason end),
           r.data)::private.arriving_lead order by r.ordinal)
    into batch
    from (
      select v.*,
             s.id as stage_id,
             v.external_key is not null
               and row_number() over (partition by v.external_key order by v.ordinal) > 1 as repeated,
             case when v.reject_reason is not null then coalesce(v.reject_column, 'row')
                  when p.id is null or s.id is null then 'project_id'
                  when v.phone is null and v.email is null then 'phone' end as column_name,
             case when v.reject_reason is not null then v.reject_reason
                  when v.project_id is null then 'No project is named.'
                  when p.id is null then 'This project does not exist or is archived.'
                  when s.id is null then 'This project has no open stage in which a lead could stand.'
                  when v.phone is null and v.email is null
                    then 'Neither a valid phone number nor a valid e-mail address.' end as reason
        from (
          select e.ordinality::integer as ordinal,
                 (e.value ->> 'line')::integer as line,
                 nullif(e.value ->> 'external_key', '') as external_key,
                 coalesce(private.claim_uuid(e.value ->> 'project_id'), default_project) as project_id,
                 case when e.value ->> 'phone' ~ '^\+[1-9][0-9]{6,14}$' then e.value ->> 'phone' end as phone,
                 case when e.value ->> 'email' ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(e.value ->> 'email') <= 254
                      then lower(e.value ->> 'email') end as email,
                 e.value ->> 'reject_column' as reject_column,
                 nullif(e.value ->> 'reject_reason', '') as reject_reason,
                 jsonb_strip_nulls(e.value - array['line', 'external_key', 'project_id', 'phone', 'email']) as data
            from jsonb_array_elements(arriving) with ordinality e) v
        left join public.projects p on p.organization_id = org and p.id = v.project_id and p.archived_at is null
        left join (
          select distinct on (t.project_id) t.project_id, t.id
            from public.pipeline_stages t
           where t.organization_id = org and t.kind = 'open' and t.archived_at is null
           order by t.project_id, t.order_index, t.created_at, t.id) s on s.project_id = v.project_id) r
    left join lateral (
      select i.verdict, i.column_name, i.reason, i.lead_id from public.lead_import_rows i
       where i.organization_id = org and i.import_id = import and i.line = r.line limit 1) d on true
    left join lateral (
      select k.lead_id, (select l.contact_id from public.leads l where l.organization_id = org and l.id = k.lead_id) as contact_id
        from public.lead_activities k
       where k.organization_id = org and k.external_key = r.external_key limit 1) a on true;
  if batch is null then
    return;
  end if;

  -- Who is it? By number, also a further one; by address where there is no number, or where the one known by
  -- address only turns up with a number. Within the batch an address stands for the number it came with.
  select array_agg(row(k.ordinal, k.line, k.external_key, k.project_id, k.stage_id, k.phone, k.email,
           coalesce(k.known::text, k.number, k.email), k.known, coalesce(l.id, k.lead_id),
           l.id is null or l.archived_at is not null,
           false, k.recorded, k.verdict, k.column_name, k.reason, k.data)::private.arriving_lead order by k.ordinal)
    into batch
    from (
      select n.*,
             case when n.verdict is null then coalesce(
               (select c.id from public.contacts c where c.organization_id = org and c.phone = n.number),
               (select f.id from (select c.id, c.organization_id, c.created_at from public.contacts c
                                   where c.further_phones @> array[n.number] and c.further_phones <> '{}' offset 0) f
                 where f.organization_id = org order by f.created_at, f.id limit 1),
               (select c.id from public.contacts c
                 where c.organization_id = org and lower(c.email) = n.email and (n.number is null or c.phone is null)
                 order by c.phone nulls first, c.created_at, c.id limit 1)) else n.contact_id end as known
        from (
          select b.*, coalesce(b.phone, first_value(case when b.verdict is null then b.phone end) over (
                   partition by b.email order by b.phone is null or b.verdict is not null, b.ordinal)) as number
            from unnest(batch) b) n offset 0) k
    left join lateral (
      select p.id, p.archived_at
        from (select h.id, h.archived_at, h.project_id from public.leads h
               where h.organization_id = org and h.contact_id = k.known offset 0) p
       where p.project_id = k.project_id and k.verdict is null limit 1) l on true;

  -- How many new leads does the plan have room for? Those that stand first in the batch.
  select count(distinct (b.person_key, b.project_id)) into wanted
    from unnest(batch) b where b.verdict is null and b.is_new;
  if wanted > 0 then
    room := private.reserve_quota(org, 'max_leads', wanted);
    if room < wanted then
      refusal := private.quota_reason(org, 'max_leads');
    end if;
  end if;
  select array_agg(row(b.ordinal, b.line, b.external_key, b.project_id, b.stage_id, b.phone, b.email, b.person_key,
           b.contact_id, b.lead_id, b.is_new, b.first_ordinal = b.ordinal, b.recorded,
           case when b.place > room then 'rejected' else b.verdict end,
           case when b.place > room then 'quota' else b.column_name end,
           case when b.place > room then refusal else b.reason end, b.data)::private.arriving_lead order by b.ordinal)
    into batch
    from (
      select f.*, case when f.verdict is null and f.is_new
                       then dense_rank() over (order by (f.verdict is null and f.is_new) desc, f.first_ordinal) end as place
        from (select u.*, min(u.ordinal) over (partition by u.person_key, u.project_id, u.verdict) as first_ordinal
                from unnest(batch) u) f) b;

  -- People that are new. Ordered, so that two transactions never wait for each other.
  insert into public.contacts as c (organization_id, name, phone, further_phones, email, language, time_zone,
      consent_status, consent_source, consent_at, consent_text, whatsapp_opt_in, created_by)
    select org, nullif(left(btrim(f.name), 160), ''), g.phone,
           array(select distinct x from unnest(g.phones || coalesce(f.further_phones, '{}')) x
                  where x <> g.phone and x ~ '^\+[1-9][0-9]{6,14}$' limit 10),
           g.email, f.language, f.time_zone, coalesce(f.consent_status, 'unknown'),
           coalesce(f.consent_source, case when f.consent_status = 'granted' then coalesce(f.source, 'manual') end),
           coalesce(f.consent_at, case when f.consent_status = 'granted' then now() end), f.consent_text, coalesce(f.whatsapp_opt_in, false), person
      from (
        select b.person_key, min(b.phone) as phone, array_remove(array_agg(distinct b.phone), null) as phones,
               (array_agg(b.email order by b.ordinal) filter (where b.email is not null))[1] as email,
               private.first_values(array_agg(b.data order by b.ordinal)) as data
          from unnest(batch) b where b.verdict is null and b.contact_id is null
         group by b.person_key) g,
      jsonb_populate_record(null::private.arriving_fields, g.data) f
     order by g.phone, g.email
    on conflict do nothing;
  -- The ids of the new people, and of those whom another transaction made meanwhile.
  select array_agg(row(b.ordinal, b.line, b.external_key, b.project_id, b.stage_id, b.phone, b.email, b.person_key,
           coalesce(b.contact_id, case when b.verdict is null then coalesce(
             (select c.id from public.contacts c where c.organization_id = org and c.phone = b.person_key),
             (select c.id from public.contacts c where c.organization_id = org and c.phone is null
                and lower(c.email) = b.person_key)) end),
           b.lead_id, b.is_new, b.is_first, b.recorded, b.verdict, b.column_name, b.reason,
           b.data)::private.arriving_lead order by b.ordinal)
    into batch from unnest(batch) b;

  -- People that are known: what was empty is filled, a number that is new is kept beside the first.
  update public.contacts c
     set name = coalesce(c.name, g.name), phone = coalesce(c.phone, g.phone),
         further_phones = g.further_phones, email = coalesce(c.email, g.email),
         language = coalesce(c.language, g.language),
         time_zone = coalesce(c.time_zone, g.time_zone),
         consent_status = case when c.consent_status = 'unknown' then coalesce(g.consent_status, 'unknown') else c.consent_status end,
         consent_source = case when c.consent_status = 'unknown' then g.consent_source else c.consent_source end,
         consent_at = case when c.consent_status = 'unknown' then g.consent_at else c.consent_at end,
         consent_text = case when c.consent_status = 'unknown' then g.consent_text else c.consent_text end
    from (
      select k.id, m.phone, nullif(left(btrim(f.name), 160), '') as name, m.email, f.language, f.time_zone, f.consent_status,
             coalesce(f.consent_source, case when f.consent_status = 'granted' then coalesce(f.source, 'manual') end) as consent_source,
             coalesce(f.consent_at, case when f.consent_status = 'granted' then now() end) as consent_at, f.consent_text,
             k.further_phones || array(
               select distinct x from unnest(m.phones || coalesce(f.further_phones, '{}')) x
                where x <> coalesce(k.phone, m.phone) and x <> all (k.further_phones) and x ~ '^\+[1-9][0-9]{6,14}$'
                limit greatest(10 - cardinality(k.further_phones), 0)) as further_phones
        from (
          select b.contact_id, min(b.phone) as phone, array_remove(array_agg(distinct b.phone), null) as phones,
                 (array_agg(b.email order by b.ordinal) filter (where b.email is not null))[1] as email,
                 private.first_values(array_agg(b.data order by b.ordinal)) as data
            from unnest(batch) b where b.verdict is null and not b.recorded and b.contact_id is not null
           group by b.contact_id) m
        join public.contacts k on k.organization_id = org and k.id = m.contact_id
        cross join lateral jsonb_populate_record(null::private.arriving_fields, m.data) f) g
   where c.organization_id = org and c.id = g.id
     and (c.name is null and g.name is not null or c.phone is null and g.phone is not null
          or c.email is null and g.email is not null or c.further_phones <> g.further_phones
          or c.language is null and g.language is not null or c.time_zone is null and g.time_zone is not null
          or c.consent_status = 'unknown' and coalesce(g.consent_status, 'unknown') <> 'unknown');

  -- Leads that are new.
  with made as (
    insert into public.leads (organization_id, contact_id, project_id, stage_id, assigned_to, source, source_detail,
        external_id, touches, interest, budget_min, budget_max, configuration, location, timeline, purpose, notes,
        custom_fields, callback_at, created_by)
      select org, g.contact_id, g.project_id, g.stage_id,
             case when may_assign or f.assigned_to = person then f.assigned_to end,
             coalesce(f.source, 'manual'), left(f.source_detail, 300), f.external_id, g.touches, f.interest,
             f.budget_min, case when f.budget_max >= coalesce(f.budget_min, 0) then f.budget_max end,
             coalesce(f.configuration, '{}'), left(f.location, 300), left(f.timeline, 120), left(f.purpose, 120),
             left(f.notes, 10000), coalesce(f.custom_fields, '{}'), f.callback_at, person
        from (
          select b.contact_id, b.project_id, b.stage_id, greatest(count(*) filter (where not b.recorded), 1) as touches,
                 min(b.ordinal) as ordinal, private.first_values(array_agg(b.data order by b.ordinal)) as data
            from unnest(batch) b where b.verdict is null and b.lead_id is null
           group by b.contact_id, b.project_id, b.stage_id) g,
        jsonb_populate_record(null::private.arriving_fields, g.data) f
       order by g.ordinal
      on conflict do nothing
      returning id, contact_id, project_id)
  select array_agg(row(b.ordinal, b.line, b.external_key, b.project_id, b.stage_id, b.phone, b.email, b.person_key,
           b.contact_id, coalesce(b.lead_id, m.id), m.id is not null, b.is_first, b.recorded,
           case when b.verdict is not null then b.verdict
                when m.id is not null and b.is_first then 'created' else 'merged' end,
           b.column_name, b.reason, b.data)::private.arriving_lead order by b.ordinal)
    into batch
    from unnest(batch) b
    left join made m on m.contact_id = b.contact_id and m.project_id = b.project_id and b.verdict is null;
  -- Those that a person made in this very moment beside us.
  if exists (select 1 from unnest(batch) b where b.lead_id is null and b.verdict = 'merged') then
    select array_agg(row(b.ordinal, b.line, b.external_key, b.project_id, b.stage_id, b.phone, b.email, b.person_key,
             b.contact_id, coalesce(b.lead_id, l.id), b.is_new, b.is_first, b.recorded, b.verdict, b.column_name,
             b.reason, b.data)::private.arriving_lead order by b.ordinal)
      into batch
      from unnest(batch) b
      left join public.leads l on l.organization_id = org and l.contact_id = b.contact_id and l.project_id = b.project_id;
  end if;

  -- Leads that are known: a touch each, and what was empty is filled. An archived one is back.
  update public.leads l
     set touches = l.touches + g.touches, last_touch_at = now(), archived_at = null,
         source_detail = coalesce(l.source_detail, left(f.source_detail, 300)),
         external_id = coalesce(l.external_id, f.external_id),
         interest = coalesce(l.interest, f.interest),
         budget_min = case when l.budget_min is null and l.budget_max is null then f.budget_min else l.budget_min end,
         budget_max = case when l.budget_min is null and l.budget_max is null
                           then case when f.budget_max >= coalesce(f.budget_min, 0) then f.budget_max end
                           else l.budget_max end,
         configuration = case when l.configuration = '{}' then coalesce(f.configuration, '{}') else l.configuration end,
         location = coalesce(l.location, left(f.location, 300)),
         timeline = coalesce(l.timeline, left(f.timeline, 120)),
         purpose = coalesce(l.purpose, left(f.purpose, 120)),
         notes = coalesce(l.notes, left(f.notes, 10000)),
         custom_fields = coalesce(f.custom_fields, '{}') || l.custom_fields
    from (
      select b.lead_id, count(*) as touches, private.first_values(array_agg(b.data order by b.ordinal)) as data
        from unnest(batch) b
       where b.verdict = 'merged' and not b.recorded and not b.is_new
       group by b.lead_id) g
   cross join lateral jsonb_populate_record(null::private.arriving_fields, g.data) f
   where l.organization_id = org and l.id = g.lead_id;

  insert into public.lead_activities (organization_id, lead_id, type, content, external_key, created_by, created_at)
    select org, b.lead_id, 'enquiry',
           jsonb_strip_nulls(jsonb_build_object('source', b.data -> 'source', 'source_detail', b.data -> 'source_detail',
             'message', b.data -> 'message', 'verdict', b.verdict, 'import_id', import, 'line', b.line)),
           b.external_key, person, coalesce((b.data ->> 'occurred_at')::timestamptz, now())
      from unnest(batch) b where b.verdict in ('created', 'merged') and not b.recorded
    on conflict do nothing;

  if import is not null then
    with fresh as (
      insert into public.lead_import_rows as i (organization_id, import_id, line, verdict, column_name, reason, raw, lead_id)
        select org, import, b.line, b.verdict, b.column_name, b.reason,
               case when b.verdict = 'rejected' then coalesce(b.data -> 'raw', '{}') end,
               case when b.verdict <> 'rejected' then b.lead_id end
          from unnest(batch) b where b.line is not null
        on conflict do nothing
        returning i.verdict, i.column_name)
    update public.lead_imports i
       set created_count = i.created_count + n.created, merged_count = i.merged_count + n.merged,
           rejected_count = i.rejected_count + n.rejected, over_quota = i.over_quota + n.over_quota
      from (select count(*) filter (where f.verdict = 'created') as created,
                   count(*) filter (where f.verdict = 'merged') as merged,
                   count(*) filter (where f.verdict = 'rejected') as rejected,
                   count(*) filter (where f.column_name = 'quota') as over_quota,
                   count(*) as all_rows
              from fresh f) n
     where i.organization_id = org and i.id = import and n.all_rows > 0;
  end if;

  return query
    select b.ordinal, b.line, b.external_key, b.verdict, b.column_name, b.reason, b.lead_id, b.contact_id
      from unnest(batch) b order by b.ordinal;
end $$;

-- Objects laid over each other: of each key the first value that is there.
create function private.first_values(objects jsonb[]) returns jsonb
  language plpgsql immutable set search_path = '' as $$
declare
  answer jsonb := '{}';
  n integer := cardinality(objects);
begin
  if n = 1 then
    return objects[1];
  end if;
  for i in reverse n .. 1 loop
    answer := answer || objects[i];
  end loop;
  return answer;
end $$;

-- @section grants

revoke all on type private.arriving_lead, private.arriving_fields from public;
grant execute on function private.accept_leads(jsonb, uuid, uuid) to authenticated, vantage_worker;
