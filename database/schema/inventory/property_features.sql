-- property_features: tags of a property such as "Pool", "Gym", "Parking".

-- @section tables

create table public.property_features (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  property_id     uuid not null,
  feature_name    text not null,
  created_at      timestamptz not null default now(),
  constraint property_features_pkey primary key (organization_id, id),
  constraint property_features_feature_name_check check (length(btrim(feature_name)) between 1 and 80)
);

-- @section references

alter table public.property_features add constraint property_features_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
alter table public.property_features add constraint property_features_property_id_fkey
  foreign key (organization_id, property_id) references public.properties (organization_id, id) on delete cascade;
create unique index property_features_feature_name_idx on public.property_features
  (organization_id, property_id, lower(feature_name));

-- @section grants

revoke all on public.property_features from anon, authenticated, service_role;
grant select on public.property_features to authenticated, vantage_worker, service_role;
grant delete on public.property_features to authenticated;
grant insert (organization_id, id, property_id, feature_name) on public.property_features to authenticated;
grant select (organization_id, id, property_id, feature_name) on public.property_features to anon;

-- @section policies

alter table public.property_features enable row level security;

create policy "View org property features" on public.property_features for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.view')));
create policy "View published property features" on public.property_features for select to anon
  using (exists (select 1 from public.properties p
                  where p.organization_id = property_features.organization_id and p.id = property_features.property_id));
-- Tags are part of the property: its edit permission covers them. They are added and removed, never changed.
create policy "Add property features" on public.property_features for insert to authenticated
  with check (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')));
create policy "Delete property features" on public.property_features for delete to authenticated
  using (organization_id = (select private.org_id()) and (select private.has_permission('property.edit')));
