"""From the first row of a call to its end: nothing twice, nothing lost, nothing rewritten."""

import itertools
import json
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from tests.billing.tenants import Entering, add_leads, make_person, scalar
from tests.calling.queue import (
    NOON,
    add_campaign,
    begin,
    claim,
    enqueue,
    finish,
    lapse,
    make_tenant,
    statuses,
    used_calls,
)


def event(connection: psycopg.Connection, call: tuple[Any, ...], status: str, **facts: Any) -> bool:
    changed: bool = scalar(
        connection, "select private.record_call_event(%s, %s, %s, %s)", [call[0], call[2], status, json.dumps(facts)]
    )
    return changed


def log(owner: psycopg.Connection, *columns: str) -> tuple[Any, ...]:
    row = owner.execute(f"select {', '.join(columns)} from public.call_logs order by created_at".encode()).fetchone()
    assert row is not None
    return row


def queue_row(owner: psycopg.Connection, *columns: str) -> tuple[Any, ...]:
    row = owner.execute(f"select {', '.join(columns)} from public.call_queue".encode()).fetchone()
    assert row is not None
    return row


def test_the_main_course(owner: psycopg.Connection, as_worker: Entering) -> None:
    tenant = make_tenant(owner, "Course", 1, budget_amount=100)
    with as_worker() as worker:
        [call] = begin(worker, claim(worker))
    assert log(owner, "status", "attempt", "proof ->> 'legal_hours'") == ("created", 1, "none: simulation")
    with as_worker() as worker:
        assert event(worker, call, "dialling", request_uuid="req-1")
        assert event(worker, call, "in_progress", call_sid="sid-1", answered_at="2026-03-18T06:30:05Z")
        assert worker.execute("select * from private.tenant_of_call('sid-1')").fetchall() == [(call[0], call[2])]
    with as_worker(tenant.organization) as worker:
        for seq, speaker, text in ((1, "lead", "Hello?"), (0, "agent", "Namaste, I am an AI assistant.")):
            worker.execute(
                "insert into public.call_utterances (organization_id, call_log_id, seq, speaker, text, ms_from, ms_to)"
                " values (%s, %s, %s, %s, %s, 0, 900)",
                [call[0], call[2], seq, speaker, text],
            )
        event(worker, call, "completed", ended_at="2026-03-18T06:31:05Z", duration=60, billed_seconds=60, cost="1.20")
        assert finish(worker, call, "answered", ai_analysis={"summary": "interested"}, disconnect_reason="completed")
        assert not finish(worker, call, "failed")
    assert log(owner, "status", "outcome", "conversation_transcript", "duration", "cost", "ai_analysis ->> 'summary'") == (
        "completed", "answered", "Agent: Namaste, I am an AI assistant.\nLead: Hello?", 60, Decimal("1.20"), "interested",
    )  # fmt: skip
    assert queue_row(owner, "status", "attempt_count", "last_outcome", "lease_owner") == (
        "completed",
        1,
        "answered",
        None,
    )
    assert used_calls(owner, tenant.organization) == 1
    assert scalar(owner, "select spent_amount from public.campaigns") == Decimal("1.20")
    topics = owner.execute(
        "select topic, payload ->> 'status' from public.outbox where topic like 'call.%' order by id"
    ).fetchall()
    assert topics == [
        ("call.created", "created"), ("call.updated", "dialling"), ("call.updated", "in_progress"),
        ("call.updated", "completed"), ("call.updated", "completed"),
    ]  # fmt: skip
    assert scalar(owner, "select private.tend_campaigns(%s)", [NOON]) == 1
    assert scalar(owner, "select status from public.campaigns") == "completed"


EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("dialling", {"request_uuid": "r"}),
    ("ringing", {"call_sid": "s"}),
    ("in_progress", {"call_sid": "s", "answered_at": "2026-03-18T06:30:05Z"}),
    ("completed", {"ended_at": "2026-03-18T06:31:05Z", "duration": 60, "cost": "1.20"}),
]


def test_webhooks_in_any_order_and_twice_end_alike(owner: psycopg.Connection) -> None:
    make_tenant(owner, "Orders", 24, budget_amount=10_000)
    calls = begin(owner, claim(owner, 24))
    shuffle = random.Random(7)  # noqa: S311
    for call, order in zip(calls, itertools.permutations(EVENTS), strict=True):
        doubled = [*order, *shuffle.sample(EVENTS, 4)]
        for status, facts in doubled:
            own = {k: f"{v}-{call[2]}" if k in {"request_uuid", "call_sid"} else v for k, v in facts.items()}
            event(owner, call, status, **own)
    ends = owner.execute(
        """select distinct status, answered_at is not null, ended_at > answered_at, duration, cost, call_sid is not null
             from public.call_logs"""
    ).fetchall()
    assert ends == [("completed", True, True, 60, Decimal("1.20"), True)]
    # the cost is booked once per call
    assert scalar(owner, "select spent_amount from public.campaigns") == Decimal("28.80")


def test_a_late_event_changes_nothing_and_says_so(owner: psycopg.Connection) -> None:
    make_tenant(owner, "Late", 1)
    [call] = begin(owner, claim(owner))
    assert event(owner, call, "busy", ended_at="2026-03-18T06:30:30Z")
    before = log(owner, "to_jsonb(call_logs)")
    events = scalar(owner, "select count(*) from public.outbox")
    for status in ("ringing", "in_progress", "completed", "failed", "busy"):
        assert not event(owner, call, status)
    assert log(owner, "to_jsonb(call_logs)") == before
    assert scalar(owner, "select count(*) from public.outbox") == events


def test_a_carrier_id_belongs_to_one_call_and_tenant(owner: psycopg.Connection) -> None:
    make_tenant(owner, "One", 1)
    make_tenant(owner, "Two", 1, first=10)
    one, two = begin(owner, claim(owner))
    event(owner, one, "dialling", call_sid="sid")
    with pytest.raises(psycopg.Error) as refusal:
        event(owner, two, "dialling", call_sid="sid")
    assert refusal.value.diag.sqlstate == "VQ008"
    with pytest.raises(psycopg.errors.NoDataFound):
        event(owner, (two[0], None, one[2]), "completed")
    assert owner.execute("select * from private.tenant_of_call('unknown')").fetchall() == []


@pytest.mark.parametrize(
    ("how", "given_back"),
    [("answered", 0), ("voicemail", 0), ("do_not_call", 0), ("callback", 0), ("busy", 1), ("no_answer", 1),
     ("rejected", 1), ("failed", 1), ("invalid_number", 1), ("cancelled", 1), ("not_placed", 1)],
)  # fmt: skip
def test_the_quota_is_given_back_unless_somebody_answered(owner: psycopg.Connection, how: str, given_back: int) -> None:
    tenant = make_tenant(owner, "Quota", 1)
    [call] = begin(owner, claim(owner))
    finish(owner, call, how)
    assert used_calls(owner, tenant.organization) == 1 - given_back
    expected = "completed" if how in {"answered", "callback", "do_not_call"} else "failed"
    assert statuses(owner, tenant.organization) == {expected: 1}


def test_retries_until_the_attempts_are_used(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Retries", 1)
    for attempt in (1, 2, 3):
        at = NOON + timedelta(hours=attempt)
        [call] = begin(owner, claim(owner, now=at))
        finish(owner, call, "busy", at + timedelta(minutes=30))
        assert queue_row(owner, "status", "attempt_count") == ("queued" if attempt < 3 else "failed", attempt)
        assert claim(owner, now=at + timedelta(minutes=29)) == []
    assert scalar(owner, "select count(*) from public.call_logs") == 3
    assert statuses(owner, tenant.organization) == {"failed": 1}


def test_a_callback_is_called_even_after_the_last_attempt(owner: psycopg.Connection) -> None:
    make_tenant(owner, "Callback", 0)
    org, camp, project = owner.execute("select organization_id, id, project_id from public.campaigns").fetchone() or ()
    enqueue(owner, org, camp, add_leads(owner, org, project, 0, 1), max_attempts=1)
    [call] = begin(owner, claim(owner))
    finish(owner, call, "callback", NOON + timedelta(days=1), priority=1)
    assert queue_row(owner, "status", "priority", "max_attempts") == ("queued", 1, 2)
    assert len(begin(owner, claim(owner, now=NOON + timedelta(days=1)))) == 1


def test_a_call_is_begun_once_and_only_by_its_holder(owner: psycopg.Connection) -> None:
    make_tenant(owner, "Once", 1)
    claimed = claim(owner)
    assert begin(owner, claimed, "w2") == []
    assert len(begin(owner, claimed)) == 1
    assert begin(owner, claimed) == []
    assert scalar(owner, "select count(*) from public.call_logs") == 1


def test_a_lapsed_lease_may_not_begin(owner: psycopg.Connection) -> None:
    make_tenant(owner, "Lapsed", 1)
    claimed = claim(owner)
    lapse(owner)
    assert begin(owner, claimed) == []


RELEASE = "select * from private.release_expired_leases('w2', 60)"


def test_a_worker_that_died_before_beginning_loses_nothing(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Dead early", 2)
    claim(owner)
    assert owner.execute(RELEASE).fetchall() == []
    lapse(owner)
    assert owner.execute(RELEASE).fetchall() == []
    assert statuses(owner, tenant.organization) == {"queued": 2}
    assert used_calls(owner, tenant.organization) == 0
    assert [row["attempt"] for row in claim(owner, worker="w2")] == [1, 1]


def test_a_call_that_may_have_been_dialled_is_asked_after_and_not_redialled(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Dead late", 2)
    first, second = begin(owner, claim(owner))
    event(owner, first, "dialling", call_sid="sid-9")
    lapse(owner)
    rows = {row[2]: row[3] for row in owner.execute(RELEASE).fetchall()}
    assert rows == {first[2]: "sid-9", second[2]: None}
    # held by the one who asks, so nobody claims or releases it meanwhile
    assert claim(owner, worker="w3") == []
    assert owner.execute(RELEASE.replace("w2", "w3")).fetchall() == []
    # the carrier knows the first and not the second
    finish(owner, first, "no_answer", NOON + timedelta(hours=1))
    finish(owner, second, "not_placed", NOON)
    assert statuses(owner, tenant.organization) == {"queued": 2}
    again = {row["queue_id"]: row["attempt"] for row in claim(owner, now=NOON + timedelta(hours=2))}
    assert again == {first[1]: 2, second[1]: 1}
    assert len(begin(owner, claim(owner, now=NOON + timedelta(hours=2)))) == 0


def test_leases_are_renewed_by_their_holder_only(owner: psycopg.Connection) -> None:
    make_tenant(owner, "Renewed", 2)
    ids = [row["queue_id"] for row in claim(owner, lease=5)]
    renew = "select private.renew_leases(%s, %s, 600)"
    assert owner.execute(renew, ["w2", ids]).fetchall() == []
    assert {row[0] for row in owner.execute(renew, ["w1", ids]).fetchall()} == set(ids)
    assert scalar(owner, "select min(lease_expires_at) > now() + interval '500 seconds' from public.call_queue")
    lapse(owner)
    assert owner.execute(renew, ["w1", ids]).fetchall() == []


@pytest.mark.parametrize("step", [("queued", "completed"), ("queued", "failed"), ("completed", "queued"),
                                  ("completed", "processing"), ("failed", "queued"), ("failed", "processing")])  # fmt: skip
def test_steps_that_the_queue_does_not_take(owner: psycopg.Connection, step: tuple[str, str]) -> None:
    make_tenant(owner, "Steps", 1)
    if step[0] != "queued":
        [call] = begin(owner, claim(owner))
        finish(owner, call, "answered" if step[0] == "completed" else "failed")
    with pytest.raises(psycopg.Error) as refusal:
        owner.execute("update public.call_queue set status = %s", [step[1]])
    assert refusal.value.diag.sqlstate == "VQ002"


CAMPAIGN_STATES = ("draft", "scheduled", "running", "paused", "completed", "cancelled", "failed")
CAMPAIGN_STEPS = {
    ("draft", "scheduled"), ("draft", "running"), ("draft", "cancelled"), ("scheduled", "running"), ("scheduled", "draft"),
    ("scheduled", "cancelled"), ("running", "paused"), ("running", "completed"), ("running", "cancelled"),
    ("running", "failed"), ("paused", "running"), ("paused", "completed"), ("paused", "cancelled"), ("paused", "failed"),
    ("failed", "running"), ("failed", "cancelled"),
}  # fmt: skip
WAYS = {
    "draft": [], "scheduled": ["scheduled"], "running": ["running"], "paused": ["running", "paused"],
    "completed": ["running", "completed"], "cancelled": ["cancelled"], "failed": ["running", "failed"],
}  # fmt: skip


def test_every_step_of_a_campaign(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Every step", 0)
    for start, end in itertools.product(CAMPAIGN_STATES, CAMPAIGN_STATES):
        if start == end:
            continue
        camp = add_campaign(owner, tenant.organization, tenant.project, run=False)
        for state in WAYS[start]:
            owner.execute("update public.campaigns set status = %s where id = %s", [state, camp])
        move = "update public.campaigns set status = %s where id = %s"
        if (start, end) in CAMPAIGN_STEPS:
            owner.execute(move, [end, camp])
        else:
            with pytest.raises(psycopg.Error) as refusal:
                owner.execute(move, [end, camp])
            assert refusal.value.diag.sqlstate == "VQ002", (start, end)


def test_starting_takes_campaign_run(owner: psycopg.Connection, as_person: Entering) -> None:
    tenant = make_tenant(owner, "Rights", 0)
    camp = add_campaign(owner, tenant.organization, tenant.project, run=False)
    role = scalar(
        owner,
        "insert into public.roles (organization_id, name, permissions) values (%s, 'Editor', %s) returning id",
        [tenant.organization, json.dumps(["campaign.view", "campaign.edit"])],
    )
    editor = make_person(owner, tenant.organization, "member")
    owner.execute("update public.profiles set role_id = %s where id = %s", [role, editor])
    with as_person(editor) as person:
        assert person.execute("update public.campaigns set description = 'x' where id = %s", [camp]).rowcount == 1
    with pytest.raises(psycopg.Error) as refusal, as_person(editor) as person:
        person.execute("update public.campaigns set status = 'running' where id = %s", [camp])
    assert refusal.value.diag.sqlstate == "VQ005"
    with as_person(make_person(owner, tenant.organization)) as boss:
        assert boss.execute("update public.campaigns set status = 'running' where id = %s", [camp]).rowcount == 1


def test_enrolment_queues_once_and_says_why_not(owner: psycopg.Connection, as_person: Entering) -> None:
    tenant = make_tenant(owner, "Enrol", 0)
    leads = add_leads(owner, tenant.organization, tenant.project, 0, 3)
    boss = make_person(owner, tenant.organization)
    verdicts: list[dict[str, Any]] = [
        {"lead_id": str(leads[0]), "verdict": "enrolled", "priority": 2},
        {"lead_id": str(leads[1]), "verdict": "left_out", "reason": "no_consent"},
    ]
    enrol = "select enrolled, left_out from private.enrol_leads(%s, %s)"
    with as_person(boss) as person:
        assert person.execute(enrol, [tenant.campaign, json.dumps(verdicts)]).fetchone() == (1, 1)
        assert person.execute(enrol, [tenant.campaign, json.dumps(verdicts)]).fetchone() == (0, 1)
        verdicts[1] = {"lead_id": str(leads[1]), "verdict": "enrolled"}
        assert person.execute(enrol, [tenant.campaign, json.dumps(verdicts)]).fetchone() == (1, 0)
    assert owner.execute("select verdict, count(*) from public.campaign_leads group by 1").fetchall() == [
        ("enrolled", 2)
    ]
    other = make_tenant(owner, "Other", 1, first=50)
    for campaign, lead in ((other.campaign, leads[2]), (tenant.campaign, other.leads[0])):
        with pytest.raises(psycopg.Error), as_person(boss) as person:
            person.execute(enrol, [campaign, json.dumps([{"lead_id": str(lead), "verdict": "enrolled"}])])
    owner.execute("update public.campaigns set status = 'cancelled' where id = %s", [tenant.campaign])
    assert statuses(owner, tenant.organization) == {}


def test_a_cancelled_campaign_queues_nobody_again(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Cancelled", 3)
    [call] = begin(owner, claim(owner, 1))
    owner.execute("update public.campaigns set status = 'cancelled'")
    finish(owner, call, "busy", NOON + timedelta(minutes=30))
    assert statuses(owner, tenant.organization) == {"failed": 1}


def test_calls_are_evidence(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Evidence", 1)
    [call] = begin(owner, claim(owner))
    event(owner, call, "in_progress", call_sid="s")
    owner.execute(
        "insert into public.call_utterances (organization_id, call_log_id, seq, speaker, text, ms_from, ms_to)"
        " values (%s, %s, 0, 'lead', 'my flat number is 12', 0, 1)",
        [call[0], call[2]],
    )
    # the lead goes while the call runs; the call ends in order
    owner.execute("delete from public.leads where id = %s", [tenant.leads[0]])
    assert finish(owner, call, "answered")
    for statement in ("delete from public.call_logs", "truncate public.call_logs cascade",
                      "update public.call_logs set proof = '{}'", "update public.call_logs set callee_number = '+911111111111'"):  # fmt: skip
        with pytest.raises(psycopg.Error) as refusal:
            owner.execute(statement.encode())
        assert refusal.value.diag.sqlstate == "VQ008"
    with pytest.raises(psycopg.Error, match="finished"):
        owner.execute("insert into public.call_utterances (organization_id, call_log_id, seq, speaker, text, ms_from, ms_to)"
                      " values (%s, %s, 1, 'lead', 'later', 0, 1)", [call[0], call[2]])  # fmt: skip
    owner.execute("delete from public.organizations where id = %s", [tenant.organization])
    assert log(owner, "outcome", "conversation_transcript", "proof ->> 'legal_hours'") == (
        "answered",
        None,
        "none: simulation",
    )
    assert scalar(owner, "select count(*) from public.call_utterances") == 0


def test_people_see_the_calls_of_the_leads_that_they_see(owner: psycopg.Connection, as_person: Entering) -> None:
    tenant = make_tenant(owner, "Scopes", 3)
    make_tenant(owner, "Neighbour", 2, first=50)
    begin(owner, claim(owner))
    boss = make_person(owner, tenant.organization)
    clerk = make_person(owner, tenant.organization, "member")
    owner.execute(
        """update public.profiles set role_id = (select id from public.roles r where r.organization_id = %s
             and r.name = 'Sales Executive') where id = %s""",
        [tenant.organization, clerk],
    )
    owner.execute("update public.leads set assigned_to = %s where id = %s", [clerk, tenant.leads[0]])
    count = "select count(*) from public.call_logs"
    with as_person(boss) as person:
        assert scalar(person, count) == 3
    with as_person(clerk) as person:
        [(lead,)] = person.execute("select lead_id from public.call_logs").fetchall()
        assert lead == tenant.leads[0]
        every = [row[0] for row in owner.execute("select id from public.call_logs").fetchall()]
        numbers = person.execute("select callee_number from private.call_numbers(%s)", [every]).fetchall()
        assert len(numbers) == 1
        assert numbers[0][0].startswith("+9170000")
    owner.execute("update public.roles set permissions = permissions - 'lead.view_numbers'")
    with as_person(clerk) as person:
        [(masked,)] = person.execute("select callee_number from private.call_numbers(%s)", [every]).fetchall()
        assert "•" in masked
    owner.execute("update public.roles set permissions = permissions - 'call.view'")
    with as_person(clerk) as person:
        assert scalar(person, count) == 0


def test_what_happens_to_campaigns_by_itself(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "By itself", 1, budget_amount=6)
    status = "select status, pause_reason from public.campaigns where id = %s"
    tend = "select private.tend_campaigns(%s)"
    assert scalar(owner, tend, [NOON]) == 0
    [call] = begin(owner, claim(owner))
    event(owner, call, "completed", cost="3.00")
    assert scalar(owner, tend, [NOON]) == 0, "a call is still open"
    finish(owner, call, "busy", NOON + timedelta(hours=1))
    assert scalar(owner, tend, [NOON]) == 1
    assert owner.execute(status, [tenant.campaign]).fetchone() == ("paused", "budget")
    later = add_campaign(owner, tenant.organization, tenant.project, run=False, start_date="2026-03-20", always_on=True)
    ended = add_campaign(owner, tenant.organization, tenant.project, end_date="2026-03-18")
    owner.execute("update public.campaigns set status = 'scheduled' where id = %s", [later])
    owner.execute("delete from public.campaigns where id = %s and false", [ended])
    scalar(owner, tend, [NOON + timedelta(days=2)])
    assert owner.execute(status, [later]).fetchone() == ("running", None)
    assert owner.execute(status, [ended]).fetchone() == ("completed", None)
    assert scalar(owner, tend, [NOON + timedelta(days=2)]) == 0, "an always-on campaign waits for leads"


def test_history_uses_the_guides_index(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "History", 5)
    begin(owner, claim(owner))
    owner.execute("set enable_seqscan = off")
    plan = owner.execute(
        "explain select * from public.call_logs where organization_id = %s order by created_at desc, id limit 50",
        [tenant.organization],
    ).fetchall()
    owner.execute("reset enable_seqscan")
    assert "idx_call_logs_organization_id" in str(plan)
    assert "Sort" not in str(plan)
