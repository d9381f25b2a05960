-- idempotency_keys: the answer that was given to a POST with an Idempotency-Key, so that the same request
-- sent again gets the same answer and does nothing twice.

-- @section tables

create table public.idempotency_keys (
  organization_id uuid not null,
  person_id       uuid not null,
  key             text not null,
  request_digest  bytea not null,
  status          integer not null,
  body            jsonb,
  created_at      timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (organization_id, person_id, key),
  constraint idempotency_keys_key_check check (length(key) between 8 and 200),
  constraint idempotency_keys_status_check check (status between 200 and 299)
);

-- @section references

alter table public.idempotency_keys add constraint idempotency_keys_person_id_fkey
  foreign key (organization_id, person_id) references public.members (organization_id, id) on delete cascade;
create index idempotency_keys_created_at_idx on public.idempotency_keys (created_at);

-- @section functions

-- Forgets answers older than a day. For vantage_worker.
create function private.sweep_idempotency_keys() returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  n bigint;
begin
  delete from public.idempotency_keys k where k.created_at < now() - interval '1 day';
  get diagnostics n = row_count;
  return n;
end $$;

-- @section grants

revoke all on public.idempotency_keys from anon, authenticated, service_role;
grant select on public.idempotency_keys to authenticated, service_role;
grant insert (organization_id, person_id, key, request_digest, status, body)
  on public.idempotency_keys to authenticated;
grant execute on function private.sweep_idempotency_keys() to vantage_worker;

-- @section policies

alter table public.idempotency_keys enable row level security;

create policy "View own keys" on public.idempotency_keys for select to authenticated
  using (organization_id = (select private.org_id()) and person_id = (select private.person_id()));
create policy "Remember own answers" on public.idempotency_keys for insert to authenticated
  with check (organization_id = (select private.org_id()) and person_id = (select private.person_id()));
