"""Whom a campaign calls, and for everyone else the one reason why not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from vantage.kernel.phone import parse_phone

Reason = Literal[
    "archived", "project_archived", "wrong_project", "stage_won", "stage_lost", "do_not_call", "no_number",
    "invalid_number", "no_consent", "abusive", "attempts_exhausted", "frequency_cap", "already_called",
    "same_number", "not_in_audience",
]  # fmt: skip

# Consent for commercial calls is refreshed every six months (Plivo's rules for India).
CONSENT_VALID = timedelta(days=183)
# Per number over all campaigns and projects: more is harassment, whatever the window says.
MOST_CALLS_A_DAY = 3
MOST_CALLS_A_WEEK = 8


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What is known of a lead, its contact, and the calls to its number, for one decision."""

    lead_id: UUID
    project_id: UUID
    stage_kind: Literal["open", "won", "lost"]
    phone: str | None
    archived: bool = False
    project_archived: bool = False
    do_not_call: bool = False
    abusive: bool = False
    consent_status: Literal["unknown", "granted", "denied", "withdrawn"] = "unknown"
    consent_at: datetime | None = None
    in_audience: bool = True
    attempts_in_campaign: int = 0
    reached_before: bool = False
    calls_last_day: int = 0
    calls_last_week: int = 0


@dataclass(frozen=True, slots=True)
class CampaignRules:
    """What a campaign asks of those it calls. `consent_required` holds for every carrier that reaches people."""

    project_id: UUID
    max_attempts: int
    consent_required: bool
    skip_reached: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is None for those who are called."""

    lead_id: UUID
    reason: Reason | None

    @property
    def enrolled(self) -> bool:
        """Whether the lead is called."""
        return self.reason is None


def judge(lead: LeadFacts, campaign: CampaignRules, now: datetime) -> Verdict:
    """One lead. The order is that of what a person would want to hear first: what can't be changed comes first."""
    return Verdict(lead.lead_id, next(_objections(lead, campaign, now), None))


def judge_all(leads: Iterable[LeadFacts], campaign: CampaignRules, now: datetime) -> Iterator[Verdict]:
    """All leads in the given order; a number that an earlier one already brings is called once."""
    taken: set[str] = set()
    for lead in leads:
        verdict = judge(lead, campaign, now)
        if verdict.enrolled and lead.phone is not None:
            if lead.phone in taken:
                verdict = Verdict(lead.lead_id, "same_number")
            taken.add(lead.phone)
        yield verdict


def frequency_capped(calls_last_day: int, calls_last_week: int) -> bool:
    """Whether a number has been called as often as it may, by anyone of the organisation."""
    return calls_last_day >= MOST_CALLS_A_DAY or calls_last_week >= MOST_CALLS_A_WEEK


def _objections(lead: LeadFacts, campaign: CampaignRules, now: datetime) -> Iterator[Reason]:
    if lead.project_id != campaign.project_id:
        yield "wrong_project"
    if lead.project_archived:
        yield "project_archived"
    if lead.archived:
        yield "archived"
    if lead.do_not_call:
        yield "do_not_call"
    if lead.abusive:
        yield "abusive"
    if lead.stage_kind == "won":
        yield "stage_won"
    if lead.stage_kind == "lost":
        yield "stage_lost"
    if not lead.phone:
        yield "no_number"
    elif parse_phone(lead.phone) is None:
        yield "invalid_number"
    if _consent_missing(lead, campaign, now):
        yield "no_consent"
    if lead.attempts_in_campaign >= campaign.max_attempts:
        yield "attempts_exhausted"
    if campaign.skip_reached and lead.reached_before:
        yield "already_called"
    if frequency_capped(lead.calls_last_day, lead.calls_last_week):
        yield "frequency_cap"
    if not lead.in_audience:
        yield "not_in_audience"


def _consent_missing(lead: LeadFacts, campaign: CampaignRules, now: datetime) -> bool:
    if lead.consent_status in {"denied", "withdrawn"}:
        return True
    if not campaign.consent_required:
        return False
    return (
        lead.consent_status != "granted" or lead.consent_at is None or not now - CONSENT_VALID <= lead.consent_at <= now
    )
