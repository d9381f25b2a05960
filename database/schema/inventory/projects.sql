-- projects: a development or a broker's desk ("Sunset Villas", "Downtown Tower"). Properties belong to one, and
-- a lead is a person's interest in one. A project may be published: then its enquiry page shows it to anyone.

-- @section tables

create table public.projects (
  organization_id      uuid not null,
  id                   uuid not null default gen_random_uuid(),
  name                 text not null,
  description          text not null default '',
  project_type         text not null default 'residential',
  status               text not null default 'under_construction',
  address              text,
  locality             text,
  city                 text,
  state                text,
  pincode              text,
  rera_number          text,
  possession_date      date,
  completion_date      date,
  amenities            text[] not null default '{}',
  image_url            text,
  image_path           text,
  image_alt            text,
  is_published         boolean not null default false,
  public_slug          text,
  enquiry_consent_text text,
  archived_at          timestamptz,
  version              integer not null default 1,
  created_by           uuid,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  constraint projects_pkey primary key (organization_id, id),
  constraint projects_name_check check (length(btrim(name)) between 1 and 160),
  constraint projects_description_check check (length(description) <= 10000),
  constraint projects_project_type_check check (project_type in ('residential', 'commercial', 'mixed_use', 'plotted')),
  constraint projects_status_check
    check (status in ('planning', 'under_construction', 'ready_to_move', 'completed')),
  constraint projects_pincode_check check (pincode ~ '^[1-9][0-9]{5}$'),
  constraint projects_public_slug_check check (public_slug ~ '^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$'),
  -- An image is either a stored file or an address elsewhere.
  constraint projects_image_check check (image_url is null or image_path is null),
  -- A published page needs an address, and an enquiry needs the sentence that the person consents to.
  constraint projects_published_check
    check (not is_published or (public_slug is not null and btrim(enquiry_consent_text) <> ''))
);
comment on column public.projects.enquiry_consent_text is
  'What a person agrees to on the enquiry page; copied into the contact as proof of consent.';

-- @section references

alter table public.projects add constraint projects_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.projects add constraint projects_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
create index projects_created_by_idx on public.projects (organization_id, created_by);
-- An archived project gives its name free, not its address: links that were handed out keep meaning one thing.
create unique index projects_name_idx on public.projects (organization_id, lower(name)) where archived_at is null;
create unique index projects_public_slug_idx on public.projects (organization_id, public_slug);

-- @section functions

-- Who wrote the row, for `created_by`: the person, when a member of an organisation; null for a job.
create function private.author() returns uuid
  language plpgsql stable security definer set search_path = '' as $$
begin
  if private.org_id() is null then
    return null;
  end if;
  return private.person_id();
end $$;

-- A column whose change needs a permission of its own: tg_argv[0] the permission, tg_argv[1] what is being
-- done. Policies see a row before or after, never both, so a trigger asks. Invoker: functions of the schema
-- that clear a reference run as owner and are not asked.
create function private.require_permission() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if current_user = 'authenticated' and not private.has_permission(tg_argv[0]) then
    raise exception 'To % you need the permission %. Ask an owner or admin.', tg_argv[1], tg_argv[0]
      using errcode = 'VQ005';
  end if;
  return new;
end $$;

-- Whether an organisation may be seen by the public: a suspended one shows no page.
create function private.is_public(organization uuid) returns boolean
  language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select 1 from public.organizations o where o.id = organization and o.status <> 'suspended');
end $$;

-- The enquiry page's address: organisation slug and project slug to the published project. Null when none.
create function private.find_public_project(organization_slug text, project_slug text)
  returns table (organization_id uuid, project_id uuid, organization_name text)
  language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select p.organization_id, p.id, o.name
      from private.slugs s
      join public.organizations o on o.id = s.organization_id and o.slug = s.slug and o.status <> 'suspended'
      join public.projects p on p.organization_id = o.id and p.public_slug = find_public_project.project_slug
     where s.slug = find_public_project.organization_slug and p.is_published and p.archived_at is null;
end $$;

-- @section triggers

alter table public.projects alter column created_by set default private.author();
create trigger projects_modified before update on public.projects
  for each row execute function public.update_modified_column('versioned');
create trigger projects_archive before update of archived_at on public.projects
  for each row when (old.archived_at is distinct from new.archived_at)
  execute function private.require_permission('project.delete', 'archive or restore a project');

select private.attach_audit('public.projects');

-- @section grants

revoke all on public.projects from anon, authenticated, service_role;
grant select on public.projects to authenticated, vantage_worker, service_role;
grant delete on public.projects to authenticated;
grant insert (organization_id, id, name, description, project_type, status, address, locality, city, state, pincode,
              rera_number, possession_date, completion_date, amenities, image_url, image_path, image_alt,
              is_published, public_slug, enquiry_consent_text),
      update (name, description, project_type, status, address, locality, city, state, pincode,
              rera_number, possession_date, completion_date, amenities, image_url, image_path, image_alt,
              is_published, public_slug, enquiry_consent_text, archived_at)
  on public.projects to authenticated;
-- What a stranger reads of a published project: no versions, people or bookkeeping.
grant select (organization_id, id, name, description, project_type, status, address, locality, city, state, pincode,
              rera_number, possession_date, completion_date, amenities, image_url, image_path, image_alt,
              public_slug, enquiry_consent_text)
  on public.projects to anon;
grant execute on function private.author() to authenticated, vantage_worker;
grant execute on function private.require_permission() to authenticated, vantage_worker;
grant execute on function private.is_public(uuid), private.find_public_project(text, text) to anon;

-- @section policies

alter table public.projects enable row level security;

create policy "View org projects" on public.projects for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('project.view')));
-- The page that its organisation published, archived and suspended ones left out.
create policy "View published projects" on public.projects for select to anon
  using (is_published and archived_at is null and private.is_public(organization_id));
create policy "Create projects" on public.projects for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('project.create')));
create policy "Change projects" on public.projects for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('project.edit')))
  with check (organization_id = (select private.org_id()));
-- A project with leads or properties is refused by their references: archive it instead.
create policy "Delete projects" on public.projects for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('project.delete')));
