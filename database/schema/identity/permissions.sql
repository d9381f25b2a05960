-- permissions: every permission key that a role may hold, once, for the whole service.
-- `roles.permissions` is checked against it, and so is the list in kernel/permissions.py.

-- @section tables

create table public.permissions (
  key         text not null,
  module      text not null,
  description text not null,
  constraint permissions_pkey primary key (key),
  constraint permissions_key_check check (key ~ '^[a-z]+\.[a-z_]+$'),
  constraint permissions_module_check
    check (module in ('identity', 'inventory', 'crm', 'calling', 'billing', 'system'))
);

-- The keys are part of the schema, not seed data: policies name them.
insert into public.permissions (key, module, description) values
  ('project.view',     'inventory', 'See projects'),
  ('project.create',   'inventory', 'Create projects'),
  ('project.edit',     'inventory', 'Change projects'),
  ('project.delete',   'inventory', 'Archive and delete projects'),
  ('property.view',    'inventory', 'See properties'),
  ('property.create',  'inventory', 'Add properties'),
  ('property.edit',    'inventory', 'Change properties, images and features'),
  ('property.delete',  'inventory', 'Delete properties'),
  ('lead.view',        'crm',       'See every lead of the organisation'),
  ('lead.view_team',   'crm',       'See the leads of the own team'),
  ('lead.view_own',    'crm',       'See the leads assigned to oneself'),
  ('lead.view_numbers','crm',       'See phone numbers and e-mail addresses unmasked'),
  ('lead.create',      'crm',       'Add leads'),
  ('lead.edit',        'crm',       'Change and move leads, add notes'),
  ('lead.delete',      'crm',       'Archive and delete leads'),
  ('lead.assign',      'crm',       'Assign leads to people'),
  ('lead.import',      'crm',       'Import lead files'),
  ('lead.export',      'crm',       'Export leads'),
  ('pipeline.edit',    'crm',       'Change pipelines and stages'),
  ('campaign.view',    'calling',   'See campaigns'),
  ('campaign.create',  'calling',   'Create campaigns'),
  ('campaign.edit',    'calling',   'Change campaigns'),
  ('campaign.run',     'calling',   'Start, pause, resume and cancel campaigns'),
  ('campaign.delete',  'calling',   'Archive campaigns'),
  ('call.view',        'calling',   'See calls and transcripts of visible leads'),
  ('call.listen',      'calling',   'Listen to recordings and live calls'),
  ('team.view',        'identity',  'See the people of the organisation'),
  ('team.manage',      'identity',  'Add, change and remove people and teams'),
  ('role.manage',      'identity',  'Create roles and give them permissions one holds'),
  ('settings.view',    'identity',  'See the settings of the organisation'),
  ('settings.edit',    'identity',  'Change the settings of the organisation'),
  ('billing.view',     'billing',   'See plan, usage and invoices'),
  ('billing.manage',   'billing',   'Change plan and payment methods'),
  ('audit.view',       'system',    'Read the audit trail');

-- @section grants

revoke all on public.permissions from anon, authenticated, service_role;
grant select on public.permissions to authenticated, vantage_worker, service_role;

-- @section policies

alter table public.permissions enable row level security;

-- The list holds no tenant's data; the role editor shows it.
create policy "View permissions" on public.permissions
  for select to authenticated, vantage_worker using (true);
