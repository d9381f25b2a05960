-- Imports, as the person who uploads and as the worker that reads.

-- The file stands in the store under `file_key`; the row is what the worker finds.
-- name: create_import
insert into public.lead_imports (organization_id, id, project_id, file_name, file_key, file_digest, mapping)
values (%(organization_id)s, %(import_id)s, %(project_id)s, %(file_name)s, %(file_key)s, %(file_digest)s, %(mapping)s)
returning id;

-- How far it is and what came of it. Null when not visible.
-- name: import
select to_jsonb(k) from (
  select i.id, i.project_id, p.name as project, i.file_name, i.status, i.total_rows as total, i.created_count as created,
         i.merged_count as merged, i.rejected_count as rejected, i.over_quota, i.mapping, i.error, i.created_at,
         i.started_at, i.finished_at,
         (select coalesce(jsonb_agg(jsonb_build_object('reason', r.reason, 'rows', r.n) order by r.n desc), '[]')
            from (select w.reason, count(*) as n from public.lead_import_rows w
                   where w.organization_id = i.organization_id and w.import_id = i.id and w.verdict = 'rejected'
                   group by 1 order by 2 desc limit 20) r) as reasons
    from public.lead_imports i join public.projects p on p.organization_id = i.organization_id and p.id = i.project_id
   where i.organization_id = %(organization_id)s and i.id = %(import_id)s) k;

-- The latest ones.
-- name: imports
select coalesce(jsonb_agg(to_jsonb(k) order by k.created_at desc), '[]') from (
  select i.id, i.file_name, i.status, i.total_rows as total, i.created_count as created, i.merged_count as merged,
         i.rejected_count as rejected, i.created_at
    from public.lead_imports i where i.organization_id = %(organization_id)s order by i.created_at desc limit 20) k;

-- The rejected rows, in the order of the file.
-- name: rejected
select line, column_name, reason, raw from public.lead_import_rows
 where organization_id = %(organization_id)s and import_id = %(import_id)s and verdict = 'rejected' order by line;

-- Whose imports wait to be read, or were being read when their worker died.
-- name: waiting
select i.organization_id, i.id from private.imports_to_read(%(most)s) i;

-- Taken by one worker: from `received`, or from one that has fallen silent.
-- name: take
update public.lead_imports i
   set status = case when i.status = 'received' then 'reading' else i.status end,
       started_at = coalesce(i.started_at, now())
  from public.organizations o
 where o.id = i.organization_id and i.organization_id = %(organization_id)s and i.id = %(import_id)s
   and (i.status = 'received' or (i.status in ('reading', 'writing') and i.updated_at < now() - interval '2 minutes'))
returning i.id, i.project_id, i.file_name, i.file_key, i.mapping, i.status, o.time_zone, o.default_region;

-- Steps of the import; each sets what belongs to it.
-- name: set_status
update public.lead_imports
   set status = %(status)s, started_at = coalesce(started_at, now()),
       mapping = coalesce(%(mapping)s::jsonb, mapping), total_rows = coalesce(%(total)s::integer, total_rows),
       finished_at = case when %(status)s in ('done', 'failed') then now() end, error = %(error)s
 where organization_id = %(organization_id)s and id = %(import_id)s;

-- Projects by name, so that a row that names one goes there.
-- name: projects
select id, name from public.projects where organization_id = %(organization_id)s and archived_at is null;

-- A batch; counts and rows are written by the function in the same transaction.
-- name: accept
select count(*) from private.accept_leads(%(rows)s, %(project_id)s, %(import_id)s);
