"""Numbers without gaps, one invoice per period, tax by state, evidence that nobody rewrites."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.billing.tenants import Entering, make_organization, make_person, put_on, scalar
from tests.conftest import TestDatabase

INSERT = """insert into public.invoices (organization_id, subscription_id, status, period_start, period_end, subtotal, amount,
              place_of_supply, lines, seller, buyer, issued_at)
            values (%s, %s, %s, now(), now() + interval '1 month', 100, 100, '29', '[]', '{}', '{}', %s)
            returning invoice_number"""


def insert_invoice(connection: psycopg.Connection, issued_at: str | None = None, status: str = "open") -> str | None:
    return scalar(connection, INSERT, [uuid4(), uuid4(), status, issued_at])


def on_paid_pro(owner: psycopg.Connection, name: str, at: str, cycle: str = "monthly", **columns: str) -> UUID:
    org = make_organization(owner, name, **columns)
    owner.execute("select private.set_plan(%s, 'pro', %s, %s)", [org, cycle, at])
    return org


def test_numbers_start_anew_each_month_in_india(owner: psycopg.Connection) -> None:
    assert insert_invoice(owner, "2026-01-31 18:29+00") == "INV-202601-00001"
    assert insert_invoice(owner, "2026-01-31 18:30+00") == "INV-202602-00001"
    assert insert_invoice(owner, "2026-01-31 10:00+00") == "INV-202601-00002"
    assert insert_invoice(owner, status="draft") is None


def test_numbers_have_no_gap_under_any_concurrency(clean_database: TestDatabase, owner: psycopg.Connection) -> None:
    """Forty parallel writers of which every third fails after taking its number."""

    def issue(n: int) -> str | None:
        with psycopg.connect(clean_database.owner_url) as connection:
            number = insert_invoice(connection, "2026-03-15 10:00+00")
            if n % 3 == 0:
                connection.rollback()
                return None
            return number

    with ThreadPoolExecutor(10) as pool:
        numbers = [number for number in pool.map(issue, range(40)) if number]
    assert sorted(numbers) == [f"INV-202603-{n:05d}" for n in range(1, len(numbers) + 1)]
    registered = owner.execute("select invoice_number from private.invoice_numbers order by 1").fetchall()
    assert [row[0] for row in registered] == sorted(numbers)


def test_the_series_ends_at_99999(owner: psycopg.Connection) -> None:
    owner.execute("insert into private.invoice_counters values ('2026-04-01', 99998)")
    assert insert_invoice(owner, "2026-04-10 10:00+00") == "INV-202604-99999"
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="99,999"):
        insert_invoice(owner, "2026-04-10 10:00+00")


def test_a_number_is_never_given_by_hand(owner: psycopg.Connection) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        owner.execute(
            """insert into public.invoices (organization_id, subscription_id, invoice_number, invoice_date, issued_at,
                 status, period_start, period_end, subtotal, amount, place_of_supply, lines, seller, buyer)
               values (gen_random_uuid(), gen_random_uuid(), 'INV-202601-00042', '2026-01-01', now(), 'open', now(),
                 now() + interval '1 day', 1, 1, '29', '[]', '{}', '{}')"""
        )
    assert refusal.value.diag.sqlstate == "VQ008"


@pytest.mark.parametrize(
    "statement",
    [
        "delete from public.invoices",
        "truncate public.invoices",
        "update public.invoices set amount = 1, subtotal = 1",
        'update public.invoices set buyer = \'{"name": "somebody else"}\'',
        "update public.invoices set invoice_number = 'INV-202601-00002'",
    ],
)
def test_issued_invoices_are_evidence(owner: psycopg.Connection, statement: str) -> None:
    insert_invoice(owner, "2026-01-10 10:00+00")
    with pytest.raises(psycopg.Error) as refusal:
        owner.execute(statement.encode())
    assert refusal.value.diag.sqlstate == "VQ008"
    assert scalar(owner, "select invoice_number from public.invoices") == "INV-202601-00001"


@pytest.mark.parametrize(("start", "step"), [("paid", "open"), ("void", "open"), ("open", "draft"), ("paid", "void")])
def test_steps_that_an_invoice_does_not_take(owner: psycopg.Connection, start: str, step: str) -> None:
    insert_invoice(owner)
    if start != "open":
        owner.execute(
            "update public.invoices set status = %s, paid_at = case when %s = 'paid' then now() end", [start, start]
        )
    with pytest.raises(psycopg.Error) as refusal:
        owner.execute("update public.invoices set status = %s, paid_at = null", [step])
    assert refusal.value.diag.sqlstate == "VQ002"


def test_invoices_outlive_their_organisation(owner: psycopg.Connection) -> None:
    org = on_paid_pro(owner, "Gone", "2026-05-01 10:00+05:30")
    owner.execute("select private.run_billing('2026-05-02 10:00+05:30')")
    owner.execute("delete from public.organizations where id = %s", [org])
    assert scalar(owner, "select buyer ->> 'name' from public.invoices") == "Gone"


def test_the_run_bills_each_period_once(owner: psycopg.Connection) -> None:
    on_paid_pro(owner, "Monthly", "2026-01-31 10:00+05:30")
    on_paid_pro(owner, "Yearly", "2026-01-15 10:00+05:30", "yearly")
    make_organization(owner, "On trial")
    run = "select invoices_issued, renewed from private.run_billing(%s)"
    assert owner.execute(run, ["2026-02-01 10:00+05:30"]).fetchone() == (2, 0)
    assert owner.execute(run, ["2026-02-01 10:00+05:30"]).fetchone() == (0, 0)
    owner.execute("update public.invoices set status = 'paid', paid_at = now()")
    # 31 January + 1 month: the anchor is kept over February
    assert owner.execute(run, ["2026-02-28 11:00+05:30"]).fetchone() == (1, 1)
    periods = owner.execute(
        """select (i.period_start at time zone 'Asia/Kolkata')::date::text, amount from public.invoices i
            order by i.period_start"""
    ).fetchall()
    assert periods == [
        ("2026-01-15", Decimal("99990.00")),
        ("2026-01-31", Decimal("9999.00")),
        ("2026-02-28", Decimal("9999.00")),
    ]


def test_month_ends_keep_their_anchor(owner: psycopg.Connection) -> None:
    ends = []
    instant = "2028-01-31 10:00+05:30"
    for _ in range(5):
        instant = scalar(
            owner, "select private.period_end_after('2028-01-31 10:00+05:30', %s::timestamptz, 'monthly')", [instant]
        )
        ends.append(instant.astimezone(UTC).date().isoformat())
    assert ends == ["2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31", "2028-06-30"]
    assert scalar(
        owner,
        "select private.period_end_after('2028-02-29 10:00+05:30', '2028-02-29 10:00+05:30', 'yearly')",
    ) == datetime.fromisoformat("2029-02-28T10:00+05:30")


def test_a_missed_run_is_made_good_and_two_at_once_bill_once(
    clean_database: TestDatabase, owner: psycopg.Connection
) -> None:
    org = on_paid_pro(owner, "Late", "2026-01-31 10:00+05:30")

    def run(_: int) -> None:
        with psycopg.connect(clean_database.owner_url) as connection:
            connection.execute("select private.run_billing('2026-02-28 12:00+05:30')")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    rows = owner.execute(
        """select invoice_number, (period_start at time zone 'Asia/Kolkata')::text from public.invoices
            where organization_id = %s order by 1""",
        [org],
    ).fetchall()
    assert rows == [("INV-202602-00001", "2026-01-31 10:00:00"), ("INV-202602-00002", "2026-02-28 10:00:00")]


@pytest.mark.parametrize(
    ("buyer", "expected"),
    [
        ({"gstin": "29AAAAA0000A1Z5"}, ("899.91", "899.91", "0.00", "11798.82")),
        ({"gstin": "27AAAAA0000A1Z5"}, ("0.00", "0.00", "1799.82", "11798.82")),
        ({"state": "Tamil Nadu"}, ("0.00", "0.00", "1799.82", "11798.82")),
        ({}, ("899.91", "899.91", "0.00", "11798.82")),
    ],
)
def test_gst_by_the_buyers_state(owner: psycopg.Connection, buyer: dict[str, str], expected: tuple[str, ...]) -> None:
    owner.execute("update private.seller set gstin = '29BBBBB1111B1Z5', state_code = '29'")
    on_paid_pro(owner, "Buyer", "2026-05-01 10:00+05:30", **buyer)
    owner.execute("select private.run_billing('2026-05-01 11:00+05:30')")
    row = owner.execute("select cgst, sgst, igst, amount from public.invoices").fetchone()
    assert row == tuple(Decimal(value) for value in expected)


def test_an_unregistered_seller_charges_no_gst(owner: psycopg.Connection) -> None:
    on_paid_pro(owner, "Buyer", "2026-05-01 10:00+05:30")
    owner.execute("select private.run_billing('2026-05-01 11:00+05:30')")
    assert owner.execute("select tax_rate, amount from public.invoices").fetchone() == (Decimal(0), Decimal("9999.00"))


def test_the_trial_is_14_days_of_pro_and_then_free(owner: psycopg.Connection) -> None:
    org = make_organization(owner, "Trial")
    tier = "select tier from public.organizations where id = %s"
    in_force = "select slug from private.plan_in_force(%s, now() + %s::interval)"
    assert scalar(owner, tier, [org]) == "pro"
    assert scalar(owner, in_force, [org, "13 days 23 hours"]) == "pro"
    assert scalar(owner, in_force, [org, "14 days"]) == "free"
    assert scalar(owner, "select trials_ended from private.run_billing(now() + interval '15 days')") == 1
    assert scalar(owner, tier, [org]) == "free"
    assert scalar(owner, "select count(*) from public.invoices") == 0


def test_unpaid_is_reminded_then_ended_and_paying_brings_it_back(owner: psycopg.Connection) -> None:
    org = on_paid_pro(owner, "Slow payer", "2026-05-01 10:00+05:30")
    status = "select status from public.subscriptions where organization_id = %s"
    owner.execute("select private.run_billing('2026-05-01 10:00+05:30')")
    assert scalar(owner, "select past_due from private.run_billing('2026-05-16 10:00+05:30')") == 0
    assert scalar(owner, "select past_due from private.run_billing('2026-05-17 10:00+05:30')") == 1
    assert scalar(owner, status, [org]) == "past_due"
    assert scalar(owner, "select slug from private.plan_in_force(%s)", [org]) == "pro"
    settle = (
        "select private.settle_invoice(%s, (select id from public.invoices), 'sandbox', 'pay_1', %s, %s, '2026-05-18')"
    )
    for amount, currency in ((9998, "INR"), (9999, "USD")):
        with pytest.raises(psycopg.errors.CheckViolation, match="does not match"):
            owner.execute(settle, [org, amount, currency])
    assert scalar(owner, settle, [org, 9999, "INR"]) is True
    assert scalar(owner, settle, [org, 9999, "INR"]) is False
    assert scalar(owner, status, [org]) == "active"
    owner.execute("select private.run_billing('2026-06-01 11:00+05:30')")
    owner.execute("select private.run_billing('2026-06-17 11:00+05:30')")
    assert scalar(owner, "select cancelled from private.run_billing('2026-07-03 11:00+05:30')") == 1
    assert scalar(owner, "select tier from public.organizations where id = %s", [org]) == "free"


def test_cancelling_keeps_the_paid_period(owner: psycopg.Connection, as_person: Entering) -> None:
    org = make_organization(owner, "Leaving")
    put_on(owner, org, "pro")
    boss, clerk = make_person(owner, org), make_person(owner, org, "member")
    with pytest.raises(psycopg.Error) as refusal, as_person(clerk) as connection:
        connection.execute("select private.cancel_at_period_end(true)")
    assert refusal.value.diag.sqlstate == "VQ005"
    with as_person(boss) as connection:
        connection.execute("select private.cancel_at_period_end(true)")
    in_force = "select slug from private.plan_in_force(%s, now() + %s::interval)"
    assert scalar(owner, in_force, [org, "20 days"]) == "pro"
    assert scalar(owner, in_force, [org, "32 days"]) == "free"
    assert scalar(owner, "select cancelled from private.run_billing(now() + interval '32 days')") == 1


def test_one_subscription_one_default_method(owner: psycopg.Connection, as_person: Entering) -> None:
    org = make_organization(owner, "One of each")
    boss = make_person(owner, org)
    with pytest.raises(psycopg.errors.UniqueViolation, match="idx_subscriptions_org_id"):
        owner.execute("insert into public.subscriptions select s.* from (select (jsonb_populate_record(null::public.subscriptions,"
                      " to_jsonb(s) || jsonb_build_object('id', gen_random_uuid()))).* from public.subscriptions s"
                      " where organization_id = %s) s", [org])  # fmt: skip
    with as_person(boss) as connection:
        connection.execute("insert into public.payment_methods (organization_id, type, upi_handle)"
                           " values (%s, 'upi', 'asha@okbank')", [org])  # fmt: skip
        connection.execute("insert into public.payment_methods (organization_id, type, brand, last4, expiry_month,"
                           " expiry_year, is_default) values (%s, 'card', 'visa', '4242', 12, 2030, true)", [org])  # fmt: skip
    assert owner.execute("select type, is_default from public.payment_methods order by 1").fetchall() == [
        ("card", True), ("upi", False),
    ]  # fmt: skip
    for broken in ("'upi', null", "'upi', 'no handle'"):
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(
                f"insert into public.payment_methods (organization_id, type, upi_handle) values ('{org}', {broken})".encode()
            )


def test_the_clients_write_no_billing_rows(owner: psycopg.Connection, as_person: Entering) -> None:
    org = on_paid_pro(owner, "Client", "2026-05-01 10:00+05:30")
    owner.execute("select private.run_billing('2026-05-01 10:00+05:30')")
    boss = make_person(owner, org)
    with as_person(boss) as connection:
        assert scalar(connection, "select count(*) from public.invoices") == 1
    for statement in (
        "update public.subscriptions set plan_id = plan_id",
        "update public.invoices set status = 'paid'",
        "insert into public.usage_logs (organization_id, feature_key, period_start, period_end) values (null, 'x', null, null)",
        "update public.subscription_plans set price_monthly = 0",
        "select private.set_plan(null, 'enterprise')",
        "select private.run_billing(now())",
        "select * from private.seller",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), as_person(boss) as connection:
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "features",
    ["features - 'max_leads'", 'features || \'{"max_users": "3"}\'', "features || '{\"max_leads\": -2}'", "'[]'"],
)
def test_a_plan_without_its_five_limits_is_refused(owner: psycopg.Connection, features: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="features_check"):
        owner.execute(f"update public.subscription_plans set features = {features}".encode())


@given(day=st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 12, 31)), n=st.integers(0, 40))
def test_periods_neither_overlap_nor_leave_gaps(test_database: TestDatabase, day: date, n: int) -> None:
    row = test_database.superuser.execute(
        """with anchor as (select (%s::date + time '23:30') at time zone 'Asia/Kolkata' as a),
                one as (select a, private.period_end_after(a, a + make_interval(months => %s), 'monthly') as e from anchor)
           select e > a + make_interval(months => %s) - interval '3 days',
                  private.period_end_after(a, e - interval '1 microsecond', 'monthly') = e,
                  private.period_end_after(a, e, 'monthly') > e + interval '27 days' from one""",
        [day, n, n],
    ).fetchone()
    assert row == (True, True, True)
