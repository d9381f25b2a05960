-- lead_import_rows: what became of each row of an imported file. Written by private.accept_leads() alone, together
-- with the lead, so that an import which was interrupted goes on without doubling one. A rejected row keeps its
-- cells, to be handed back with the reason; an accepted one stands in its lead.

-- @section tables

create table public.lead_import_rows (
  organization_id uuid not null,
  import_id       uuid not null,
  line            integer not null,
  verdict         text not null,
  column_name     text,
  reason          text,
  raw             jsonb,
  lead_id         uuid,
  constraint lead_import_rows_pkey primary key (organization_id, import_id, line),
  constraint lead_import_rows_line_check check (line >= 1),
  constraint lead_import_rows_verdict_check check (verdict in ('created', 'merged', 'rejected')),
  constraint lead_import_rows_lead_id_check check ((verdict = 'rejected') = (lead_id is null)),
  constraint lead_import_rows_reason_check check ((verdict = 'rejected') = (reason is not null))
);
comment on column public.lead_import_rows.line is 'The line that an editor shows, or the sheet''s row.';

-- @section references

alter table public.lead_import_rows add constraint lead_import_rows_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.lead_import_rows add constraint lead_import_rows_import_id_fkey
  foreign key (organization_id, import_id) references public.lead_imports (organization_id, id) on delete cascade;
-- A deleted lead takes its trace along; the import's counts stay.
alter table public.lead_import_rows add constraint lead_import_rows_lead_id_fkey
  foreign key (organization_id, lead_id) references public.leads (organization_id, id) on delete cascade;
create index lead_import_rows_lead_id_idx on public.lead_import_rows (organization_id, lead_id);
create index lead_import_rows_rejected_idx on public.lead_import_rows (organization_id, import_id, line)
  where verdict = 'rejected';

-- @section grants

revoke all on public.lead_import_rows from anon, authenticated, service_role;
grant select on public.lead_import_rows to authenticated, vantage_worker, service_role;

-- @section policies

alter table public.lead_import_rows enable row level security;

create policy "View org import rows" on public.lead_import_rows for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('lead.import')));
