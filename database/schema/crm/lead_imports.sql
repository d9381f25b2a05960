-- lead_imports: one uploaded file of leads and what became of it. The job that reads it moves the status; the
-- counts are written by private.accept_leads() together with the rows, so that they add up.

-- @section tables

create table public.lead_imports (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  project_id      uuid not null,
  file_name       text not null,
  file_key        text not null,
  file_digest     text not null,
  mapping         jsonb,
  status          text not null default 'received',
  total_rows      integer,
  created_count   integer not null default 0,
  merged_count    integer not null default 0,
  rejected_count  integer not null default 0,
  over_quota      integer not null default 0,
  error           text,
  started_at      timestamptz,
  finished_at     timestamptz,
  created_by      uuid,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint lead_imports_pkey primary key (organization_id, id),
  constraint lead_imports_file_name_check check (length(file_name) between 1 and 255),
  constraint lead_imports_file_digest_check check (file_digest ~ '^[0-9a-f]{64}$'),
  constraint lead_imports_mapping_check check (jsonb_typeof(mapping) = 'object'),
  constraint lead_imports_status_check check (status in ('received', 'reading', 'writing', 'done', 'failed')),
  constraint lead_imports_counts_check
    check (total_rows >= 0 and created_count >= 0 and merged_count >= 0 and rejected_count >= 0
           and over_quota between 0 and rejected_count),
  -- Every row of a finished file is accounted for.
  constraint lead_imports_done_check
    check (status <> 'done' or (total_rows is not null and finished_at is not null
                                and created_count + merged_count + rejected_count = total_rows)),
  constraint lead_imports_error_check check ((status = 'failed') = (error is not null))
);
comment on column public.lead_imports.file_digest is 'SHA-256 of the file, in hexadecimal.';
comment on column public.lead_imports.over_quota is 'Of the rejected rows, those that the plan had no room for.';

-- @section references

alter table public.lead_imports add constraint lead_imports_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.lead_imports add constraint lead_imports_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id) on delete cascade;
alter table public.lead_imports add constraint lead_imports_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index lead_imports_project_id_idx on public.lead_imports (organization_id, project_id);
create index lead_imports_created_by_idx on public.lead_imports (organization_id, created_by);
create index lead_imports_created_at_idx on public.lead_imports (organization_id, created_at desc);

-- @section functions

-- received, reading, writing, done; failed from anywhere before done, and again from the start after failed.
create function private.check_import_status() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if not (case old.status
       when 'received' then new.status in ('reading', 'failed')
       when 'reading'  then new.status in ('writing', 'failed')
       when 'writing'  then new.status in ('done', 'failed')
       when 'failed'   then new.status in ('received')
       else false end) then
    raise exception 'An import cannot go from % to %.', old.status, new.status
      using errcode = 'VQ002', column = 'status';
  end if;
  return new;
end $$;

-- The job starts when the row is there, and pages follow its progress.
create function private.import_changed() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  perform private.emit(new.organization_id,
    case tg_op when 'INSERT' then 'import.received' else 'import.updated' end, new.id,
    jsonb_build_object('status', new.status, 'project_id', new.project_id));
  return null;
end $$;

-- Imports that wait to be read, over all organisations, and those whose worker died while reading (nothing was
-- written for two minutes). For vantage_worker.
create function private.imports_to_read(most integer) returns table (organization_id uuid, id uuid)
  language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
    select i.organization_id, i.id from public.lead_imports i
     where i.status = 'received'
        or (i.status in ('reading', 'writing') and i.updated_at < now() - interval '2 minutes')
     order by i.created_at limit most;
end $$;

-- @section triggers

alter table public.lead_imports alter column created_by set default private.author();
create trigger lead_imports_modified before update on public.lead_imports
  for each row execute function public.update_modified_column();
create trigger lead_imports_status before update of status on public.lead_imports
  for each row when (old.status <> new.status) execute function private.check_import_status();
create trigger lead_imports_changed after insert or update on public.lead_imports
  for each row execute function private.import_changed();

create trigger audit_insert after insert on public.lead_imports referencing new table as audit_new
  for each statement execute function private.audit_statement();

-- @section grants

revoke all on public.lead_imports from anon, authenticated, service_role;
grant select on public.lead_imports to authenticated, vantage_worker, service_role;
grant insert (organization_id, id, project_id, file_name, file_key, file_digest, mapping) on public.lead_imports to authenticated;
grant update (status, total_rows, mapping, error, started_at, finished_at) on public.lead_imports to vantage_worker;
grant execute on function private.check_import_status(), private.imports_to_read(integer) to vantage_worker;

-- @section policies

alter table public.lead_imports enable row level security;

create policy "View org imports" on public.lead_imports for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('lead.import')));
create policy "Start imports" on public.lead_imports for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('lead.import')));
create policy "Carry out imports" on public.lead_imports for update to vantage_worker
  using (organization_id = (select private.org_id())) with check (organization_id = (select private.org_id()));
