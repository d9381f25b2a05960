-- private.search_leads(): finds leads by name, address, number, note. Under row security an operator that is not
-- leakproof (@@) cannot use its index, so the search runs above the policies and applies them by itself.

-- @section functions

-- What a person typed, as a query for words that begin like that; null when there is no word in it.
create function private.prefix_query(typed text, organization uuid) returns tsquery
  language plpgsql immutable set search_path = '' as $$
declare
  words text;
begin
  select string_agg(quote_literal(w.word) || ':*', ' & ') into words
    from (select (regexp_matches(lower(typed), '[^[:space:][:punct:]]+', 'g'))[1] as word limit 8) w;
  if words is null then
    return null;
  end if;
  -- The organisation is a word of every entry: the index never reads another tenant's.
  return to_tsquery('simple', words) && quote_literal('org' || organization::text)::tsquery;
end $$;

-- Up to `most` leads of the asker's scope, best first: number, then person, then what was written about them.
-- Three or more digits look at the end of numbers; numbers and addresses answer only to lead.view_numbers.
create function private.search_leads(typed text, most integer default 20)
  returns table (lead_id uuid, rank integer)
  language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
  org uuid := private.org_id();
  scope text := private.lead_scope();
  people uuid[] := case scope when 'own' then array[private.person_id()] when 'team' then private.team_people() end;
  numbers boolean := private.has_permission('lead.view_numbers');
  digits text := reverse(regexp_replace(typed, '[^0-9]', '', 'g'));
  words tsquery := private.prefix_query(typed, private.org_id());
begin
  if org is null or scope = 'none' then
    return;
  end if;
  if typed ~ '[[:alpha:]@]' or length(digits) < 3 then
    digits := null;
  end if;
  return query
    select l.id, min(f.rank)
      from (
        (select c.id as contact_id, null::uuid as id, 1 as rank
           from public.contacts c
          where numbers and c.organization_id = org and c.phone_reversed >= digits and c.phone_reversed < digits || ':'
          order by c.phone_reversed limit 500)
        union all
        (select c.id, null, 2
           from public.contacts c
          where c.search @@ words and c.organization_id = org
            and (numbers or to_tsvector('simple', coalesce(c.name, ''))
                            || array_to_tsvector(array['org' || org::text]) @@ words)
          limit 500)
        union all
        (select n.contact_id, n.id, 3 from public.leads n where n.search @@ words and n.organization_id = org limit 500)
      ) f
      join public.leads l on l.organization_id = org and l.contact_id = f.contact_id and (f.id is null or l.id = f.id)
     where scope = 'all' or l.assigned_to = any (people)
     group by l.id, l.archived_at, l.last_touch_at
     order by l.archived_at is not null, min(f.rank), l.last_touch_at desc, l.id
     limit least(most, 200);
end $$;

-- @section grants

grant execute on function private.search_leads(text, integer) to authenticated, vantage_worker;
