from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.kernel import errors
from vantage.kernel.clock import FixedClock, SystemClock, in_utc
from vantage.kernel.errors import FieldError, Invalid, InvalidCursor, TooManyRequests, VantageError
from vantage.kernel.ids import new_id, parse_id
from vantage.kernel.pagination import SortValue, decode_cursor, encode_cursor, page_limit
from vantage.kernel.permissions import ALL_PERMISSIONS, LEAD_SCOPES, PERMISSIONS, PermissionKey


def test_ids_are_version_7_unique_and_sort_by_the_time_they_were_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter(range(1_800_000_000_000, 1_800_000_000_500))
    monkeypatch.setattr("vantage.kernel.ids.time.time_ns", lambda: next(moments) * 1_000_000)
    ids = [new_id() for _ in range(500)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 500
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}
    assert ids[0].int >> 80 == 1_800_000_000_000


def test_ids_of_one_millisecond_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vantage.kernel.ids.time.time_ns", lambda: 1_800_000_000_000_000_000)
    assert len({new_id() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("text", ["", "1", "{12345678-1234-5678-1234-567812345678}", "x" * 36, "urn:uuid:" + "0" * 32])
def test_what_writes_no_id_is_none(text: str) -> None:
    assert parse_id(text) is None


def test_an_id_reads_back_whatever_its_case() -> None:
    one = uuid4()
    assert parse_id(str(one).upper()) == one


def test_the_system_clock_is_aware_and_in_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_fixed_clock_stands_until_it_is_moved() -> None:
    clock = FixedClock(datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))))
    assert clock.now() == clock.now() == datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
    assert clock.advance(timedelta(hours=2)) == datetime(2026, 3, 1, 8, 30, tzinfo=UTC) == clock.now()


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        in_utc(datetime(2026, 1, 1))  # noqa: DTZ001  # the naive one is the point


def _tree(root: type[VantageError]) -> list[type[VantageError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


def test_every_error_has_its_own_code_and_stands_in_the_drawn_tree() -> None:
    tree = [one for one in _tree(VantageError) if one.__module__ == errors.__name__]
    assert len({one.code for one in tree}) == len(tree)
    for one in tree[1:]:
        line = next(line for line in (errors.__doc__ or "").splitlines() if f"─ {one.__name__} " in line)
        assert line.split()[-1] != ""
        assert f" {one.status} " in line
        assert f" {one.code} " in line
        assert 400 <= one.status < 600


def test_an_error_without_a_sentence_says_its_title() -> None:
    assert Invalid().detail == Invalid.title == str(Invalid())
    one = Invalid("No.", way_out="Try yes.", fields=[FieldError("answer", "must be yes")])
    assert (one.detail, one.way_out, one.fields[0].field) == ("No.", "Try yes.", "answer")


def test_slower_please_always_names_a_whole_second() -> None:
    assert TooManyRequests(retry_after=0).retry_after == 1
    assert "7 seconds" in TooManyRequests(retry_after=7).way_out


VALUES = st.one_of(
    st.none(),
    st.text().filter(lambda text: "\x00" not in text),
    st.integers(),
    st.booleans(),
    st.uuids(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(VALUES, max_size=5))
def test_a_cursor_reads_back_exactly(values: list[SortValue]) -> None:
    try:
        cursor = encode_cursor(values)
    except UnicodeEncodeError:  # lone surrogates are no text that a database holds
        return
    if len(cursor) > 2000:
        return
    kinds = [type(value) if value is not None else str for value in values]
    assert decode_cursor(cursor, kinds) == tuple(values)


@given(st.text(max_size=60), st.sampled_from([(str,), (datetime, UUID), (Decimal,), (int,)]))
def test_foreign_text_is_refused_as_a_cursor_never_a_crash(text: str, kinds: tuple[type, ...]) -> None:
    try:
        values = decode_cursor(text, kinds)
    except InvalidCursor:
        return
    assert len(values) == len(kinds)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        (["a"], [int]),
        ([1], [str]),
        ([True], [int]),
        (["a", "b"], [str]),
        (["nan"], [Decimal]),
        (["2026-01-01T00:00:00"], [datetime]),
        (["a\x00"], [str]),
    ],
)
def test_a_cursor_of_another_list_is_refused(values: list[SortValue], kinds: list[type]) -> None:
    with pytest.raises(InvalidCursor, match="page marker"):
        decode_cursor(encode_cursor(values), kinds)


def test_a_cursor_as_long_as_a_novel_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor("a" * 2001, [str])


def test_a_page_has_between_one_and_two_hundred_rows() -> None:
    assert (page_limit(None), page_limit(1), page_limit(200)) == (50, 1, 200)
    for limit in (0, -1, 201):
        with pytest.raises(Invalid, match="1 to 200"):
            page_limit(limit)


def test_every_permission_has_one_sentence_and_the_scopes_are_permissions() -> None:
    assert set(PERMISSIONS) == set(get_args(PermissionKey)) == ALL_PERMISSIONS
    assert all(sentence.endswith(".") and sentence.count(".") == 1 for sentence in PERMISSIONS.values())
    assert set(LEAD_SCOPES) <= ALL_PERMISSIONS
