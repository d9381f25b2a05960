"""What a role may be allowed, key by key.

The same keys stand in the table `permissions`, which the database checks `roles.permissions` against; a test compares
the two. Owner and admin hold all of them. Leads have a scope besides: the widest of `LEAD_SCOPES` that a role holds.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

PermissionKey = Literal[
    "project.view",
    "project.create",
    "project.edit",
    "project.delete",
    "lead.view",
    "lead.view_team",
    "lead.view_own",
    "lead.view_numbers",
    "lead.create",
    "lead.edit",
    "lead.delete",
    "lead.assign",
    "lead.import",
    "lead.export",
    "pipeline.edit",
    "campaign.view",
    "campaign.create",
    "campaign.edit",
    "campaign.run",
    "campaign.delete",
    "call.view",
    "call.listen",
    "property.view",
    "property.create",
    "property.edit",
    "property.delete",
    "team.view",
    "team.manage",
    "role.manage",
    "settings.view",
    "settings.edit",
    "billing.view",
    "billing.manage",
    "audit.view",
]

PERMISSIONS: Final[Mapping[PermissionKey, str]] = MappingProxyType(
    {
        "project.view": "See projects and their figures.",
        "project.create": "Add projects.",
        "project.edit": "Change projects.",
        "project.delete": "Archive and delete projects.",
        "lead.view": "See all leads of the organisation.",
        "lead.view_team": "See the leads of one's own team.",
        "lead.view_own": "See the leads assigned to oneself.",
        "lead.view_numbers": "See phone numbers and e-mail addresses in full.",
        "lead.create": "Add leads.",
        "lead.edit": "Change leads and move them on the board.",
        "lead.delete": "Archive and delete leads.",
        "lead.assign": "Assign leads to people.",
        "lead.import": "Import leads from files.",
        "lead.export": "Export leads to files.",
        "pipeline.edit": "Change the stages of a pipeline.",
        "campaign.view": "See calling campaigns.",
        "campaign.create": "Add calling campaigns.",
        "campaign.edit": "Change calling campaigns.",
        "campaign.run": "Start, pause, resume and cancel calling campaigns.",
        "campaign.delete": "Archive and delete calling campaigns.",
        "call.view": "See calls, transcripts and outcomes.",
        "call.listen": "Listen to recordings and to calls in progress.",
        "property.view": "See properties.",
        "property.create": "Add properties.",
        "property.edit": "Change properties and their status.",
        "property.delete": "Archive and delete properties.",
        "team.view": "See the people of the organisation.",
        "team.manage": "Invite, change and remove people.",
        "role.manage": "Change roles and what they allow.",
        "settings.view": "See the organisation's settings.",
        "settings.edit": "Change the organisation's settings.",
        "billing.view": "See plan, usage and invoices.",
        "billing.manage": "Change plan and payment methods.",
        "audit.view": "See who did what.",
    }
)

LEAD_SCOPES: Final[tuple[PermissionKey, ...]] = ("lead.view", "lead.view_team", "lead.view_own")
"""From the widest to the narrowest; any of them opens the pages of leads, row security decides which leads."""

ALL_PERMISSIONS: Final[frozenset[PermissionKey]] = frozenset(get_args(PermissionKey))
