-- websocket_sessions: who is connected to the live stream right now; presence and the heartbeat of a tab.

-- @section tables

create table public.websocket_sessions (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  user_id         uuid not null,
  connection_id   text not null,
  process_id      uuid not null,
  metadata        jsonb not null default '{}',
  created_at      timestamptz not null default now(),
  last_ping_at    timestamptz not null default now(),
  constraint websocket_sessions_pkey primary key (organization_id, id),
  constraint websocket_sessions_metadata_check check (jsonb_typeof(metadata) = 'object')
);
comment on column public.websocket_sessions.connection_id is 'Made by the server; unique inside the organisation.';
comment on column public.websocket_sessions.process_id is 'The web process that holds the socket: one statement per process renews all of its sockets.';

-- @section references

alter table public.websocket_sessions add constraint websocket_sessions_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.websocket_sessions add constraint websocket_sessions_user_id_fkey
  foreign key (organization_id, user_id) references public.members (organization_id, id) on delete cascade;
create index websocket_sessions_user_id_idx on public.websocket_sessions (organization_id, user_id);
create unique index websocket_sessions_connection_id_idx on public.websocket_sessions (organization_id, connection_id);
create index websocket_sessions_process_id_idx on public.websocket_sessions (process_id);
create index websocket_sessions_last_ping_at_idx on public.websocket_sessions (last_ping_at);

-- @section functions

-- Renews every socket of a web process and returns those whose person has left the organisation or whose
-- organisation is suspended: the process closes them. For vantage_worker.
create function private.heartbeat_websockets(process uuid) returns setof text
  language plpgsql security definer set search_path = '' as $$
begin
  return query
    with renewed as (
      update public.websocket_sessions w set last_ping_at = now()
       where w.process_id = process returning w.organization_id, w.user_id, w.connection_id)
    select r.connection_id from renewed r
     where not exists (select 1 from public.profiles p
                         join public.organizations o on o.id = p.organization_id and o.status <> 'suspended'
                        where p.id = r.user_id and p.organization_id = r.organization_id);
end $$;

-- Removes the sockets of processes that stopped renewing them. For vantage_worker.
create function private.sweep_websockets(silent interval) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  n bigint;
begin
  delete from public.websocket_sessions w where w.last_ping_at < now() - silent;
  get diagnostics n = row_count;
  return n;
end $$;

-- @section grants

revoke all on public.websocket_sessions from anon, authenticated, service_role;
grant select, delete on public.websocket_sessions to authenticated, vantage_worker, service_role;
grant insert (organization_id, id, user_id, connection_id, process_id, metadata)
  on public.websocket_sessions to authenticated;
grant execute on function private.heartbeat_websockets(uuid), private.sweep_websockets(interval) to vantage_worker;

-- @section policies

alter table public.websocket_sessions enable row level security;

create policy "View org sessions" on public.websocket_sessions
  for select to authenticated, vantage_worker using (organization_id = (select private.org_id()));
create policy "Open own session" on public.websocket_sessions for insert to authenticated
  with check (organization_id = (select private.org_id()) and user_id = (select private.person_id()));
create policy "Close own session" on public.websocket_sessions for delete to authenticated
  using (organization_id = (select private.org_id()) and user_id = (select private.person_id()));
create policy "Close sessions" on public.websocket_sessions for delete to vantage_worker
  using (organization_id = (select private.org_id()));
