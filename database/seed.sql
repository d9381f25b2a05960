-- The default subscription plans. Running it again changes nothing, and a plan that the operator has
-- changed stays as it is. Prices in rupees before tax; -1 means unlimited.
insert into public.subscription_plans (slug, name, description, price_monthly, price_yearly, features, sort_order)
values
  ('free', 'Free', 'To try it with a small team', 0, 0,
   '{"max_users": 3, "max_projects": 2, "max_campaigns": 5, "ai_calls_per_month": 50, "max_leads": 500}', 1),
  ('pro', 'Pro', 'For a sales team that calls every day', 9999, 99990,
   '{"max_users": 10, "max_projects": 10, "max_campaigns": 50, "ai_calls_per_month": 5000, "max_leads": 10000}', 2),
  ('enterprise', 'Enterprise', 'Without limits, by agreement', 0, 0,
   '{"max_users": -1, "max_projects": -1, "max_campaigns": -1, "ai_calls_per_month": -1, "max_leads": -1}', 3)
on conflict (slug) do nothing;
