-- How organisations come to be and how people join, change and leave: the only writers of
-- profiles.organization_id, role_id and system_role. Each checks the caller by itself, because a definer
-- function runs above the policies.

-- @section functions

-- Everything an organisation is born with, in the same transaction, whoever makes the row: roles, pipeline,
-- subscription, first project with its stages.
create function private.organization_is_born() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.roles (organization_id, name, description, permissions, is_system_default) values
    (new.id, 'Sales Manager', 'All leads, campaigns and the team',
     '["project.view","project.create","project.edit","property.view","property.create","property.edit",
       "lead.view","lead.view_numbers","lead.create","lead.edit","lead.delete","lead.assign","lead.import",
       "lead.export","pipeline.edit","campaign.view","campaign.create","campaign.edit","campaign.run",
       "call.view","call.listen","team.view","settings.view"]', true),
    (new.id, 'Sales Executive', 'The own leads, their calls and the inventory',
     '["project.view","property.view","lead.view_own","lead.view_numbers","lead.create","lead.edit",
       "campaign.view","call.view"]', true);
  perform private.birth_subscription(new.id);
  perform private.birth_pipeline(new.id);
  insert into public.projects (organization_id, name) values (new.id, 'General enquiries');
  return null;
end $$;

-- The profile of an account whose trigger failed or was skipped.
create function private.ensure_profile(person uuid) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.profiles (id, email, full_name)
    select u.id, u.email, left(coalesce(u.raw_user_meta_data ->> 'full_name', ''), 120)
      from auth.users u where u.id = person
    on conflict (id) do nothing;
end $$;

-- A new organisation with the asking person as owner. `first_project` names the project that it starts with.
-- One person, one organisation at a time: a second is refused with that sentence (VQ007).
create function private.create_organization(
    organization_name text, first_project text default null, details jsonb default '{}') returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  person uuid := private.person_id();
  new_id uuid;
begin
  if person is null or private.claims() ? 'act' then
    raise exception 'Sign in as yourself to create an organisation.' using errcode = 'VQ005';
  end if;
  perform private.ensure_profile(person);
  -- the lock makes two clicks on "create" one organisation
  perform 1 from public.profiles p where p.id = person and p.organization_id is null
    and p.system_role <> 'platform_admin' for update;
  if not found then
    raise exception 'You already belong to an organisation. Leave it before you create another one.'
      using errcode = 'VQ007';
  end if;
  insert into public.organizations (name, slug, company_name, gstin, address_line_1, address_line_2, city, state,
                                    pincode, contact_number, onboarding_status)
  values (btrim(organization_name), private.free_slug(organization_name),
          nullif(btrim(details ->> 'company_name'), ''), nullif(btrim(details ->> 'gstin'), ''),
          nullif(btrim(details ->> 'address_line_1'), ''), nullif(btrim(details ->> 'address_line_2'), ''),
          nullif(btrim(details ->> 'city'), ''), nullif(btrim(details ->> 'state'), ''),
          nullif(btrim(details ->> 'pincode'), ''), nullif(btrim(details ->> 'contact_number'), ''), 'completed')
  returning id into new_id;
  if btrim(first_project) <> '' then
    update public.projects set name = btrim(first_project) where organization_id = new_id;
  end if;
  perform private.seat_member(new_id, person, 'owner', null);
  return new_id;
end $$;

-- Puts a person into an organisation: membership row first, then the profile that points at it. Unchecked;
-- called by the functions here and by the operator's commands.
create function private.seat_member(organization uuid, person uuid, new_system_role text, new_role uuid)
  returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.members (organization_id, id, display_name)
    select organization, p.id, coalesce(nullif(btrim(p.full_name), ''), nullif(split_part(p.email, '@', 1), ''), 'Member')
      from public.profiles p where p.id = person
    on conflict (organization_id, id) do update set left_at = null, joined_at = now();
  update public.profiles set organization_id = organization, system_role = new_system_role, role_id = new_role
   where id = person and organization_id is null;
  if not found then
    raise exception 'This person already belongs to an organisation, and can belong to one at a time.'
      using errcode = 'VQ007';
  end if;
end $$;

-- What the asker may do to people: team.manage, and only an owner touches owners and admins.
create function private.check_may_manage(target uuid, target_role text) returns uuid
  language plpgsql stable security definer set search_path = '' as $$
declare
  organization uuid := private.org_id();
  current_role_of_target text;
begin
  if organization is null or not private.has_permission('team.manage') then
    raise exception 'Managing people needs the permission team.manage.' using errcode = 'VQ005';
  end if;
  select p.system_role into current_role_of_target
    from public.profiles p where p.id = target and p.organization_id = organization;
  if (target_role in ('owner', 'admin') or current_role_of_target in ('owner', 'admin'))
     and private.system_role() <> 'owner' then
    raise exception 'Only an owner can make, change or remove an owner or admin.' using errcode = 'VQ005';
  end if;
  return organization;
end $$;

-- Changes what a colleague is. Nobody changes the own role.
create function private.change_member(person uuid, new_system_role text, new_role uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid := private.check_may_manage(person, new_system_role);
  missing text;
begin
  if person = private.person_id() then
    raise exception 'Nobody changes the own role. Ask another owner.' using errcode = 'VQ005';
  end if;
  if new_system_role is null or new_system_role not in ('owner', 'admin', 'member') then
    raise exception 'The system role is owner, admin or member.' using errcode = 'check_violation';
  end if;
  -- A role is handed out only by someone who holds all that it gives.
  select string_agg(p.key, ', ') into missing
    from public.roles r, jsonb_array_elements_text(r.permissions) p (key)
   where r.organization_id = organization and r.id = new_role and not private.has_permission(p.key);
  if missing is not null then
    raise exception 'You cannot give a role with permissions that you do not hold: %.', missing
      using errcode = 'VQ005';
  end if;
  update public.profiles set system_role = new_system_role, role_id = new_role
   where id = person and organization_id = organization;
  if not found then
    raise exception 'No such person in this organisation.' using errcode = 'no_data_found';
  end if;
end $$;

-- Ends a membership: a manager removes someone, or a person leaves.
create function private.remove_member(person uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid := private.org_id();
begin
  if private.claims() ? 'act' and person = private.person_id() then
    raise exception 'Support cannot leave an organisation for a person.' using errcode = 'VQ005';
  end if;
  if person <> private.person_id() then
    organization := private.check_may_manage(person, null);
  end if;
  update public.profiles set organization_id = null, role_id = null, system_role = 'member'
   where id = person and organization_id = organization;
  if not found then
    raise exception 'No such person in this organisation.' using errcode = 'no_data_found';
  end if;
end $$;

-- Deletes the own organisation with everything but evidence. The name has to be typed.
create function private.delete_organization(confirm_name text) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  organization uuid := private.org_id();
begin
  if organization is null or private.system_role() <> 'owner' or private.claims() ? 'act' then
    raise exception 'Only an owner can delete the organisation.' using errcode = 'VQ005';
  end if;
  delete from public.organizations o where o.id = organization and o.name = confirm_name;
  if not found then
    raise exception 'Type the name of the organisation exactly to delete it.' using errcode = 'check_violation';
  end if;
end $$;

-- Which carrier dials for the organisation. Real calls need an admin and a verified caller id; a
-- demonstration stays simulated (constraint).
create function private.choose_carrier(new_carrier text) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if private.org_id() is null or private.system_role() not in ('owner', 'admin') then
    raise exception 'Only an owner or admin can choose the carrier.' using errcode = 'VQ005';
  end if;
  update public.organizations set carrier = new_carrier where id = private.org_id();
end $$;

-- @section triggers

create trigger organizations_born after insert on public.organizations
  for each row execute function private.organization_is_born();

-- @section grants

grant execute on function private.create_organization(text, text, jsonb), private.change_member(uuid, text, uuid),
  private.remove_member(uuid), private.delete_organization(text), private.choose_carrier(text) to authenticated;
grant execute on function private.ensure_profile(uuid) to vantage_worker;
