-- pipeline_stage_templates: the stages that a new project of this pipeline starts with. A stage keeps its
-- template's key, by which a board over several projects lines up columns that people may have renamed.

-- @section tables

create table public.pipeline_stage_templates (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  pipeline_id     uuid not null,
  key             text not null,
  name            text not null,
  kind            text not null default 'open',
  color           text not null default '#cbd5e1',
  order_index     integer not null,
  stale_days      integer,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint pipeline_stage_templates_pkey primary key (organization_id, id),
  constraint pipeline_stage_templates_key_check check (key ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint pipeline_stage_templates_name_check check (length(btrim(name)) between 1 and 60),
  constraint pipeline_stage_templates_kind_check check (kind in ('open', 'won', 'lost')),
  constraint pipeline_stage_templates_color_check check (color ~ '^#[0-9a-f]{6}$'),
  constraint pipeline_stage_templates_order_index_check check (order_index >= 0),
  constraint pipeline_stage_templates_stale_days_check check (stale_days > 0)
);

-- @section references

alter table public.pipeline_stage_templates add constraint pipeline_stage_templates_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.pipeline_stage_templates add constraint pipeline_stage_templates_pipeline_id_fkey
  foreign key (organization_id, pipeline_id) references public.pipelines (organization_id, id) on delete cascade;
create unique index pipeline_stage_templates_key_idx on public.pipeline_stage_templates (organization_id, pipeline_id, key);

-- @section triggers

create trigger pipeline_stage_templates_modified before update on public.pipeline_stage_templates
  for each row execute function public.update_modified_column();

-- @section grants

revoke all on public.pipeline_stage_templates from anon, authenticated, service_role;
grant select on public.pipeline_stage_templates to authenticated, vantage_worker, service_role;
grant delete on public.pipeline_stage_templates to authenticated;
grant insert (organization_id, id, pipeline_id, key, name, kind, color, order_index, stale_days),
      update (name, kind, color, order_index, stale_days) on public.pipeline_stage_templates to authenticated;

-- @section policies

alter table public.pipeline_stage_templates enable row level security;

create policy "View org stage templates" on public.pipeline_stage_templates for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()));
create policy "Create stage templates" on public.pipeline_stage_templates for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));
create policy "Change stage templates" on public.pipeline_stage_templates for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')))
  with check (organization_id = (select private.org_id()));
create policy "Delete stage templates" on public.pipeline_stage_templates for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));
