"""Cells that we write into CSV for people who open it in a spreadsheet."""

import re

# OWASP "CSV Injection": these openings make a spreadsheet run a cell; the wide forms are folded to them by some.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# A plain number or phone number can't run anything, and an apostrophe would spoil it for every other program.
_NUMBER = re.compile(r"[+-]?\d[\d ]*(?:\.\d+)?")


def safe_cell(text: str | None) -> str:
    """The cell so that no spreadsheet takes it for a formula: an apostrophe stands before one that opens like it.

    `RowReader` takes the apostrophe off again, so an exported table imports as it was.
    """
    if not text:
        return ""
    if text.startswith(_DANGEROUS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
