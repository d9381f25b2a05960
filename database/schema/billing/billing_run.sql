-- What `vantage billing run` does: ends trials, renews, bills and reminds. Safe to run at any time, as often
-- as one likes and twice at once: each step changes the state that called for it, in one transaction.

-- @section functions

-- Draws up and issues the invoice for one period of a subscription; null when the plan costs nothing or the
-- period is billed already. 18 % GST: half CGST and half SGST inside the seller's state, IGST elsewhere,
-- none from a seller who is not registered.
create function private.issue_invoice(organization uuid, from_instant timestamptz, to_instant timestamptz,
                                      instant timestamptz) returns uuid
  language plpgsql security definer set search_path = '' as $$
declare
  bill record;
  seller private.seller;
  supply text;
  rate numeric(5,2);
  tax numeric(14,2);
  half numeric(14,2);
  invoice uuid;
begin
  select s.id as subscription_id, p.name, p.currency, s.billing_cycle,
         case s.billing_cycle when 'yearly' then p.price_yearly else p.price_monthly end as price, o as org
    into bill
    from public.subscriptions s
    join public.subscription_plans p on p.id = s.plan_id
    join public.organizations o on o.id = s.organization_id
   where s.organization_id = organization;
  if not found or bill.price = 0 then
    return null;
  end if;
  select s.* into seller from private.seller s;
  supply := coalesce(private.gst_state_code((bill.org).gstin, (bill.org).state), seller.state_code);
  rate := case when seller.gstin is null then 0 else seller.tax_rate end;
  -- the halves are rounded each, as they stand on the invoice; the sum is theirs
  half := case when supply = seller.state_code then round(bill.price * rate / 200, 2) else 0 end;
  tax := case when supply = seller.state_code then 0 else round(bill.price * rate / 100, 2) end;
  insert into public.invoices (organization_id, subscription_id, status, period_start, period_end, currency, subtotal,
                               tax_rate, cgst, sgst, igst, amount, place_of_supply, lines, seller, buyer, issued_at)
  values (organization, bill.subscription_id, 'draft', from_instant, to_instant, bill.currency, bill.price, rate,
          half, half, tax, bill.price + 2 * half + tax, supply,
          jsonb_build_array(jsonb_build_object(
            'description', format('Quinite Vantage %s, %s', bill.name, bill.billing_cycle),
            'sac', seller.sac, 'quantity', 1, 'unit_price', bill.price::text, 'amount', bill.price::text)),
          jsonb_build_object('name', seller.legal_name, 'gstin', seller.gstin, 'state_code', seller.state_code,
                             'address', seller.address),
          jsonb_build_object('name', coalesce((bill.org).company_name, (bill.org).name), 'gstin', (bill.org).gstin,
                             'state_code', supply,
                             'address', concat_ws(', ', (bill.org).address_line_1, (bill.org).address_line_2,
                                                  (bill.org).city, (bill.org).state, (bill.org).pincode)),
          null)
  on conflict (organization_id, subscription_id, period_start) where status <> 'void' do nothing
  returning id into invoice;
  if invoice is not null then
    update public.invoices i set status = 'open', issued_at = instant
     where i.organization_id = organization and i.id = invoice;
  end if;
  return invoice;
end $$;

-- Everything that is due at `instant`, over all organisations; says how many of each. For vantage_worker.
create function private.run_billing(instant timestamptz)
  returns table (trials_ended integer, renewed integer, invoices_issued integer, past_due integer, cancelled integer)
  language plpgsql security definer set search_path = '' as $$
declare
  due record;
  period_start timestamptz;
  period_end timestamptz;
  today date := (instant at time zone 'Asia/Kolkata')::date;
  n integer;
begin
  trials_ended := 0; renewed := 0; invoices_issued := 0; past_due := 0; cancelled := 0;
  perform pg_advisory_xact_lock(hashtextextended('vantage.billing', 0));

  -- A trial ends in the Free plan. Nothing is billed.
  for due in select s.organization_id, s.trial_ends_at from public.subscriptions s
              where s.status = 'trialing' and s.trial_ends_at <= instant order by s.organization_id for update loop
    update public.subscriptions s
       set plan_id = p.id, status = 'active', billing_cycle = 'monthly', billing_anchor = due.trial_ends_at,
           current_period_start = due.trial_ends_at,
           current_period_end = private.period_end_after(due.trial_ends_at, due.trial_ends_at, 'monthly')
      from public.subscription_plans p where s.organization_id = due.organization_id and p.slug = 'free';
    trials_ended := trials_ended + 1;
  end loop;

  -- Whoever asked to stop stops with the paid period.
  update public.subscriptions s set status = 'cancelled', cancelled_at = s.current_period_end
   where s.status in ('active', 'past_due') and s.cancel_at_period_end and s.current_period_end <= instant;
  get diagnostics cancelled = row_count;

  -- Unpaid: reminded when an invoice is overdue, ended 15 days later.
  update public.subscriptions s set status = 'past_due'
   where s.status = 'active' and exists (select 1 from public.invoices i
          where i.organization_id = s.organization_id and i.status = 'open' and i.due_date < today);
  get diagnostics past_due = row_count;
  update public.subscriptions s
     set status = 'cancelled', cancelled_at = instant,
         current_period_end = greatest(s.current_period_start + interval '1 second',
                                       least(s.current_period_end, instant))
   where s.status = 'past_due' and exists (select 1 from public.invoices i
          where i.organization_id = s.organization_id and i.status = 'open' and i.due_date + 15 < today);
  get diagnostics n = row_count;
  cancelled := cancelled + n;

  -- The running period of whoever has not been billed for it: the first one on a plan.
  for due in select s.organization_id, s.current_period_start, s.current_period_end
               from public.subscriptions s
               join public.subscription_plans p on p.id = s.plan_id
              where s.status = 'active' and s.current_period_start <= instant
                and case s.billing_cycle when 'yearly' then p.price_yearly else p.price_monthly end > 0
                and not exists (select 1 from public.invoices i
                     where i.organization_id = s.organization_id and i.subscription_id = s.id
                       and i.period_start = s.current_period_start and i.status <> 'void')
              order by s.organization_id loop
    if private.issue_invoice(due.organization_id, due.current_period_start, due.current_period_end, instant) is not null then
      invoices_issued := invoices_issued + 1;
    end if;
  end loop;

  -- Renewal, billed in advance, period by period up to the present one: a run that was missed is made good.
  for due in select s.organization_id, s.billing_anchor, s.billing_cycle, s.current_period_end
               from public.subscriptions s
              where s.status = 'active' and s.current_period_end <= instant
              order by s.organization_id for update loop
    period_end := due.current_period_end;
    while period_end <= instant loop
      period_start := period_end;
      period_end := private.period_end_after(due.billing_anchor, period_start, due.billing_cycle);
      update public.subscriptions s set current_period_start = period_start, current_period_end = period_end
       where s.organization_id = due.organization_id;
      renewed := renewed + 1;
      if private.issue_invoice(due.organization_id, period_start, period_end, instant) is not null then
        invoices_issued := invoices_issued + 1;
      end if;
    end loop;
  end loop;
  return next;
end $$;

-- @section grants

grant execute on function private.run_billing(timestamptz) to vantage_worker;
