"""Quinite Vantage: an AI-calling CRM for real-estate sales teams, on PostgreSQL."""

__version__ = "0.1.0"
