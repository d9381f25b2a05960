-- campaign_leads: for every lead that a campaign considered, whether it is called and, when not, why.

-- @section tables

create table public.campaign_leads (
  organization_id uuid not null,
  campaign_id     uuid not null,
  lead_id         uuid not null,
  verdict         text not null,
  reason          text,
  decided_at      timestamptz not null default now(),
  constraint campaign_leads_pkey primary key (organization_id, campaign_id, lead_id),
  constraint campaign_leads_verdict_check check (verdict in ('enrolled', 'left_out')),
  -- The codes of rules/eligibility.py.
  constraint campaign_leads_reason_check check (
    (verdict = 'left_out') = (reason is not null)
    and reason in ('archived', 'project_archived', 'wrong_project', 'stage_won', 'stage_lost', 'do_not_call',
                   'no_number', 'invalid_number', 'no_consent', 'abusive', 'attempts_exhausted', 'frequency_cap',
                   'already_called', 'same_number', 'not_in_audience'))
);

-- @section references

alter table public.campaign_leads add constraint campaign_leads_campaign_id_fkey
  foreign key (organization_id, campaign_id) references public.campaigns (organization_id, id) on delete cascade;
alter table public.campaign_leads add constraint campaign_leads_lead_id_fkey
  foreign key (organization_id, lead_id) references public.leads (organization_id, id) on delete cascade;
create index campaign_leads_lead_id_idx on public.campaign_leads (organization_id, lead_id);

-- @section functions

-- Writes what the rules decided and queues the enrolled: `verdicts` is an array of
-- {"lead_id", "verdict", "reason"?, "not_before"?, "priority"?}. A lead that is in the queue already stays
-- as it is; one that was left out before may be enrolled now. Refused for another organisation's campaign,
-- one that is over, or without campaign.run.
create function private.enrol_leads(campaign uuid, verdicts jsonb) returns table (enrolled integer, left_out integer)
  language plpgsql security definer set search_path = '' as $$
declare
  owner_id uuid := private.org_id();
  camp record;
begin
  if owner_id is null or not private.has_permission('campaign.run') then
    raise exception 'Enrolling leads needs the permission campaign.run.' using errcode = 'VQ005';
  end if;
  select c.id, c.status, c.max_attempts into camp from public.campaigns c
   where c.organization_id = owner_id and c.id = campaign for share;
  if not found then
    raise exception 'No such campaign.' using errcode = 'no_data_found';
  elsif camp.status in ('completed', 'cancelled') then
    raise exception 'This campaign is %; nobody can be enrolled any more.', camp.status using errcode = 'VQ002';
  end if;
  insert into public.campaign_leads as cl (organization_id, campaign_id, lead_id, verdict, reason)
    select distinct on (v.lead_id) owner_id, campaign, v.lead_id, v.verdict, v.reason
      from jsonb_to_recordset(verdicts) as v (lead_id uuid, verdict text, reason text)
     order by v.lead_id
    on conflict (organization_id, campaign_id, lead_id) do update
      set verdict = excluded.verdict, reason = excluded.reason, decided_at = now()
      where cl.verdict = 'left_out' and (cl.verdict, cl.reason) is distinct from (excluded.verdict, excluded.reason);
  with queued as (
    insert into public.call_queue (organization_id, campaign_id, lead_id, priority, max_attempts, next_retry_at)
      select owner_id, campaign, v.lead_id, min(coalesce(v.priority, 3)), camp.max_attempts,
             min(coalesce(v.not_before, now()))
        from jsonb_to_recordset(verdicts) as v (lead_id uuid, verdict text, priority smallint, not_before timestamptz)
       where v.verdict = 'enrolled' group by v.lead_id
      on conflict on constraint call_queue_campaign_lead_key do nothing returning 1)
  select count(*)::integer into enrolled from queued;
  select count(*)::integer into left_out
    from jsonb_to_recordset(verdicts) as v (verdict text) where v.verdict = 'left_out';
  return next;
end $$;

-- Running always-on campaigns with leads of their project that nobody has judged yet, over all organisations: the
-- second net behind the events, so that no lead is forgotten whatever died in between. For vantage_worker.
create function private.campaigns_to_enrol(most integer)
  returns table (organization_id uuid, campaign_id uuid, project_id uuid, max_attempts smallint, audience jsonb, carrier text)
  language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
    select c.organization_id, c.id, c.project_id, c.max_attempts, c.audience, o.carrier
      from public.campaigns c
      join public.organizations o on o.id = c.organization_id and o.status = 'active'
     where c.status = 'running' and c.always_on
       and exists (select 1 from public.leads l
                    where l.organization_id = c.organization_id and l.project_id = c.project_id and l.archived_at is null
                      and not exists (select 1 from public.campaign_leads e
                                       where e.organization_id = l.organization_id and e.campaign_id = c.id and e.lead_id = l.id))
     limit most;
end $$;

-- @section grants

revoke all on public.campaign_leads from anon, authenticated, service_role;
grant select on public.campaign_leads to authenticated, vantage_worker, service_role;
grant execute on function private.enrol_leads(uuid, jsonb) to authenticated, vantage_worker;
grant execute on function private.campaigns_to_enrol(integer) to vantage_worker;

-- @section policies

alter table public.campaign_leads enable row level security;

create policy "View org campaign leads" on public.campaign_leads for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('campaign.view')));
