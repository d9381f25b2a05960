-- Projects and properties as people see them.

-- Each project with its leads and what is left to sell.
-- name: projects
select coalesce(jsonb_agg(to_jsonb(k) order by k.name), '[]') from (
  select p.id, p.name, p.description, p.status, p.locality, p.city, p.rera_number, p.possession_date, p.is_published,
         p.public_slug, p.archived_at, p.version, p.created_at,
         (select count(*) from public.properties u where u.organization_id = p.organization_id and u.project_id = p.id and u.archived_at is null) as properties,
         (select count(*) from public.properties u where u.organization_id = p.organization_id and u.project_id = p.id and u.archived_at is null
             and u.status = 'available') as available,
         (select count(*) from public.leads l where l.organization_id = p.organization_id and l.project_id = p.id and l.archived_at is null) as leads
    from public.projects p where p.organization_id = %(organization_id)s and p.archived_at is null) k;

-- One project with its properties, by tower and floor.
-- name: project
select to_jsonb(k) from (
  select p.id, p.name, p.description, p.status, p.locality, p.city, p.rera_number, p.possession_date, p.is_published,
         p.public_slug, p.amenities, p.enquiry_consent_text, p.version, o.slug as organization_slug,
         (select coalesce(jsonb_agg(to_jsonb(u) order by u.tower, u.floor, u.unit_number), '[]') from (
            select y.id, y.title, y.type, y.status, y.price::text as price, y.price_undisclosed, y.size_sqft, y.configuration,
                   y.tower, y.floor, y.unit_number, y.facing
              from public.properties y
             where y.organization_id = p.organization_id and y.project_id = p.id and y.archived_at is null
             order by y.tower, y.floor, y.unit_number limit 500) u) as properties
    from public.projects p join public.organizations o on o.id = p.organization_id
   where p.organization_id = %(organization_id)s and p.id = %(project_id)s) k;

-- A new project; its stages are copied by a trigger.
-- name: create_project
insert into public.projects (organization_id, name, description, locality, city)
values (%(organization_id)s, %(name)s, %(description)s, %(locality)s, %(city)s) returning id;

-- One property with its pictures, the featured one first, and its features.
-- name: property
select to_jsonb(k) from (
  select u.id, u.title, u.description, u.type, u.status, u.price::text as price, u.price_undisclosed, u.size_sqft, u.bedrooms,
         u.bathrooms, u.configuration, u.tower, u.floor, u.unit_number, u.facing, u.project_id, p.name as project,
         (select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'url', i.url, 'alt', i.alt, 'is_featured', i.is_featured)
                  order by i.is_featured desc, i.order_index), '[]')
            from public.property_images i where i.organization_id = u.organization_id and i.property_id = u.id) as images,
         (select coalesce(jsonb_agg(f.feature_name order by f.feature_name), '[]')
            from public.property_features f where f.organization_id = u.organization_id and f.property_id = u.id) as features
    from public.properties u join public.projects p on p.organization_id = u.organization_id and p.id = u.project_id
   where u.organization_id = %(organization_id)s and u.id = %(property_id)s) k;

-- A picture by its address; the first one is the featured one.
-- name: add_image
insert into public.property_images (organization_id, property_id, url, is_featured)
select %(organization_id)s, %(property_id)s, %(url)s,
       not exists (select 1 from public.property_images i where i.organization_id = %(organization_id)s
                      and i.property_id = %(property_id)s and i.is_featured)
returning id;

-- A tag such as Pool, Gym, Parking; the same one again changes nothing.
-- name: add_feature
insert into public.property_features (organization_id, property_id, feature_name)
values (%(organization_id)s, %(property_id)s, %(feature_name)s) on conflict do nothing;
