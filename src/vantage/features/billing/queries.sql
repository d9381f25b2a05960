-- The organisation's own billing; policies and billing.view decide.

-- Plan, quotas, invoices and payment methods in one look.
-- name: billing
select jsonb_build_object(
  'subscription', (select jsonb_build_object('plan', p.name, 'status', s.status, 'cycle', s.billing_cycle, 'trial_ends_at', s.trial_ends_at,
                          'current_period_end_at', s.current_period_end, 'price', p.price_monthly::text)
                     from public.subscriptions s join public.subscription_plans p on p.id = s.plan_id
                    where s.organization_id = %(organization_id)s),
  'quotas', (select coalesce(jsonb_agg(to_jsonb(q)), '[]') from private.quotas() q),
  'invoices', (select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'number', i.invoice_number, 'status', i.status,
                      'amount', i.amount::text, 'issued_at', i.issued_at, 'due_date', i.due_date) order by i.created_at desc), '[]')
                 from public.invoices i where i.organization_id = %(organization_id)s),
  'methods', (select coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'type', m.type, 'brand', m.brand, 'last4', m.last4,
                     'upi_handle', m.upi_handle, 'is_default', m.is_default) order by m.is_default desc, m.created_at), '[]')
                from public.payment_methods m where m.organization_id = %(organization_id)s));

-- A handle of the sandbox; the first one is the default.
-- name: add_upi
insert into public.payment_methods (organization_id, type, upi_handle, is_default)
select %(organization_id)s, 'upi', %(handle)s,
       not exists (select 1 from public.payment_methods m where m.organization_id = %(organization_id)s);

-- What is due, over all organisations, each once; safe at any time.
-- name: run_billing
select trials_ended, renewed, invoices_issued, past_due, cancelled from private.run_billing(%(instant)s);
