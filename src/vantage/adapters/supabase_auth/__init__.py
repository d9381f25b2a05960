"""Supabase Auth over HTTP: accounts and tokens, for a database that lives on Supabase."""

from vantage.adapters.supabase_auth.client import SupabaseAuth
from vantage.adapters.supabase_auth.verify import TokenVerifier

__all__ = ["SupabaseAuth", "TokenVerifier"]
