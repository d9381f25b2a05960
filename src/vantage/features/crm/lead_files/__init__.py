"""Lead files: bytes to rows to leads. Pure: no database, no clock, no network.

`open_lead_file` → `guess_mapping` (edited by a person, checked by `check_mapping`) → `RowReader.read` for each row.
"""

from vantage.features.crm.lead_files.errors import LeadFileError
from vantage.features.crm.lead_files.export import safe_cell
from vantage.features.crm.lead_files.lead_file import LeadFile, SourceRow, open_lead_file
from vantage.features.crm.lead_files.mapping import LEAD_FIELDS, ColumnMapping, check_mapping, guess_mapping
from vantage.features.crm.lead_files.rows import LeadRow, RowReader, RowRefusal, read_row

__all__ = [
    "LEAD_FIELDS",
    "ColumnMapping",
    "LeadFile",
    "LeadFileError",
    "LeadRow",
    "RowReader",
    "RowRefusal",
    "SourceRow",
    "check_mapping",
    "guess_mapping",
    "open_lead_file",
    "read_row",
    "safe_cell",
]
