"""Two organisations that hold one row of everything, and everybody who may come near them.

`Maker` builds the world as the owner of the database, by the product's own functions where there are some.
A new table fails test_matrix.py until it has a row here.
"""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

from vantage.platform.database.actors import ANON, Actor, person, worker


@dataclass(slots=True)
class Tenant:
    """One organisation and the ids of its rows."""

    id: UUID
    owner: UUID
    people: dict[str, UUID] = field(default_factory=dict)
    ids: dict[str, UUID] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """Organisation A is attacked, B attacks, C is suspended."""

    a: Tenant
    b: Tenant
    c: Tenant
    actors: dict[str, Actor]


class Maker:
    """Builds the world through one owner's connection in autocommit."""

    def __init__(self, owner: psycopg.Connection) -> None:
        self.owner = owner

    def scalar(self, query: str, *parameters: object) -> UUID:
        """The one value that a statement returns."""
        row = self.owner.execute(query.encode(), parameters).fetchone()
        assert row is not None
        return row[0]

    def account(self, name: str) -> UUID:
        """A person with an account, by the guide's trigger also with a profile."""
        person_id = uuid4()
        self.owner.execute(
            "insert into auth.users (id, email, raw_user_meta_data, created_at) values (%s, %s, %s, now())",
            [person_id, f"{name}-{person_id.hex[:6]}@example.in", Jsonb({"full_name": name.replace("-", " ").title()})],
        )
        return person_id

    def organization(self, name: str) -> Tenant:
        """An organisation made the way a person makes one."""
        owner_id = self.account(f"{name}-owner")
        with self.owner.transaction():
            self.owner.execute("select set_config('request.jwt.claims', %s, true)", [person(owner_id).claims])
            organization_id = self.scalar(
                "select private.create_organization(%s, %s, '{}')", name.title(), f"{name.title()} Heights"
            )
        return Tenant(organization_id, owner_id, {"owner": owner_id})

    def seat(self, tenant: Tenant, name: str, system_role: str, role: str | None = None) -> UUID:
        """A person of the organisation: admin, or member with one of the roles of birth."""
        person_id = self.account(name)
        self.owner.execute(
            "select private.seat_member(%s, %s, %s, (select id from public.roles where organization_id = %s and name = %s))",
            [tenant.id, person_id, system_role, tenant.id, role],
        )
        tenant.people[name] = person_id
        return person_id

    def fill(self, tenant: Tenant) -> None:
        """One row in every tenant table that the organisation's birth has left empty."""
        one, ids, org = self.scalar, tenant.ids, tenant.id
        ids["project"] = one("select id from public.projects where organization_id = %s", org)
        ids["stage"] = one(
            "select id from public.pipeline_stages where organization_id = %s order by order_index limit 1", org
        )
        ids["next_stage"] = one(
            "select id from public.pipeline_stages where organization_id = %s order by order_index offset 1 limit 1",
            org,
        )
        one("insert into public.pipelines (organization_id, name) values (%s, 'Resale') returning id", org)
        ids["team"] = one("insert into public.teams (organization_id, name) values (%s, 'North') returning id", org)
        ids["contact"] = one(
            "insert into public.contacts (organization_id, name, phone) values (%s, 'Ravi Kumar', '+919700000001')"
            " returning id",
            org,
        )
        ids["lead"] = one(
            "insert into public.leads (organization_id, contact_id, project_id, stage_id, assigned_to)"
            " values (%s, %s, %s, %s, %s) returning id",
            org, ids["contact"], ids["project"], ids["stage"], tenant.people.get("executive"),
        )  # fmt: skip
        self.owner.execute("update public.leads set stage_id = %s where organization_id = %s", [ids["next_stage"], org])
        self.owner.execute(
            "insert into public.lead_activities (organization_id, lead_id, type, content, created_by)"
            " values (%s, %s, 'note', '{\"text\": \"Wants a corner flat\"}', %s)",
            [org, ids["lead"], tenant.owner],
        )
        ids["import"] = one(
            "insert into public.lead_imports (organization_id, project_id, file_name, file_key, file_digest)"
            " values (%s, %s, 'leads.csv', 'imports/1', repeat('a', 64)) returning id",
            org, ids["project"],
        )  # fmt: skip
        self.owner.execute(
            "insert into public.lead_import_rows (organization_id, import_id, line, verdict, lead_id)"
            " values (%s, %s, 2, 'created', %s)",
            [org, ids["import"], ids["lead"]],
        )
        ids["property"] = one(
            "insert into public.properties (organization_id, project_id, title, type, price)"
            " values (%s, %s, 'A-101', 'apartment', 8500000) returning id",
            org, ids["project"],
        )  # fmt: skip
        self.owner.execute(
            "insert into public.property_images (organization_id, property_id, url) values (%s, %s, 'https://example.in/a.jpg')",
            [org, ids["property"]],
        )
        self.owner.execute(
            "insert into public.property_features (organization_id, property_id, feature_name) values (%s, %s, 'Pool')",
            [org, ids["property"]],
        )
        ids["campaign"] = one(
            "insert into public.campaigns (organization_id, project_id, name) values (%s, %s, 'First calls') returning id",
            org, ids["project"],
        )  # fmt: skip
        self.owner.execute(
            "insert into public.campaign_leads (organization_id, campaign_id, lead_id, verdict)"
            " values (%s, %s, %s, 'enrolled')",
            [org, ids["campaign"], ids["lead"]],
        )
        ids["queue"] = one(
            "insert into public.call_queue (organization_id, campaign_id, lead_id) values (%s, %s, %s) returning id",
            org, ids["campaign"], ids["lead"],
        )  # fmt: skip
        ids["call"] = one(
            "insert into public.call_logs (organization_id, idempotency_key, queue_id, campaign_id, lead_id, project_id,"
            " carrier, caller_number, callee_number, proof)"
            " values (%s, %s, %s, %s, %s, %s, 'simulated', '+918000000000', '+919700000001', '{}') returning id",
            org, f"{ids['queue']}:1", ids["queue"], ids["campaign"], ids["lead"], ids["project"],
        )  # fmt: skip
        self.owner.execute(
            "insert into public.call_utterances (organization_id, call_log_id, seq, speaker, text, ms_from, ms_to)"
            " values (%s, %s, 1, 'agent', 'Namaste', 0, 900)",
            [org, ids["call"]],
        )
        self.owner.execute(
            "insert into public.payment_methods (organization_id, type, upi_handle, is_default)"
            " values (%s, 'upi', 'sales@okbank', true)",
            [org],
        )
        self.owner.execute(
            "insert into public.websocket_sessions (organization_id, user_id, connection_id, process_id)"
            " values (%s, %s, 'tab-1', %s)",
            [org, tenant.owner, uuid4()],
        )
        self.owner.execute(
            "insert into public.idempotency_keys (organization_id, person_id, key, request_digest, status)"
            " values (%s, %s, 'key-00000001', '\\x00', 201)",
            [org, tenant.owner],
        )
        self.owner.execute(
            "insert into public.inbox (organization_id, source, external_id, body) values (%s, 'form', 'f-1', '{}')",
            [org],
        )
        self.owner.execute(
            "insert into public.invoices (organization_id, subscription_id, period_start, period_end, subtotal, amount,"
            " place_of_supply, lines, seller, buyer)"
            " select %s, s.id, now(), now() + interval '1 month', 100, 100, '29', '[{\"text\": \"Pro\"}]',"
            ' \'{"name": "Q"}\', \'{"name": "B"}\' from public.subscriptions s where s.organization_id = %s',
            [org, org],
        )


def make_world(owner: psycopg.Connection, superuser: psycopg.Connection) -> World:
    """Everything above, and the seals and sessions that only jobs make."""
    maker = Maker(owner)
    a, b, c = maker.organization("asha"), maker.organization("bharat"), maker.organization("chitra")
    for tenant in (a, b):
        maker.seat(tenant, "admin", "admin")
        maker.seat(tenant, "manager", "member", "Sales Manager")
        maker.seat(tenant, "executive", "member", "Sales Executive")
        maker.fill(tenant)
    # A shows its project to the public, B does not.
    owner.execute(
        "update public.projects set is_published = true, public_slug = 'heights', enquiry_consent_text = 'Call me'"
        " where organization_id = %s",
        [a.id],
    )
    owner.execute("update public.subscription_plans set is_active = false where slug = 'enterprise'")
    removed = maker.seat(a, "removed", "member", "Sales Manager")
    owner.execute("update public.profiles set organization_id = null, role_id = null where id = %s", [removed])
    owner.execute("update public.organizations set status = 'suspended' where id = %s", [c.id])
    support, lapsed = maker.account("support"), maker.account("lapsed")
    for admin in (support, lapsed):
        owner.execute("update public.profiles set system_role = 'platform_admin' where id = %s", [admin])
        for tenant in (a, b):
            owner.execute("select private.start_impersonation(%s, %s, 'Looking into a report', 60)", [admin, tenant.id])
    owner.execute(
        "update public.impersonation_sessions set created_at = now() - interval '2 hours',"
        " expires_at = now() - interval '1 hour' where admin_id = %s",
        [lapsed],
    )
    superuser.execute("select private.seal_audit(10000)")
    return World(
        a,
        b,
        c,
        {
            "owner": person(a.owner),
            "admin": person(a.people["admin"]),
            "manager": person(a.people["manager"]),
            "executive": person(a.people["executive"]),
            "support": person(a.owner, act=support),
            "worker": worker(a.id),
            # everybody below must see nothing of A and change nothing in it
            "outsider": person(b.owner),
            "other worker": worker(b.id),
            "nobody": person(maker.account("nobody")),
            "removed": person(removed),
            "suspended": person(c.owner),
            "lapsed support": person(a.owner, act=lapsed),
            "platform admin": person(support),
            "worker without claims": worker(),
            "anonymous": ANON,
        },
    )
