-- The audit trail as those see it who hold audit.view.

-- The latest acts with what they changed; values stand beside them while retention keeps them.
-- name: audit
select coalesce(jsonb_agg(to_jsonb(k) order by k.seq desc), '[]') from (
  select a.seq, a.created_at, a.actor_kind, a.user_name, a.impersonator_name, a.action, a.entity_type, a.entity_id, a.row_count,
         a.changed_columns, a.metadata
    from public.audit_logs a
   where a.organization_id = %(organization_id)s and (%(before)s::bigint is null or a.seq < %(before)s::bigint)
   order by a.seq desc limit %(limit)s) k;

-- Acts wait for a seal until this has run; one sealer at a time.
-- name: seal
select private.seal_audit(%(batch)s);
