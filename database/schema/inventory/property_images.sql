-- property_images: the pictures of a property, one of which may stand for it.

-- @section tables

create table public.property_images (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  property_id     uuid not null,
  url             text,
  path            text,
  alt             text not null default '',
  is_featured     boolean not null default false,
  order_index     integer not null default 0,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint property_images_pkey primary key (organization_id, id),
  -- Either a stored file (path) or an address elsewhere (url).
  constraint property_images_source_check check ((url is null) <> (path is null)),
  constraint property_images_url_check check (url ~ '^https?://' and length(url) <= 2000),
  constraint property_images_alt_check check (length(alt) <= 300),
  constraint property_images_order_index_check check (order_index >= 0)
);

-- @section references

alter table public.property_images add constraint property_images_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.property_images add constraint property_images_property_id_fkey
  foreign key (organization_id, property_id) references public.properties (organization_id, id) on delete cascade;
create index property_images_property_id_idx on public.property_images (organization_id, property_id, order_index);
create unique index property_images_featured_idx on public.property_images (organization_id, property_id)
  where is_featured;

-- @section triggers

create trigger property_images_modified before update on public.property_images
  for each row execute function public.update_modified_column();

-- @section grants

revoke all on public.property_images from anon, authenticated, service_role;
grant select on public.property_images to authenticated, vantage_worker, service_role;
grant delete on public.property_images to authenticated;
grant insert (organization_id, id, property_id, url, path, alt, is_featured, order_index),
      update (url, path, alt, is_featured, order_index) on public.property_images to authenticated;
grant select (organization_id, id, property_id, url, path, alt, is_featured, order_index)
  on public.property_images to anon;

-- @section policies

alter table public.property_images enable row level security;

create policy "View org property images" on public.property_images for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.view')));
create policy "View published property images" on public.property_images for select to anon
  using (exists (select 1 from public.properties p
                  where p.organization_id = property_images.organization_id and p.id = property_images.property_id));
-- Pictures are part of the property: its edit permission covers them.
create policy "Add property images" on public.property_images for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')));
create policy "Change property images" on public.property_images for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')))
  with check (organization_id = (select private.org_id()));
create policy "Delete property images" on public.property_images for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')));
