"""Plivo: calls over REST, signatures of its webhooks, the XML it asks for.

The simulated carrier speaks the same protocol, so this one adapter serves both: only the base
address and the credentials differ.
"""

from vantage.adapters.plivo.answer_xml import hangup_response, stream_response
from vantage.adapters.plivo.client import PlivoCarrier
from vantage.adapters.plivo.signature import validate

__all__ = ["PlivoCarrier", "hangup_response", "stream_response", "validate"]
