-- inbox: what arrived from outside (enquiry forms, carrier and portal webhooks), kept as it came before
-- anything is done with it, so that neither a quota nor a long import refuses or delays it.

-- @section tables

create table public.inbox (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  source          text not null,
  external_id     text not null,
  body            jsonb not null,
  raw             text,
  received_at     timestamptz not null default now(),
  status          text not null default 'accepted',
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  result          jsonb,
  error           text,
  processed_at    timestamptz,
  constraint inbox_pkey primary key (organization_id, id),
  constraint inbox_source_check check (source in ('form', 'carrier', 'webhook', 'mail')),
  constraint inbox_status_check check (status in ('accepted', 'processed', 'refused', 'failed')),
  constraint inbox_attempts_check check (attempts >= 0),
  constraint inbox_processed_check check ((status = 'accepted') = (processed_at is null))
);
comment on column public.inbox.external_id is 'The sender''s own id of the delivery: the same one twice is one row.';
comment on column public.inbox.raw is 'The body byte for byte where a signature covers it.';

-- @section references

alter table public.inbox add constraint inbox_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index inbox_external_id_idx on public.inbox (organization_id, source, external_id);
create index inbox_waiting_idx on public.inbox (next_attempt_at) where status = 'accepted';

-- @section functions

-- Organisations that have something waiting, the longest-waiting first. For vantage_worker.
create function private.organizations_with_inbox(most integer) returns setof uuid
  language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select i.organization_id from public.inbox i
     where i.status = 'accepted' and i.next_attempt_at <= now()
     group by i.organization_id order by min(i.next_attempt_at) limit most;
end $$;

-- Tells the workers that something waits, whoever wrote it.
create function private.announce_inbox() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  perform private.emit(new.organization_id, 'inbox.accepted', new.id, jsonb_build_object('source', new.source));
  return null;
end $$;

-- @section triggers

create trigger inbox_announced after insert on public.inbox
  for each row execute function private.announce_inbox();

-- @section grants

revoke all on public.inbox from anon, authenticated, service_role;
grant select on public.inbox to authenticated, service_role;
grant select, insert on public.inbox to vantage_worker;
grant update (status, attempts, next_attempt_at, result, error, processed_at) on public.inbox to vantage_worker;
grant execute on function private.organizations_with_inbox(integer) to vantage_worker;

-- @section policies

alter table public.inbox enable row level security;

-- Raw deliveries hold numbers and addresses: for those who may change settings.
create policy "View org deliveries" on public.inbox for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('settings.edit')));
create policy "Accept deliveries" on public.inbox for insert to vantage_worker
  with check (organization_id = (select private.org_id()));
create policy "Process deliveries" on public.inbox for update to vantage_worker
  using (organization_id = (select private.org_id())) with check (organization_id = (select private.org_id()));
