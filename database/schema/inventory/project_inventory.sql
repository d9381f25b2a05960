-- project_inventory: what each project has to offer, counted from its properties on reading. A view with its
-- reader's rights, so the public page gets it of published projects and a member of the own organisation.

-- @section functions

create view public.project_inventory with (security_invoker = true) as
  select p.organization_id, p.project_id,
         count(*) as properties,
         count(*) filter (where p.status = 'available') as available,
         count(*) filter (where p.status = 'reserved') as reserved,
         count(*) filter (where p.status = 'sold') as sold,
         count(*) filter (where p.status = 'rented') as rented,
         min(p.public_price) filter (where p.status = 'available') as min_price,
         max(p.public_price) filter (where p.status = 'available') as max_price,
         array_agg(distinct p.configuration) filter (where p.configuration is not null) as configurations
    from public.properties p
   where p.archived_at is null
   group by p.organization_id, p.project_id;

-- @section grants

revoke all on public.project_inventory from anon, authenticated, service_role;
grant select on public.project_inventory to anon, authenticated, vantage_worker, service_role;
