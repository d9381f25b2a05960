-- properties: what is for sale or rent: an apartment, villa, plot or commercial unit of a project.

-- @section tables

create table public.properties (
  organization_id   uuid not null,
  id                uuid not null default gen_random_uuid(),
  project_id        uuid not null,
  title             text not null,
  description       text not null default '',
  type              text not null,
  status            text not null default 'available',
  price             numeric(14,2),
  price_undisclosed boolean not null default false,
  public_price      numeric(14,2) generated always as (case when price_undisclosed then null else price end) stored,
  size_sqft         numeric(12,2),
  bedrooms          smallint,
  bathrooms         smallint,
  configuration     text,
  tower             text,
  floor             smallint,
  unit_number       text,
  facing            text,
  address           text,
  amenities         text[] not null default '{}',
  archived_at       timestamptz,
  version           integer not null default 1,
  created_by        uuid,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  constraint properties_pkey primary key (organization_id, id),
  constraint properties_title_check check (length(btrim(title)) between 1 and 200),
  constraint properties_description_check check (length(description) <= 10000),
  constraint properties_type_check check (type in ('apartment', 'villa', 'plot', 'commercial')),
  constraint properties_status_check check (status in ('available', 'reserved', 'sold', 'rented')),
  constraint properties_price_check check (price >= 0),
  constraint properties_size_sqft_check check (size_sqft > 0),
  constraint properties_bedrooms_check check (bedrooms between 0 and 50),
  constraint properties_bathrooms_check check (bathrooms between 0 and 50),
  constraint properties_floor_check check (floor between -10 and 200),
  constraint properties_facing_check check (facing in
    ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')),
  -- A plot has no rooms.
  constraint properties_plot_check check (type <> 'plot' or (bedrooms is null and bathrooms is null))
);
comment on column public.properties.price is 'Rupees. Null: on request.';
comment on column public.properties.public_price is 'The price where it may be told: for public pages and the calling agent.';
comment on column public.properties.configuration is 'As buyers say it: "3 BHK".';

-- @section references

alter table public.properties add constraint properties_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.properties add constraint properties_project_id_fkey
  foreign key (organization_id, project_id) references public.projects (organization_id, id);
alter table public.properties add constraint properties_created_by_fkey
  foreign key (organization_id, created_by) references public.members (organization_id, id);
-- The inventory page: a project's properties by status; the agent's search: what is available up to a price.
create index properties_project_id_idx on public.properties (organization_id, project_id, status, price);
create index properties_created_by_idx on public.properties (organization_id, created_by);
-- Towers of a project may both have a flat 101.
create unique index properties_unit_number_idx on public.properties
  (organization_id, project_id, lower(coalesce(tower, '')), lower(unit_number))
  where unit_number is not null and archived_at is null;

-- @section functions

-- The steps that a property's status may take. Sold is left only through reserved: a sale that falls through
-- goes back to the reservation, and from there back to the market, so that no slip puts a sold flat on sale.
create function private.check_property_status() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if not (case old.status
       when 'available' then new.status in ('reserved', 'sold', 'rented')
       when 'reserved'  then new.status in ('available', 'sold', 'rented')
       when 'sold'      then new.status in ('reserved')
       when 'rented'    then new.status in ('available')
       else false end) then
    raise exception 'A property cannot go from % to %.', old.status, new.status
      using errcode = 'VQ002', column = 'status',
            hint = case old.status when 'sold' then 'Set it to reserved first if the sale fell through.'
                                   when 'rented' then 'Set it to available first.'
                                   else 'Choose available, reserved, sold or rented.' end;
  end if;
  return new;
end $$;

-- Tells open pages which property changed: status or price, the two that others wait for.
create function private.property_changed() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.outbox (organization_id, topic, key, payload)
    select n.organization_id, 'property.updated', n.id, jsonb_build_object('project_id', n.project_id)
      from new_rows n join old_rows o on o.organization_id = n.organization_id and o.id = n.id
     where (o.status, o.price, o.archived_at) is distinct from (n.status, n.price, n.archived_at);
  return null;
end $$;

-- @section triggers

alter table public.properties alter column created_by set default private.author();
create trigger properties_modified before update on public.properties
  for each row execute function public.update_modified_column('versioned');
create trigger properties_status before update of status on public.properties
  for each row when (old.status <> new.status) execute function private.check_property_status();
create trigger properties_archive before update of archived_at on public.properties
  for each row when (old.archived_at is distinct from new.archived_at)
  execute function private.require_permission('property.delete', 'archive or restore a property');
create trigger properties_changed after update on public.properties
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.property_changed();

select private.attach_audit('public.properties', 'public_price');

-- @section grants

revoke all on public.properties from anon, authenticated, service_role;
grant select on public.properties to authenticated, vantage_worker, service_role;
grant delete on public.properties to authenticated;
grant insert (organization_id, id, project_id, title, description, type, status, price, price_undisclosed, size_sqft,
              bedrooms, bathrooms, configuration, tower, floor, unit_number, facing, address, amenities),
      update (project_id, title, description, type, status, price, price_undisclosed, size_sqft,
              bedrooms, bathrooms, configuration, tower, floor, unit_number, facing, address, amenities, archived_at)
  on public.properties to authenticated;
-- A stranger sees public_price, never price.
grant select (organization_id, id, project_id, title, description, type, status, public_price, size_sqft, bedrooms,
              bathrooms, configuration, tower, floor, unit_number, facing, address, amenities, archived_at)
  on public.properties to anon;
grant execute on function private.check_property_status() to authenticated;

-- @section policies

alter table public.properties enable row level security;

create policy "View org properties" on public.properties for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.view')));
-- Those of published projects: the projects that anon sees at all.
create policy "View published properties" on public.properties for select to anon
  using (archived_at is null and exists (
    select 1 from public.projects p
     where p.organization_id = properties.organization_id and p.id = properties.project_id));
create policy "Create properties" on public.properties for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('property.create')));
create policy "Change properties" on public.properties for update to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')))
  with check (organization_id = (select private.org_id()));
create policy "Delete properties" on public.properties for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.delete')));
