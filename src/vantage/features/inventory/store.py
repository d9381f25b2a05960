"""Inventory's way to the database."""

from uuid import UUID

from vantage.platform.database import Ask, Queries, WriteTx

QUERIES = Queries.load(__package__)


def projects(organization_id: UUID) -> Ask[bytes]:
    """A list of ProjectRow as JSON."""
    return QUERIES["projects"].json(organization_id=organization_id)


def project(organization_id: UUID, project_id: UUID) -> Ask[bytes]:
    """A project with its properties as JSON; NotFound when not visible."""
    return QUERIES["project"].json(organization_id=organization_id, project_id=project_id)


def read_property(organization_id: UUID, property_id: UUID) -> Ask[bytes]:
    """A property with images and features as JSON; NotFound when not visible."""
    return QUERIES["property"].json(organization_id=organization_id, property_id=property_id)


async def create_project(
    tx: WriteTx, organization_id: UUID, *, name: str, description: str, locality: str | None, city: str | None
) -> UUID:
    """The id of a new project."""
    return await tx.scalar(
        QUERIES["create_project"], UUID, organization_id=organization_id, name=name, description=description,
        locality=locality, city=city,
    )  # fmt: skip


async def add_image(tx: WriteTx, organization_id: UUID, property_id: UUID, url: str) -> UUID:
    """The id of a new picture."""
    return await tx.scalar(
        QUERIES["add_image"], UUID, organization_id=organization_id, property_id=property_id, url=url
    )


async def add_feature(tx: WriteTx, organization_id: UUID, property_id: UUID, feature_name: str) -> None:
    """Tag a property."""
    await tx.execute(
        QUERIES["add_feature"], organization_id=organization_id, property_id=property_id, feature_name=feature_name
    )
