-- payment_methods: cards and UPI handles with which an organisation pays. Only what identifies one to its
-- holder; the gateway keeps the rest.

-- @section tables

create table public.payment_methods (
  organization_id           uuid not null,
  id                        uuid not null default gen_random_uuid(),
  type                      text not null,
  gateway                   text not null default 'sandbox',
  gateway_customer_id       text,
  gateway_payment_method_id text,
  brand                     text,
  last4                     text,
  expiry_month              smallint,
  expiry_year               smallint,
  upi_handle                text,
  is_default                boolean not null default false,
  created_at                timestamptz not null default now(),
  updated_at                timestamptz not null default now(),
  constraint payment_methods_pkey primary key (organization_id, id),
  constraint payment_methods_type_check check (type in ('card', 'upi')),
  constraint payment_methods_gateway_check check (gateway in ('sandbox', 'razorpay')),
  -- A real gateway's method without its id could never be charged.
  constraint payment_methods_gateway_id_check check (gateway = 'sandbox' or gateway_payment_method_id is not null),
  constraint payment_methods_card_check check (
    (type = 'card') = (last4 is not null) and (type = 'card') = (brand is not null)
    and (type = 'card') = (expiry_month is not null) and (type = 'card') = (expiry_year is not null)),
  constraint payment_methods_last4_check check (last4 ~ '^[0-9]{4}$'),
  constraint payment_methods_expiry_check check (expiry_month between 1 and 12 and expiry_year between 2000 and 2100),
  constraint payment_methods_upi_check check (
    (type = 'upi') = (upi_handle is not null)
    and upi_handle ~ '^[A-Za-z0-9._-]{2,255}@[A-Za-z][A-Za-z0-9]{1,63}$')
);

-- @section references

alter table public.payment_methods add constraint payment_methods_organization_id_fkey
  foreign key (organization_id) references public.organizations (id) on delete cascade;
create unique index payment_methods_default_idx on public.payment_methods (organization_id) where is_default;
create unique index payment_methods_gateway_idx
  on public.payment_methods (organization_id, gateway, gateway_payment_method_id)
  where gateway_payment_method_id is not null;

-- @section functions

-- Choosing a default takes it from the one before, and the first method is the default.
create function private.one_default_method() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' and not exists (select 1 from public.payment_methods m
                                       where m.organization_id = new.organization_id) then
    new.is_default := true;
  end if;
  if new.is_default then
    update public.payment_methods m set is_default = false
     where m.organization_id = new.organization_id and m.is_default and m.id <> new.id;
  end if;
  return new;
end $$;

-- @section triggers

create trigger payment_methods_modified before update on public.payment_methods
  for each row execute function public.update_modified_column();
create trigger payment_methods_one_default before insert or update of is_default on public.payment_methods
  for each row execute function private.one_default_method();

select private.attach_audit('public.payment_methods');

-- @section grants

revoke all on public.payment_methods from anon, authenticated, service_role;
grant select, delete on public.payment_methods to authenticated;
grant select on public.payment_methods to vantage_worker, service_role;
grant insert (organization_id, id, type, gateway, gateway_customer_id, gateway_payment_method_id, brand, last4,
              expiry_month, expiry_year, upi_handle, is_default),
      update (is_default) on public.payment_methods to authenticated;

-- @section policies

alter table public.payment_methods enable row level security;

-- billing_org_id: a suspended organisation's owner has to be able to pay.
create policy "View org payment methods" on public.payment_methods for select to authenticated, vantage_worker
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.view')));
create policy "Add payment methods" on public.payment_methods for insert to authenticated
  with check (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.manage')));
create policy "Choose the default payment method" on public.payment_methods for update to authenticated
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.manage')))
  with check (organization_id = (select private.billing_org_id()));
create policy "Remove payment methods" on public.payment_methods for delete to authenticated
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.manage')));
