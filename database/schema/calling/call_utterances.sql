-- call_utterances: a call's words in the order of speech, written while it runs;
-- call_logs.conversation_transcript is made from them at the end.

-- @section tables

create table public.call_utterances (
  organization_id uuid not null,
  call_log_id     uuid not null,
  seq             integer not null,
  speaker         text not null,
  text            text not null,
  ms_from         integer not null,
  ms_to           integer not null,
  interrupted     boolean not null default false,
  constraint call_utterances_pkey primary key (organization_id, call_log_id, seq),
  constraint call_utterances_speaker_check check (speaker in ('agent', 'lead')),
  constraint call_utterances_seq_check check (seq >= 0),
  constraint call_utterances_text_check check (length(text) between 1 and 8000),
  constraint call_utterances_ms_check check (ms_from >= 0 and ms_to >= ms_from)
);
comment on column public.call_utterances.ms_from is 'Milliseconds after the answer.';
comment on column public.call_utterances.interrupted is 'The other side spoke over it: what was planned beyond is not in the text.';

-- @section references

alter table public.call_utterances add constraint call_utterances_call_log_id_fkey
  foreign key (organization_id, call_log_id) references public.call_logs (organization_id, id) on delete cascade;

-- @section functions

-- A finished call says no more: what was said is what was analysed.
create function private.check_call_is_open() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if exists (select 1 from public.call_logs c where c.organization_id = new.organization_id
                and c.id = new.call_log_id and c.finished_at is not null) then
    raise exception 'This call is finished; nothing can be added to it.' using errcode = 'VQ008';
  end if;
  return new;
end $$;

-- @section triggers

create trigger call_utterances_open before insert on public.call_utterances
  for each row execute function private.check_call_is_open();

-- @section grants

revoke all on public.call_utterances from anon, authenticated, service_role;
grant select on public.call_utterances to authenticated, service_role;
grant select, insert on public.call_utterances to vantage_worker;

-- @section policies

alter table public.call_utterances enable row level security;

-- As the call itself: its own policies answer.
create policy "View org utterances" on public.call_utterances for select to authenticated, vantage_worker
  using (organization_id = (select private.org_id())
         and exists (select 1 from public.call_logs c where c.organization_id = call_utterances.organization_id
                                                        and c.id = call_utterances.call_log_id));
create policy "Write org utterances" on public.call_utterances for insert to vantage_worker
  with check (organization_id = (select private.org_id()));
