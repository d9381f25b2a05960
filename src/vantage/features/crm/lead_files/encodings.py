"""In which encoding a text file was saved: byte order marks first, then proof, statistics last."""

import codecs
from typing import NamedTuple

from vantage.features.crm.lead_files.errors import LeadFileError

SAMPLE_BYTES = 65_536
_CHUNK = 1 << 20

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # UTF-32's little-endian mark begins with UTF-16's: the longer is asked first.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Windows' spreadsheets write in countries whose letters Windows-1252 lacks. Left to all encodings that exist, the
# statistics take a Russian file for an old Macintosh's.
_CODE_PAGES = (
    "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "cp874", "cp932", "gb18030", "big5", "cp949",
)  # fmt: skip


class Encoding(NamedTuple):
    """A codec's name and what to do with bytes that it can't read ("strict" when the whole file was proven)."""

    name: str
    errors: str


def detect_encoding(data: bytes) -> Encoding:
    """The encoding of a whole text file. Raises LeadFileError when no encoding reads it.

    UTF-8 is proven over all bytes; a file that is UTF-8 but for a few broken bytes is still UTF-8 (the broken ones
    become U+FFFD), because reading it as Windows-1252 would spoil every other name.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Encoding(name, "strict" if _decodes(data, name) else "replace")
    wide = _utf16_without_mark(data)
    if wide is not None and _decodes(data, wide):
        return Encoding(wide, "strict")
    if b"\0" in data[:SAMPLE_BYTES]:
        raise LeadFileError(
            "This is not a text file: it holds bytes that no table has.",
            way_out="Save the table as CSV (UTF-8) or XLSX and send that.",
        )
    if _decodes(data, "utf-8"):
        return Encoding("utf-8", "strict")
    if _mostly_utf8(data):
        return Encoding("utf-8", "replace")
    sample = data[:SAMPLE_BYTES]
    if _decodes(data, "cp1252") and _looks_western(sample):
        return Encoding("cp1252", "strict")
    return _by_statistics(data)


def _decodes(data: bytes, encoding: str) -> bool:
    """Decodes piece by piece, so that the proof takes no second copy of the file."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 when nearly all bytes of one half are NUL, as separators, digits and e-mail addresses make them."""
    sample = data[:SAMPLE_BYTES]
    half = len(sample) // 2
    if half == 0 or len(data) % 2:
        return None
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    return None


def _mostly_utf8(data: bytes) -> bool:
    sample = data[:SAMPLE_BYTES]
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text) - broken
    return good > 0 and broken <= max(2, good // 20)


def _looks_western(sample: bytes) -> bool:
    """True when the high bytes are few, as in accented names and typographic quotes of a Latin text."""
    high = sum(byte > 0x7F for byte in sample)
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    return high <= max(8, letters // 4)


def _by_statistics(data: bytes) -> Encoding:
    from charset_normalizer import from_bytes  # noqa: PLC0415  # nearly no file comes here, and it takes memory

    best = from_bytes(data[:SAMPLE_BYTES], cp_isolation=list(_CODE_PAGES)).best()
    if best is None or not _decodes(data, best.encoding):
        if _decodes(data, "cp1252"):
            return Encoding("cp1252", "strict")
        raise LeadFileError(
            "The letters of this file can't be read: its encoding is unknown.",
            way_out="Open it in a spreadsheet and save it as “CSV UTF-8” or XLSX.",
        )
    return Encoding(best.encoding, "strict")
