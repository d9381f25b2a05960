-- audit_logs: who did what, as whom, to which rows and columns, from where. Append-only evidence: no
-- reference to anything that may be deleted, and no personal value. The values before and after stand in
-- audit_values, which retention and erasure may delete; the digest here proves them while they exist.

-- @section tables

create table public.audit_logs (
  organization_id      uuid not null,
  id                   uuid not null default gen_random_uuid(),
  seq                  bigint not null generated always as identity,
  created_at           timestamptz not null default now(),
  actor_kind           text not null,
  user_id              uuid,
  user_name            text not null,
  impersonator_user_id uuid,
  impersonator_name    text,
  is_impersonated      boolean not null generated always as (impersonator_user_id is not null) stored,
  action               text not null,
  entity_type          text not null,
  entity_id            uuid,
  row_count            integer not null default 1,
  changed_columns      text[] not null default '{}',
  values_digest        bytea,
  request_id           text,
  client_address       text,
  metadata             jsonb not null default '{}',
  constraint audit_logs_pkey primary key (organization_id, id),
  constraint audit_logs_actor_kind_check check (actor_kind in ('person', 'worker', 'operator', 'anonymous')),
  constraint audit_logs_person_check check (actor_kind <> 'person' or user_id is not null),
  constraint audit_logs_row_count_check check (row_count >= 0)
);
comment on column public.audit_logs.row_count is 'Bulk work is one row per statement.';

-- The values behind the digests. Deleting a row here breaks no chain.
create table public.audit_values (
  organization_id uuid not null,
  audit_id        uuid not null,
  row_number      integer not null,
  entity_id       uuid,
  salt            bytea not null,
  before          jsonb,
  after           jsonb,
  constraint audit_values_pkey primary key (organization_id, audit_id, row_number)
);

-- The chain: batches of audit rows sealed one after the other by a job, so that no writer waits.
create table public.audit_seals (
  organization_id uuid not null,
  number          bigint not null,
  audit_ids       uuid[] not null,
  previous_digest bytea not null,
  digest          bytea not null,
  sealed_at       timestamptz not null default now(),
  constraint audit_seals_pkey primary key (organization_id, number),
  constraint audit_seals_audit_ids_check check (cardinality(audit_ids) > 0)
);

-- Audit rows that wait for their seal. A list and not a range of seq: a transaction that commits late must
-- not slip under a seal that is already closed.
create table private.audit_unsealed (
  organization_id uuid not null,
  audit_id        uuid not null,
  seq             bigint not null,
  constraint audit_unsealed_pkey primary key (organization_id, audit_id)
);

-- Acts on the service itself: plans, platform admins, people without organisation. Global.
create table public.platform_audit_logs (
  id              bigint not null generated always as identity,
  created_at      timestamptz not null default now(),
  actor_kind      text not null,
  user_id         uuid,
  user_name       text not null,
  action          text not null,
  entity_type     text not null,
  entity_id       uuid,
  row_count       integer not null default 1,
  changed_columns text[] not null default '{}',
  metadata        jsonb not null default '{}',
  constraint platform_audit_logs_pkey primary key (id)
);

-- @section references

alter table public.audit_values add constraint audit_values_audit_id_fkey
  foreign key (organization_id, audit_id) references public.audit_logs (organization_id, id);
create unique index audit_logs_seq_idx on public.audit_logs (organization_id, seq);
create index audit_logs_created_at_idx on public.audit_logs (organization_id, created_at);
create index audit_logs_entity_idx on public.audit_logs (organization_id, entity_type, entity_id);

-- @section functions

-- Who acts, as the audit tells it: {kind, id, name, act_id, act_name}.
create function private.actor() returns jsonb
  language plpgsql stable security definer set search_path = '' as $$
declare
  claims jsonb := private.claims();
  person uuid := private.claim_uuid(claims ->> 'sub');
  admin uuid := private.claim_uuid(claims -> 'act' ->> 'sub');
  asked_role text := coalesce(nullif(current_setting('role', true), 'none'), '');
begin
  if asked_role = 'vantage_worker' then
    return jsonb_build_object('kind', 'worker', 'name', coalesce(claims ->> 'job', 'Vantage worker'));
  elsif asked_role = 'anon' then
    return jsonb_build_object('kind', 'anonymous', 'name', 'Public page');
  elsif person is not null then
    return jsonb_build_object('kind', 'person', 'id', person,
      'name', coalesce((select coalesce(nullif(p.full_name, ''), p.email) from public.profiles p where p.id = person),
                       person::text),
      'act_id', admin,
      'act_name', (select coalesce(nullif(p.full_name, ''), p.email) from public.profiles p where p.id = admin));
  end if;
  return jsonb_build_object('kind', 'operator', 'name', session_user);
end $$;

-- Writes one audit row about an act that is no row change (sign-in, export, support mode). Returns its id.
create function private.write_audit(
    organization uuid, what text, about text, about_id uuid, details jsonb default '{}') returns uuid
  language plpgsql security definer set search_path = '' as $$
begin
  return private.write_audit_row(organization, what, about, about_id, 1, '{}', null, details);
end $$;

create function private.write_audit_row(
    organization uuid, what text, about text, about_id uuid, row_count integer, columns text[],
    digest bytea, details jsonb) returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  actor jsonb := private.actor();
  new_id uuid;
  new_seq bigint;
begin
  insert into public.audit_logs (organization_id, actor_kind, user_id, user_name, impersonator_user_id,
                                 impersonator_name, action, entity_type, entity_id, row_count, changed_columns,
                                 values_digest, request_id, client_address, metadata)
  values (organization, actor ->> 'kind', (actor ->> 'id')::uuid, actor ->> 'name', (actor ->> 'act_id')::uuid,
          actor ->> 'act_name', what, about, about_id, row_count, columns, digest,
          private.claims() ->> 'request_id', private.claims() ->> 'client', details)
  returning id, seq into new_id, new_seq;
  insert into private.audit_unsealed (organization_id, audit_id, seq) values (organization, new_id, new_seq);
  return new_id;
end $$;

-- The trigger behind private.attach_audit(): one audit row per statement and organisation, with the values
-- of up to 1,000 rows beside it. tg_argv names columns whose change is not worth a line (counters).
create function private.audit_statement() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  unheard text[] := array['updated_at', 'version'];
  changes jsonb;
  tenant record;
  entries jsonb;
  digest bytea;
  audit uuid;
begin
  for i in 0 .. tg_nargs - 1 loop
    unheard := unheard || tg_argv[i];
  end loop;
  if tg_op = 'INSERT' then
    select jsonb_agg(jsonb_build_object('after', to_jsonb(n))) into changes from audit_new n;
  elsif tg_op = 'DELETE' then
    select jsonb_agg(jsonb_build_object('before', to_jsonb(o))) into changes from audit_old o;
  else
    select jsonb_agg(jsonb_build_object(
             'before', (select jsonb_object_agg(k.key, b.j -> k.key) from unnest(c.keys) k (key)),
             'after', (select jsonb_object_agg(k.key, a.j -> k.key) from unnest(c.keys) k (key)),
             'row', a.j, 'columns', to_jsonb(c.keys), 'was', b.j -> 'organization_id'))
      into changes
      from (select to_jsonb(o) as j from audit_old o) b
      join (select to_jsonb(n) as j from audit_new n) a on a.j ->> 'id' = b.j ->> 'id'
      cross join lateral (
        select array_agg(e.key order by e.key) as keys from jsonb_each(a.j) e
         where e.value is distinct from b.j -> e.key and e.key <> all (unheard)) c
     where c.keys is not null;
  end if;
  if changes is null then
    return null;
  end if;
  for tenant in
    select private.claim_uuid(coalesce(
             case when tg_table_name = 'organizations' then coalesce(r.image ->> 'id') end,
             r.image ->> 'organization_id', r.change ->> 'was')) as organization_id,
           count(*) as row_count,
           case when count(*) = 1 then private.claim_uuid(min(r.image ->> 'id')) end as entity_id,
           jsonb_agg(r.change || jsonb_build_object('id', r.image ->> 'id')) as changes
      from (select c.value as change,
                   coalesce(c.value -> 'row', c.value -> 'after', c.value -> 'before') as image
              from jsonb_array_elements(changes) c) r
     group by 1
  loop
    if tenant.organization_id is null then
      insert into public.platform_audit_logs (actor_kind, user_id, user_name, action, entity_type, entity_id, row_count)
      select a ->> 'kind', (a ->> 'id')::uuid, a ->> 'name', tg_table_name || '.' || lower(tg_op), tg_table_name,
             tenant.entity_id, tenant.row_count
        from (select private.actor() as a) who;
      continue;
    end if;
    entries := null;
    digest := null;
    if tenant.row_count <= 1000 then
      select jsonb_agg(jsonb_build_object('id', c.value -> 'id', 'before', c.value -> 'before',
               'after', c.value -> 'after', 'salt', gen_random_uuid()) order by c.ordinality)
        into entries from jsonb_array_elements(tenant.changes) with ordinality c;
      digest := sha256(convert_to(entries::text, 'UTF8'));
    end if;
    audit := private.write_audit_row(
      tenant.organization_id, tg_table_name || '.' || lower(tg_op), tg_table_name, tenant.entity_id,
      tenant.row_count::integer,
      coalesce((select array_agg(distinct k.value order by k.value)
                  from jsonb_array_elements(tenant.changes) c, jsonb_array_elements_text(c.value -> 'columns') k), '{}'),
      digest,
      case when entries is null then '{"values": "not kept: more than 1,000 rows"}'::jsonb else '{}'::jsonb end);
    insert into public.audit_values (organization_id, audit_id, row_number, entity_id, salt, before, after)
      select tenant.organization_id, audit, e.ordinality, private.claim_uuid(e.value ->> 'id'),
             convert_to(e.value ->> 'salt', 'UTF8'), nullif(e.value -> 'before', 'null'), nullif(e.value -> 'after', 'null')
        from jsonb_array_elements(entries) with ordinality e;
  end loop;
  return null;
end $$;

-- Makes a table audited. Called in a table's triggers section:
--   select private.attach_audit('public.leads', 'score', 'touches');
create function private.attach_audit(audited regclass, variadic unheard text[] default '{}') returns void
  language plpgsql set search_path = '' as $$
declare
  arguments text := coalesce((select string_agg(quote_literal(u), ', ') from unnest(unheard) u), '');
begin
  execute format('create trigger audit_insert after insert on %s referencing new table as audit_new '
                 'for each statement execute function private.audit_statement(%s)', audited, arguments);
  execute format('create trigger audit_update after update on %s referencing old table as audit_old '
                 'new table as audit_new for each statement execute function private.audit_statement(%s)',
                 audited, arguments);
  execute format('create trigger audit_delete after delete on %s referencing old table as audit_old '
                 'for each statement execute function private.audit_statement(%s)', audited, arguments);
end $$;

-- Evidence is not rewritten, by nobody and with no right.
create function private.refuse_rewriting() returns trigger
  language plpgsql set search_path = '' as $$
begin
  raise exception '% is append-only: rows are never changed or deleted.', tg_table_name using errcode = 'VQ008';
end $$;

-- The text of an audit row that its seal covers. Columns that later releases add are not part of it.
create function private.audit_row_text(organization uuid, audit uuid) returns text
  language sql stable set search_path = '' as $$
  select jsonb_build_array(a.id, a.seq, extract(epoch from a.created_at)::text, a.actor_kind, a.user_id, a.user_name,
           a.impersonator_user_id, a.impersonator_name, a.action, a.entity_type, a.entity_id, a.row_count,
           a.changed_columns, encode(a.values_digest, 'hex'), a.request_id, a.client_address, a.metadata)::text
    from public.audit_logs a where a.organization_id = organization and a.id = audit
$$;

-- Seals up to `batch` waiting rows, one seal per organisation. Returns how many rows. For vantage_worker.
create function private.seal_audit(batch integer) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  tenant record;
  last record;
  sealed bigint := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('vantage.audit_seal', 0)) then
    return 0;
  end if;
  for tenant in
    with taken as (
      delete from private.audit_unsealed u
       using (select w.organization_id, w.audit_id from private.audit_unsealed w order by w.seq limit batch) w
       where u.organization_id = w.organization_id and u.audit_id = w.audit_id
      returning u.organization_id, u.audit_id, u.seq)
    select t.organization_id, array_agg(t.audit_id order by t.seq) as ids from taken t group by t.organization_id
  loop
    select s.number, s.digest into last from public.audit_seals s
     where s.organization_id = tenant.organization_id order by s.number desc limit 1;
    insert into public.audit_seals (organization_id, number, audit_ids, previous_digest, digest)
    values (tenant.organization_id, coalesce(last.number, 0) + 1, tenant.ids, coalesce(last.digest, ''::bytea),
            private.seal_digest(tenant.organization_id, tenant.ids, coalesce(last.digest, ''::bytea)));
    sealed := sealed + cardinality(tenant.ids);
  end loop;
  return sealed;
end $$;

create function private.seal_digest(organization uuid, ids uuid[], previous bytea) returns bytea
  language sql stable set search_path = '' as $$
  select sha256(previous || convert_to(string_agg(private.audit_row_text(organization, i.id), E'\n' order by i.n), 'UTF8'))
    from unnest(ids) with ordinality i (id, n)
$$;

-- The first seal of an organisation that no longer fits its rows, or null when the chain holds.
create function private.broken_seal(organization uuid) returns bigint
  language sql stable security definer set search_path = '' as $$
  select min(s.number)
    from (select a.number, a.audit_ids, a.digest, a.previous_digest,
                 lag(a.digest, 1, ''::bytea) over (order by a.number) as before
            from public.audit_seals a where a.organization_id = organization) s
   where s.previous_digest <> s.before
      or s.digest is distinct from private.seal_digest(organization, s.audit_ids, s.previous_digest)
$$;

-- @section triggers

create trigger audit_logs_append_only before update or delete on public.audit_logs
  for each row execute function private.refuse_rewriting();
create trigger audit_logs_no_truncate before truncate on public.audit_logs
  for each statement execute function private.refuse_rewriting();
create trigger audit_seals_append_only before update or delete on public.audit_seals
  for each row execute function private.refuse_rewriting();
create trigger audit_seals_no_truncate before truncate on public.audit_seals
  for each statement execute function private.refuse_rewriting();
create trigger platform_audit_logs_append_only before update or delete on public.platform_audit_logs
  for each row execute function private.refuse_rewriting();
-- Values may be deleted (retention, erasure), never changed.
create trigger audit_values_unchanged before update on public.audit_values
  for each row execute function private.refuse_rewriting();

select private.attach_audit('public.organizations');
select private.attach_audit('public.profiles', 'metadata');
select private.attach_audit('public.members');
select private.attach_audit('public.roles');
select private.attach_audit('public.teams');

-- @section grants

revoke all on public.audit_logs, public.audit_values, public.audit_seals, public.platform_audit_logs
  from anon, authenticated, service_role;
grant select on public.audit_logs, public.audit_values, public.audit_seals to authenticated, service_role;
grant select on public.platform_audit_logs to authenticated, service_role;
grant execute on function private.seal_audit(integer), private.broken_seal(uuid) to vantage_worker;

-- @section policies

alter table public.audit_logs enable row level security;
alter table public.audit_values enable row level security;
alter table public.audit_seals enable row level security;
alter table public.platform_audit_logs enable row level security;
alter table private.audit_unsealed enable row level security;

create policy "View org audit" on public.audit_logs for select to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('audit.view')));
create policy "View org audit values" on public.audit_values for select to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('audit.view')));
create policy "View org audit seals" on public.audit_seals for select to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('audit.view')));
create policy "View platform audit" on public.platform_audit_logs for select to authenticated
  using ((select private.system_role()) = 'platform_admin');
create policy "No direct access" on private.audit_unsealed for select using (false);
