"""Whom a campaign calls, and what a call does to a card."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.features.calling.rules.eligibility import CampaignRules, LeadFacts, Reason, judge, judge_all
from vantage.features.calling.rules.outcomes import Outcome
from vantage.features.calling.rules.stage_rules import Ending, Heard, Score, Stage, move_after, score_after

NOW = datetime(2026, 3, 18, 6, 30, tzinfo=UTC)
PROJECT = UUID("00000000-0000-4000-8000-000000000001")
LEAD = LeadFacts(
    uuid4(), PROJECT, "open", "+919845012345", consent_status="granted", consent_at=NOW - timedelta(days=3)
)
CAMPAIGN = CampaignRules(PROJECT, max_attempts=3, consent_required=True, skip_reached=True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"archived": True}, "archived"),
        ({"project_archived": True}, "project_archived"),
        ({"project_id": uuid4()}, "wrong_project"),
        ({"stage_kind": "won"}, "stage_won"),
        ({"stage_kind": "lost"}, "stage_lost"),
        ({"do_not_call": True}, "do_not_call"),
        ({"abusive": True}, "abusive"),
        ({"phone": None}, "no_number"),
        ({"phone": "+9112"}, "invalid_number"),
        ({"consent_status": "unknown"}, "no_consent"),
        ({"consent_status": "withdrawn"}, "no_consent"),
        ({"consent_at": None}, "no_consent"),
        ({"consent_at": NOW - timedelta(days=200)}, "no_consent"),
        ({"consent_at": NOW + timedelta(days=1)}, "no_consent"),
        ({"attempts_in_campaign": 3}, "attempts_exhausted"),
        ({"reached_before": True}, "already_called"),
        ({"calls_last_day": 3}, "frequency_cap"),
        ({"calls_last_week": 8}, "frequency_cap"),
        ({"in_audience": False}, "not_in_audience"),
    ],
)
def test_everyone_left_out_hears_why(change: dict[str, Any], reason: Reason | None) -> None:
    assert judge(replace(LEAD, **change), CAMPAIGN, NOW).reason == reason


def test_a_simulation_needs_no_consent_but_respects_a_refusal() -> None:
    rehearsal = replace(CAMPAIGN, consent_required=False)
    assert judge(replace(LEAD, consent_status="unknown", consent_at=None), rehearsal, NOW).enrolled
    for status in ("denied", "withdrawn"):
        assert judge(replace(LEAD, consent_status=status), rehearsal, NOW).reason == "no_consent"


def test_one_number_is_called_once() -> None:
    twin = replace(LEAD, lead_id=uuid4())
    refused = replace(LEAD, lead_id=uuid4(), archived=True)
    verdicts = list(judge_all([refused, LEAD, twin], CAMPAIGN, NOW))
    assert [verdict.reason for verdict in verdicts] == ["archived", None, "same_number"]


def test_the_database_knows_the_same_reasons() -> None:
    sql = (Path(__file__).parents[3] / "database/schema/calling/campaign_leads.sql").read_text(encoding="utf-8")
    listed = re.search(r"reason in \(([^)]*)\)", sql)
    assert listed is not None
    assert set(re.findall(r"'(\w+)'", listed[1])) == set(get_args(Reason))


def test_the_database_knows_the_same_outcomes() -> None:
    sql = (Path(__file__).parents[3] / "database/schema/calling/call_logs.sql").read_text(encoding="utf-8")
    listed = re.search(r"outcome in \(([^)]*)\)", sql)
    assert listed is not None
    assert set(re.findall(r"'(\w+)'", listed[1])) == set(get_args(Outcome))


BOARD = [
    Stage("new_lead", "open", 0), Stage("contacted", "open", 1), Stage("qualified", "open", 2),
    Stage("site_visit", "open", 3), Stage("negotiation", "open", 4), Stage("won", "won", 5), Stage("lost", "lost", 6),
]  # fmt: skip
BY_KEY = {stage.key: stage for stage in BOARD}


@pytest.mark.parametrize(
    ("start", "ending", "end"),
    [
        ("new_lead", "qualified", "qualified"),
        ("new_lead", "interested", "contacted"),
        ("new_lead", "site_visit", "site_visit"),
        ("contacted", "callback", None),
        ("negotiation", "qualified", None),
        ("negotiation", "not_interested", "lost"),
        ("contacted", "wrong_number", "lost"),
        ("won", "not_interested", None),
        ("lost", "qualified", None),
        ("new_lead", "voicemail", None),
        ("new_lead", "silence", None),
    ],
)
def test_where_the_card_goes(start: str, ending: Ending, end: str | None) -> None:
    assert move_after("answered", Heard(ending), BY_KEY[start], BOARD) == (BY_KEY[end] if end else None)


def test_renamed_and_removed_stages() -> None:
    board = [stage for stage in BOARD if stage.key not in {"site_visit", "qualified"}]
    assert move_after("answered", Heard("site_visit"), BOARD[0], board) == BY_KEY["contacted"]
    own = [Stage(None, "open", 0), Stage(None, "open", 1)]
    assert move_after("answered", Heard("qualified"), own[0], own) is None
    assert move_after("answered", Heard("not_interested"), own[0], own) is None


endings = st.sampled_from(get_args(Ending))


@given(st.sampled_from(BOARD), endings, st.sampled_from(get_args(Outcome)), st.sets(st.sampled_from(BOARD)))
def test_a_machine_moves_forward_or_to_lost_only(
    start: Stage, ending: Ending, outcome: Outcome, board: set[Stage]
) -> None:
    target = move_after(outcome, Heard(ending), start, list(board))
    if target is not None:
        assert start.kind == "open"
        assert target in board
        assert target.kind != "won"
        assert target.kind == "lost" or target.order > start.order
    if outcome in {"busy", "no_answer", "voicemail", "failed"}:
        assert target is None


KNOWN = Score(60, (("interest_high", 45), ("timeline_immediate", 15)))


@pytest.mark.parametrize("outcome", ["busy", "no_answer", "voicemail", "failed", "rejected", "not_placed"])
def test_a_call_that_reached_nobody_forgets_nothing(outcome: Outcome) -> None:
    """The first build set interest and score to zero after each unanswered call."""
    assert score_after(KNOWN, outcome, None) == KNOWN
    assert score_after(KNOWN, "answered", Heard("silence")) == KNOWN


def test_the_score_names_its_reasons() -> None:
    eager = Heard("site_visit", "high", budget=True, configuration=True, timeline="immediate")
    assert score_after(Score(0, ()), "answered", eager) == Score(
        100,
        (("interest_high", 45), ("ending_site_visit", 20), ("timeline_immediate", 15), ("budget_known", 12),
         ("configuration_known", 8)),
    )  # fmt: skip
    assert score_after(KNOWN, "answered", Heard("not_interested")).value == 0


@given(endings, st.sampled_from(["high", "medium", "low", "none", None]), st.booleans(), st.booleans())
def test_scores_stay_between_0_and_100_and_add_up(
    ending: Ending, interest: Any, budget: bool, configuration: bool
) -> None:
    score = score_after(Score(0, ()), "answered", Heard(ending, interest, budget=budget, configuration=configuration))
    assert 0 <= score.value <= 100
    assert score.value == min(100, sum(points for _, points in score.reasons))
