-- Sign-in, people and organisations. What looks across tenants calls functions of the schema `private` as
-- vantage_worker; everything else runs as the person.

-- A password is checked in Python; the row is looked up the same way whether it exists or not.
-- name: account_by_email
select private.account_by_email(%(email)s);

-- Null when the e-mail is taken: the caller answers both alike.
-- name: create_account
select private.create_account(%(email)s, %(password_hash)s, %(full_name)s);

-- Ends every session of the person with it.
-- name: set_password
select private.set_password(%(person_id)s, %(password_hash)s);

-- The same password under stronger parameters: nobody is signed out.
-- name: rehash_password
select private.rehash_password(%(person_id)s, %(password_hash)s);

-- One counter for all web processes.
-- name: within_rate
select private.within_rate(%(key)s, %(most)s, %(per)s);

-- The cookie's value itself is never stored.
-- name: open_session
select private.open_session(%(person_id)s, %(digest)s, %(user_agent)s, %(lifetime)s, %(admin_id)s);

-- Cookie, or the session that an access token names: exactly one of the two is given.
-- name: session_principal
select private.session_principal(%(digest)s, %(session_id)s);

-- A person whom Supabase Auth has signed in; its trigger or this makes the profile.
-- name: principal
select private.principal(%(person_id)s, null);

-- Signing out, and a revoked token.
-- name: close_session
select private.close_session(%(session_id)s);

-- The first refresh token of a session.
-- name: add_refresh_token
select private.add_refresh_token(%(session_id)s, %(digest)s);

-- Null when unknown, used before (then the session is revoked) or of a closed session.
-- name: rotate_refresh_token
select private.rotate_refresh_token(%(digest)s, %(next_digest)s);

-- The trigger on auth.users may have failed, and must not have blocked the sign-up.
-- name: ensure_profile
select private.ensure_profile(%(person_id)s);

-- The database makes the organisation whole: roles, pipeline, first project, subscription, owner.
-- name: create_organization
select private.create_organization(%(name)s, %(first_project)s, %(details)s);

-- The answer to POST /organizations.
-- name: organization
select id, name, slug, tier, status, time_zone, currency, created_at
  from public.organizations where id = %(organization_id)s;

-- Everyone of the organisation, those who have left last.
-- name: members
select m.id, m.display_name, p.email, p.system_role, r.name as role_name, t.name as team_name, m.joined_at, m.left_at
  from public.members m
  left join public.profiles p on p.organization_id = m.organization_id and p.id = m.id
  left join public.roles r on r.organization_id = p.organization_id and r.id = p.role_id
  left join public.teams t on t.organization_id = m.organization_id and t.id = m.team_id
 where m.organization_id = %(organization_id)s
 order by m.left_at nulls first, lower(m.display_name);

