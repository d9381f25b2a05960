-- outbox: what happened, written in the transaction in which it happened. A relay (one at a time) numbers
-- the rows per organisation when it publishes them, so that a reader who knows the last number misses
-- nothing: ordering by id alone would lose a transaction that commits second.

-- @section tables

create table public.outbox (
  organization_id uuid not null,
  id              bigint not null generated always as identity,
  topic           text not null,
  key             uuid,
  payload         jsonb not null default '{}',
  created_at      timestamptz not null default now(),
  seq             bigint,
  published_at    timestamptz,
  constraint outbox_pkey primary key (organization_id, id),
  constraint outbox_topic_check check (topic ~ '^[a-z_]+\.[a-z_]+$'),
  constraint outbox_published_check check ((seq is null) = (published_at is null))
);
comment on column public.outbox.key is 'The row that changed; null where the event is about many (payload says how many).';

-- The last number that was published for each organisation.
create table private.event_counters (
  organization_id uuid not null,
  last_seq        bigint not null default 0,
  constraint event_counters_pkey primary key (organization_id)
);

-- @section references

alter table public.outbox add constraint outbox_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table private.event_counters add constraint event_counters_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index outbox_seq_idx on public.outbox (organization_id, seq) where seq is not null;
create index outbox_unpublished_idx on public.outbox (id) where seq is null;
create index outbox_published_at_idx on public.outbox (published_at) where seq is not null;

-- @section functions

-- Records an event in the running transaction. Triggers call it, so that a write from psql or Supabase is
-- seen like one of ours.
create function private.emit(organization uuid, event_topic text, event_key uuid, event_payload jsonb default '{}')
  returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
  values (organization, event_topic, event_key, event_payload);
end $$;

-- Numbers up to `batch` unpublished events and returns what each organisation has now. Runs under an
-- advisory lock: a second relay gets nothing. For vantage_worker (looks across tenants).
create function private.publish_outbox(batch integer)
  returns table (organization_id uuid, id bigint, seq bigint, topic text, key uuid, payload jsonb)
  language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  if not pg_try_advisory_xact_lock(hashtextextended('vantage.outbox', 0)) then
    return;
  end if;
  return query
  with due as (
    select o.organization_id, o.id,
           row_number() over (partition by o.organization_id order by o.id) as n
      from (select u.organization_id, u.id from public.outbox u where u.seq is null
             order by u.id limit batch) o
  ), counted as (
    select d.organization_id, count(*) as n from due d group by d.organization_id
  ), counters as (
    insert into private.event_counters as c (organization_id, last_seq)
      select k.organization_id, k.n from counted k order by k.organization_id
    on conflict (organization_id) do update set last_seq = c.last_seq + excluded.last_seq
    returning c.organization_id, c.last_seq
  )
  update public.outbox o
     set seq = c.last_seq - k.n + d.n, published_at = now()
    from due d
    join counted k on k.organization_id = d.organization_id
    join counters c on c.organization_id = d.organization_id
   where o.organization_id = d.organization_id and o.id = d.id
  returning o.organization_id, o.id, o.seq, o.topic, o.key, o.payload;
end $$;

-- Deletes events that every reader has had time to see; a reader further behind reloads.
create function private.sweep_outbox(keep interval) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  n bigint;
begin
  delete from public.outbox o where o.seq is not null and o.published_at < now() - keep;
  get diagnostics n = row_count;
  return n;
end $$;

-- @section grants

revoke all on public.outbox from anon, authenticated, service_role;
-- Events name what changed, never what it holds: the page asks for the fragment and the policies answer.
grant select (organization_id, id, topic, key, seq, created_at) on public.outbox to authenticated;
grant select on public.outbox to vantage_worker, service_role;
grant execute on function private.publish_outbox(integer), private.sweep_outbox(interval) to vantage_worker;

-- @section policies

alter table public.outbox enable row level security;
alter table private.event_counters enable row level security;

create policy "View org events" on public.outbox
  for select to authenticated, vantage_worker using (organization_id = (select private.org_id()));
create policy "No direct access" on private.event_counters for select using (false);
