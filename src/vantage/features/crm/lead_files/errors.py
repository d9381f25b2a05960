"""What makes a whole file unusable. A bad row never does: it becomes a `RowRefusal`."""

from vantage.kernel.errors import Invalid


class LeadFileError(Invalid):
    """The file can't be read as a table of leads; `detail` says why and `way_out` what to send instead."""

    code = "lead_file"
    title = "This file can't be read"
