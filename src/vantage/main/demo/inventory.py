"""What the demo organisation sells: three projects with their units, priced by rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class DemoProject:
    """A project's own columns, and how its units are made."""

    name: str
    columns: dict[str, Any]
    configurations: tuple[str, ...]


CONSENT = "I agree to be called and messaged about this project, also by an AI assistant."

PROJECTS = (
    DemoProject(
        "Skyline Heights",
        {
            "description": "Two towers of 2, 3 and 4 BHK homes beside the metro, with a clubhouse and a lap pool.",
            "project_type": "residential",
            "status": "under_construction",
            "locality": "Whitefield",
            "city": "Bengaluru",
            "state": "Karnataka",
            "pincode": "560066",
            "rera_number": "PRM/KA/RERA/1251/446/PR/010126/000001",
            "possession_date": "2028-03-31",
            "amenities": ["Clubhouse", "Pool", "Gym", "Children's play area", "Parking"],
            "is_published": True,
            "public_slug": "skyline-heights",
            "enquiry_consent_text": CONSENT,
        },
        ("2 BHK", "3 BHK", "4 BHK"),
    ),
    DemoProject(
        "Sunset Villas",
        {
            "description": "Forty villas around a lake, each with its own garden.",
            "project_type": "residential",
            "status": "ready_to_move",
            "locality": "Sarjapur Road",
            "city": "Bengaluru",
            "state": "Karnataka",
            "pincode": "560035",
            "amenities": ["Lake", "Gym", "Security", "Parking"],
            "is_published": True,
            "public_slug": "sunset-villas",
            "enquiry_consent_text": CONSENT,
        },
        ("villa",),
    ),
    DemoProject(
        "Downtown Tower",
        {
            "description": "Offices from 600 to 2,400 sq ft above a shopping street.",
            "project_type": "commercial",
            "status": "under_construction",
            "locality": "Hebbal",
            "city": "Bengaluru",
            "state": "Karnataka",
            "pincode": "560024",
            "possession_date": "2027-09-30",
            "amenities": ["Power backup", "Parking"],
        },
        ("office",),
    ),
)


def units(project: DemoProject, random: Random) -> Iterator[dict[str, Any]]:
    """The project's properties: title, type, price in rupees and the rest; status as a market would have it."""
    maker = {"Skyline Heights": _flats, "Sunset Villas": _villas, "Downtown Tower": _offices}[project.name]
    for unit in maker():
        status = random.choices(("available", "reserved", "sold"), (72, 10, 18))[0]
        yield unit | {"status": status, "facing": random.choice(("east", "north", "west", "south"))}


def _flats() -> Iterator[dict[str, Any]]:
    kinds = (("2 BHK", 2, 2, 1150), ("3 BHK", 3, 3, 1620), ("3 BHK", 3, 3, 1740), ("4 BHK", 4, 4, 2380))
    for tower in "AB":
        for floor in range(1, 13):
            for index, (configuration, bedrooms, bathrooms, size) in enumerate(kinds, 1):
                yield {
                    "title": f"{tower}-{floor}{index:02d}",
                    "type": "apartment",
                    "configuration": configuration,
                    "bedrooms": bedrooms,
                    "bathrooms": bathrooms,
                    "size_sqft": size,
                    "price": size * (8400 + 45 * floor),
                    "tower": tower,
                    "floor": floor,
                    "unit_number": f"{tower}-{floor}{index:02d}",
                    "features": ["Pool", "Gym", "Parking"],
                }


def _villas() -> Iterator[dict[str, Any]]:
    for number in range(1, 19):
        size = 2800 + 120 * (number % 5)
        yield {
            "title": f"Villa {number}",
            "type": "villa",
            "configuration": "villa",
            "bedrooms": 4,
            "bathrooms": 4,
            "size_sqft": size,
            "price": size * 11200,
            "unit_number": f"V-{number}",
            "features": ["Garden", "Parking"],
            "price_undisclosed": number % 6 == 0,
        }


def _offices() -> Iterator[dict[str, Any]]:
    for floor in range(1, 7):
        for index, size in enumerate((620, 980, 1450, 2380), 1):
            yield {
                "title": f"Office {floor}{index:02d}",
                "type": "commercial",
                "configuration": "office",
                "size_sqft": size,
                "price": size * (9800 + 60 * floor),
                "floor": floor,
                "unit_number": f"{floor}{index:02d}",
                "features": ["Power backup"],
            }
