"""Who works in the demo organisation, and the invented people who ask it for homes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

ORGANIZATION = "Shree Developers"
DOMAIN = "shree.example"


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of the organisation. `role` is a role of birth, empty for owner and admin."""

    name: str
    system_role: str
    role: str = ""
    team: str = ""

    @property
    def email(self) -> str:
        """First name @ the demo's domain, which is nobody's."""
        return f"{self.name.split()[0].lower()}@{DOMAIN}"


COLLEAGUES = (
    Colleague("Priya Sharma", "owner"),
    Colleague("Arjun Nair", "admin"),
    Colleague("Kavita Menon", "member", "Sales Manager", "Whitefield"),
    Colleague("Rohan Iyer", "member", "Sales Executive", "Whitefield"),
    Colleague("Sneha Kulkarni", "member", "Sales Executive", "Sarjapur"),
)

FIRST_NAMES = [
    "Aarav",
    "Aditi",
    "Ajay",
    "Akash",
    "Amit",
    "Amrita",
    "Ananya",
    "Anil",
    "Anjali",
    "Ankit",
    "Aparna",
    "Asha",
    "Bhavna",
    "Chetan",
    "Deepa",
    "Deepak",
    "Dev",
    "Divya",
    "Farhan",
    "Fatima",
    "Gaurav",
    "Geeta",
    "Harish",
    "Imran",
    "Ishaan",
    "Jaya",
    "Karan",
    "Kavya",
    "Kiran",
    "Lakshmi",
    "Lata",
    "Madhav",
    "Mahesh",
    "Manoj",
    "Meera",
    "Mohit",
    "Nandini",
    "Naveen",
    "Neha",
    "Nikhil",
    "Nisha",
    "Pallavi",
    "Pooja",
    "Prakash",
    "Pranav",
    "Rahul",
    "Rajesh",
    "Rakesh",
    "Ramesh",
    "Rashmi",
    "Ravi",
    "Rekha",
    "Ritu",
    "Rohini",
    "Sachin",
    "Sandhya",
    "Sanjay",
    "Sarita",
    "Shalini",
    "Shreya",
    "Siddharth",
    "Sunita",
    "Suresh",
    "Tanvi",
    "Uma",
    "Varun",
    "Vidya",
    "Vikram",
    "Vinay",
    "Yash",
    "Zoya",
]
LAST_NAMES = [
    "Agarwal",
    "Banerjee",
    "Bhat",
    "Chatterjee",
    "Chopra",
    "Das",
    "Desai",
    "Deshmukh",
    "Fernandes",
    "Ghosh",
    "Gowda",
    "Gupta",
    "Hegde",
    "Iyer",
    "Jain",
    "Joshi",
    "Kamath",
    "Kapoor",
    "Kaur",
    "Khan",
    "Kulkarni",
    "Kumar",
    "Malhotra",
    "Mehta",
    "Menon",
    "Mishra",
    "Mukherjee",
    "Naidu",
    "Nair",
    "Pai",
    "Patel",
    "Patil",
    "Pillai",
    "Prasad",
    "Rao",
    "Reddy",
    "Saxena",
    "Sen",
    "Shah",
    "Sharma",
    "Sheikh",
    "Shetty",
    "Singh",
    "Sinha",
    "Thomas",
    "Varma",
    "Verma",
    "Yadav",
]
SOURCES = ("99acres", "magicbricks", "housing", "facebook", "website", "walk_in", "referral")
LOCALITIES = ("Whitefield", "Sarjapur Road", "Hebbal", "Indiranagar", "Electronic City", "Marathahalli")
MESSAGES = (
    "Please share price and floor plan.",
    "Looking for possession within a year.",
    "Is a home loan possible?",
    "Want to visit on a weekend.",
    "",
    "",
)


def arriving_leads(
    random: Random, projects: list[tuple[str, tuple[str, ...]]], now: datetime, count: int
) -> Iterator[dict[str, Any]]:
    """`count` rows for private.accept_leads(): people with numbers of a range that the simulated carrier answers.

    `projects` are (id, configurations). Most consent to a call; some do not, and some left no number, so that
    a campaign has somebody to leave out.
    """
    seen: set[str] = set()
    for n in range(count):
        project_id, configurations = random.choice(projects)
        name = f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"
        while (phone := f"+9190000{random.randrange(100000):05d}") in seen:
            pass
        seen.add(phone)
        at = now - timedelta(minutes=random.randrange(60 * 24 * 12))
        row: dict[str, Any] = {
            "external_key": f"demo:{n}",
            "project_id": project_id,
            "name": name,
            "phone": phone if n % 41 else None,
            "email": f"{name.split(maxsplit=1)[0].lower()}.{n}@example.in" if n % 41 == 0 or n % 3 == 0 else None,
            "source": random.choice(SOURCES),
            "message": random.choice(MESSAGES) or None,
            "occurred_at": at.isoformat(),
            "language": random.choice(("en", "en", "hi")),
        }
        if n % 17:
            row |= {
                "consent_status": "granted",
                "consent_source": "enquiry",
                "consent_at": at.isoformat(),
                "consent_text": "I agree to be called about this project.",
            }
        if random.random() < 0.4:
            row["configuration"] = [random.choice(configurations)]
            row["location"] = random.choice(LOCALITIES)
        yield {key: value for key, value in row.items() if value is not None}
