-- pipeline_stages: the kanban columns of one project ("New Lead", "Qualified", "Negotiation", "Won"), copied from
-- the default pipeline's template when the project is made, then its own. Rules and reports go by `kind`.

-- @section tables

create table public.pipeline_stages (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  project_id      uuid not null,
  pipeline_id     uuid not null,
  template_key    text,
  name            text not null,
  kind            text not null default 'open',
  color           text not null default '#cbd5e1',
  order_index     integer not null,
  position        integer not null generated always as (order_index) stored,
  stale_days      integer,
  archived_at     timestamptz,
  version         integer not null default 1,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint pipeline_stages_pkey primary key (organization_id, id),
  constraint pipeline_stages_name_check check (length(btrim(name)) between 1 and 60),
  constraint pipeline_stages_kind_check check (kind in ('open', 'won', 'lost')),
  constraint pipeline_stages_color_check check (color ~ '^#[0-9a-f]{6}$'),
  constraint pipeline_stages_order_index_check check (order_index >= 0),
  constraint pipeline_stages_stale_days_check check (stale_days > 0),
  -- What leads refer to: a stage of their own project, never of another.
  constraint pipeline_stages_project_key unique (organization_id, project_id, id)
);

-- @section references

alter table public.pipeline_stages add constraint pipeline_stages_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.pipeline_stages add constraint pipeline_stages_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id) on delete cascade;
alter table public.pipeline_stages add constraint pipeline_stages_pipeline_id_fkey
  foreign key (organization_id, pipeline_id) references public.pipelines (organization_id, id);
create index pipeline_stages_pipeline_id_idx on public.pipeline_stages (organization_id, pipeline_id);
create index pipeline_stages_order_idx on public.pipeline_stages (organization_id, project_id, order_index);
create unique index pipeline_stages_template_key_idx on public.pipeline_stages (organization_id, project_id, template_key)
  where template_key is not null;

-- @section functions

-- Copies the default pipeline's template into a project.
create function private.create_stages(organization uuid, project uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  pipeline uuid := private.birth_pipeline(organization);
begin
  insert into public.pipeline_stages
    (organization_id, project_id, pipeline_id, template_key, name, kind, color, order_index, stale_days)
  select t.organization_id, project, t.pipeline_id, t.key, t.name, t.kind, t.color, t.order_index, t.stale_days
    from public.pipeline_stage_templates t
   where t.organization_id = create_stages.organization and t.pipeline_id = pipeline
  on conflict do nothing;
end $$;

create function private.project_is_born() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  perform private.create_stages(new.organization_id, new.id);
  return null;
end $$;

-- The stage in which a project's new leads stand: its first open one.
create function private.entry_stage(organization uuid, project uuid) returns uuid
  language plpgsql stable security definer set search_path = '' as $$
declare
  found_id uuid;
begin
  select s.id into found_id from public.pipeline_stages s
   where s.organization_id = organization and s.project_id = project
     and s.kind = 'open' and s.archived_at is null
   order by s.order_index, s.created_at, s.id limit 1;
  return found_id;
end $$;

-- A stage is not taken away from under its leads, and a project keeps a stage in which new ones can stand.
create function private.check_stage_is_free() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  n bigint;
begin
  if tg_op = 'UPDATE' and new.archived_at is not null and old.archived_at is null then
    select count(*) into n from public.leads l
     where l.organization_id = old.organization_id and l.project_id = old.project_id and l.stage_id = old.id
       and l.archived_at is null;
    if n > 0 then
      raise exception 'The stage "%" holds % leads. Move them to another stage first.', old.name, n
        using errcode = 'VQ002';
    end if;
  end if;
  if old.kind = 'open' and old.archived_at is null
     and exists (select 1 from public.projects p where p.organization_id = old.organization_id and p.id = old.project_id)
     and private.entry_stage(old.organization_id, old.project_id) is null then
    raise exception 'The stage "%" is the last open one: new leads need a stage to stand in.', old.name
      using errcode = 'VQ002';
  end if;
  return null;
end $$;

-- @section triggers

create trigger pipeline_stages_modified before update on public.pipeline_stages
  for each row execute function public.update_modified_column('versioned');
create trigger projects_born after insert on public.projects
  for each row execute function private.project_is_born();
create trigger pipeline_stages_free after update of archived_at, kind or delete on public.pipeline_stages
  for each row execute function private.check_stage_is_free();

select private.attach_audit('public.pipeline_stages', 'position');

-- @section grants

revoke all on public.pipeline_stages from anon, authenticated, service_role;
grant select on public.pipeline_stages to authenticated, vantage_worker, service_role;
grant delete on public.pipeline_stages to authenticated;
grant insert (organization_id, id, project_id, pipeline_id, template_key, name, kind, color, order_index, stale_days),
      update (name, kind, color, order_index, stale_days, archived_at) on public.pipeline_stages to authenticated;

-- @section policies

alter table public.pipeline_stages enable row level security;

create policy "View org stages" on public.pipeline_stages for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()));
create policy "Create stages" on public.pipeline_stages for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));
create policy "Change stages" on public.pipeline_stages for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')))
  with check (organization_id = (select private.org_id()));
-- A stage that leads stand in or went through is refused by their references: archive it instead.
create policy "Delete stages" on public.pipeline_stages for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('pipeline.edit')));
