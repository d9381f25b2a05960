-- The relay and the live stream.

-- One relay at a time; a second gets nothing. Runs as vantage_worker without an organisation.
-- name: publish
select organization_id, seq, topic, key, payload from private.publish_outbox(%(batch)s);

-- A hint to every web process; what happened is read from the table, by number.
-- name: announce
select pg_notify('vantage_events', %(what)s);

-- Old events are of use to nobody: a reader so far behind reloads.
-- name: sweep
select private.sweep_outbox(%(keep)s);

-- As the person: row security answers. One more than is sent tells that there is more.
-- name: events_after
select seq, topic, key::text from public.outbox
 where organization_id = %(organization_id)s and seq > %(after)s order by seq limit %(most)s;

-- Where a new tab begins.
-- name: last_seq
select coalesce(max(seq), 0) from public.outbox where organization_id = %(organization_id)s;

-- Who is connected; the row goes with the socket, or with the process that stops renewing it.
-- name: open_session
insert into public.websocket_sessions (organization_id, user_id, connection_id, process_id)
values (%(organization_id)s, %(person_id)s, %(connection_id)s, %(process_id)s);

-- The socket is closed.
-- name: close_session
delete from public.websocket_sessions where organization_id = %(organization_id)s and connection_id = %(connection_id)s;

-- One statement for all sockets of a process; returns those whose person has left.
-- name: heartbeat
select private.heartbeat_websockets(%(process_id)s);

-- Sockets of processes that are gone.
-- name: sweep_sessions
select private.sweep_websockets(%(silent)s);
