"""The people at the other end: who sits at a number, what they want, how they talk.

They know nothing of the CRM. Each is drawn from a seed and a number alone, understands what it
hears by its own simple means, and answers in its own words.
"""

from vantage.adapters.simulated_carrier.people.town import DEFAULT_MIX, Town, parse_mix

__all__ = ["DEFAULT_MIX", "Town", "parse_mix"]
