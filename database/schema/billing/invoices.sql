-- invoices: what the operator of the service has billed. Evidence: no reference to the organisation, which
-- they outlive; never deleted; once issued only the state of payment changes. Rupees, numeric(14,2).

-- @section tables

create table public.invoices (
  organization_id uuid not null,
  id              uuid not null default gen_random_uuid(),
  subscription_id uuid not null,
  status          text not null default 'draft',
  invoice_number  text,
  invoice_date    date,
  due_date        date,
  period_start    timestamptz not null,
  period_end      timestamptz not null,
  currency        text not null default 'INR',
  subtotal        numeric(14,2) not null,
  tax_rate        numeric(5,2) not null default 0,
  cgst            numeric(14,2) not null default 0,
  sgst            numeric(14,2) not null default 0,
  igst            numeric(14,2) not null default 0,
  amount          numeric(14,2) not null,
  place_of_supply text not null,
  lines           jsonb not null,
  seller          jsonb not null,
  buyer           jsonb not null,
  issued_at       timestamptz,
  paid_at         timestamptz,
  gateway         text,
  gateway_payment_id text,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint invoices_pkey primary key (organization_id, id),
  constraint invoices_number_key unique (organization_id, invoice_number),
  constraint invoices_status_check check (status in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  constraint invoices_number_check check (invoice_number ~ '^INV-[0-9]{6}-[0-9]{5}$'),
  -- A draft has no number and may be void without ever having had one; whatever was issued keeps it.
  constraint invoices_issued_check check (
    case when status = 'draft' then invoice_number is null
         when status = 'void' then true else invoice_number is not null end
    and (invoice_number is null) = (issued_at is null) and (invoice_number is null) = (invoice_date is null)),
  constraint invoices_paid_check check ((status = 'paid') = (paid_at is not null)),
  constraint invoices_period_check check (period_start < period_end),
  constraint invoices_due_date_check check (due_date >= invoice_date),
  constraint invoices_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint invoices_money_check check (subtotal >= 0 and cgst >= 0 and sgst >= 0 and igst >= 0 and amount >= 0),
  constraint invoices_sum_check check (amount = subtotal + cgst + sgst + igst),
  -- Inside the seller's state CGST + SGST in halves, otherwise IGST: never both.
  constraint invoices_gst_check check (cgst = sgst and (igst = 0 or cgst = 0)),
  constraint invoices_lines_check check (jsonb_typeof(lines) = 'array'),
  constraint invoices_gateway_check check (gateway in ('sandbox', 'razorpay', 'bank'))
);

-- The last number of each calendar month in Asia/Kolkata. The row's lock makes numbers wait for each other,
-- and a transaction that fails gives its number back: no gap.
create table private.invoice_counters (
  month       date not null,
  last_number integer not null,
  constraint invoice_counters_pkey primary key (month),
  constraint invoice_counters_month_check check (extract(day from month) = 1),
  constraint invoice_counters_last_number_check check (last_number between 1 and 99999)
);

-- One seller, so numbers are unique over all tenants; a registry, so that no tenant can probe for them.
create table private.invoice_numbers (
  invoice_number  text not null,
  organization_id uuid not null,
  invoice_id      uuid not null,
  constraint invoice_numbers_pkey primary key (invoice_number)
);

-- @section references

-- A period is billed once, however often the billing run runs.
create unique index invoices_period_idx on public.invoices (organization_id, subscription_id, period_start)
  where status <> 'void';
create index invoices_due_date_idx on public.invoices (due_date) where status = 'open';

-- @section functions

-- The guide's trigger: an invoice gets its number when it becomes open (INV-202601-00042).
create function public.set_invoice_number() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if new.invoice_number is not null and (tg_op = 'INSERT' or old.invoice_number is null) then
    raise exception 'An invoice number is given by the database when the invoice is issued; leave it empty.'
      using errcode = 'VQ008', column = 'invoice_number';
  end if;
  if new.status <> 'draft' and new.status <> 'void' and new.invoice_number is null then
    new.issued_at := coalesce(new.issued_at, now());
    new.invoice_date := (new.issued_at at time zone 'Asia/Kolkata')::date;
    new.due_date := coalesce(new.due_date, new.invoice_date + 15);
    new.invoice_number := private.next_invoice_number(new.organization_id, new.id, new.invoice_date);
  end if;
  return new;
end $$;

-- Takes the month's next number and registers it. Sixteen characters are what rule 46 of the CGST Rules
-- allows, so the series ends at 99999 a month.
create function private.next_invoice_number(organization uuid, invoice uuid, issued_on date) returns text
  language plpgsql security definer set search_path = '' as $$
declare
  n integer;
  given text;
begin
  insert into private.invoice_counters as c (month, last_number) values (date_trunc('month', issued_on)::date, 1)
    on conflict (month) do update set last_number = c.last_number + 1 where c.last_number < 99999
    returning c.last_number into n;
  if n is null then
    raise exception 'All 99,999 invoice numbers of % are used.', to_char(issued_on, 'YYYY-MM')
      using errcode = 'program_limit_exceeded', hint = 'Issue the remaining invoices next month.';
  end if;
  given := 'INV-' || to_char(issued_on, 'YYYYMM') || '-' || lpad(n::text, 5, '0');
  insert into private.invoice_numbers (invoice_number, organization_id, invoice_id)
    values (given, organization, invoice);
  return given;
end $$;

-- draft -> open | void, open -> paid | void | uncollectible, uncollectible -> paid | void; and nothing that
-- the invoice says changes once it is issued.
create function private.protect_invoice() returns trigger
  language plpgsql set search_path = '' as $$
begin
  if tg_op <> 'UPDATE' then
    raise exception 'Invoices are kept; they are never deleted. Make it void instead.' using errcode = 'VQ008';
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
       ('draft', 'open'), ('draft', 'void'), ('open', 'paid'), ('open', 'void'), ('open', 'uncollectible'),
       ('uncollectible', 'paid'), ('uncollectible', 'void')) then
    raise exception 'An invoice that is % cannot become %.', old.status, new.status using errcode = 'VQ002';
  end if;
  if old.status <> 'draft'
     and (to_jsonb(new) - array['status', 'paid_at', 'gateway', 'gateway_payment_id', 'updated_at'])
         is distinct from
         (to_jsonb(old) - array['status', 'paid_at', 'gateway', 'gateway_payment_id', 'updated_at']) then
    raise exception 'Invoice % is issued and can no longer be changed. Void it and issue another one.',
      coalesce(old.invoice_number, old.id::text) using errcode = 'VQ008';
  end if;
  return new;
end $$;

-- Records that the gateway has been paid for an invoice: false when it is paid already (webhooks come
-- twice). Refuses another amount or currency than the invoice's. Brings a subscription that waited back.
create function private.settle_invoice(organization uuid, invoice uuid, paid_through text, payment_id text,
                                       paid_amount numeric, paid_currency text, instant timestamptz)
  returns boolean language plpgsql security definer set search_path = '' as $$
declare
  bill public.invoices;
begin
  select i.* into bill from public.invoices i where i.organization_id = organization and i.id = invoice for update;
  if not found then
    raise exception 'No such invoice.' using errcode = 'no_data_found';
  end if;
  if bill.status = 'paid' then
    return false;
  end if;
  if paid_amount is distinct from bill.amount or paid_currency is distinct from bill.currency then
    raise exception 'Payment of % % does not match invoice % over % %.', paid_amount, paid_currency,
      bill.invoice_number, bill.amount, bill.currency using errcode = 'check_violation';
  end if;
  update public.invoices i set status = 'paid', paid_at = instant, gateway = paid_through,
         gateway_payment_id = payment_id
   where i.organization_id = organization and i.id = invoice;
  update public.subscriptions s set status = 'active'
   where s.organization_id = organization and s.status = 'past_due'
     and not exists (select 1 from public.invoices i
                      where i.organization_id = organization and i.status = 'open'
                        and i.due_date < (instant at time zone 'Asia/Kolkata')::date);
  return true;
end $$;

-- @section triggers

create trigger invoices_modified before update on public.invoices
  for each row execute function public.update_modified_column();
-- "protect" runs before "set_number" (triggers fire by name): a number is not spent on a refused step.
create trigger invoices_protect before update or delete on public.invoices
  for each row execute function private.protect_invoice();
create trigger invoices_set_number before insert or update on public.invoices
  for each row execute function public.set_invoice_number();
create trigger invoices_protect_all before truncate on public.invoices
  for each statement execute function private.protect_invoice();

select private.attach_audit('public.invoices');

-- @section grants

revoke all on public.invoices from anon, authenticated, service_role;
grant select on public.invoices to authenticated, vantage_worker, service_role;
grant execute on function private.settle_invoice(uuid, uuid, text, text, numeric, text, timestamptz) to vantage_worker;

-- @section policies

alter table public.invoices enable row level security;
alter table private.invoice_counters enable row level security;
alter table private.invoice_numbers enable row level security;

create policy "View org invoices" on public.invoices for select to authenticated, vantage_worker
  using (organization_id = (select private.billing_org_id()) and (select private.has_permission('billing.view')));
create policy "No direct access" on private.invoice_counters for select using (false);
create policy "No direct access" on private.invoice_numbers for select using (false);
