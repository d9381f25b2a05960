"""A telephone carrier of our own that speaks Plivo's protocol, with people at its other end.

It is a product for itself: its own process (`vantage carrier`), its own state. It is told nothing
but what Plivo is told (numbers and addresses) and shares no code with the CRM that calls it.
`docs`: the REST API is at `/v1/Account/{auth_id}/Call/`, the browser's phone at `/handset/`, and
what a real carrier lacks (faults on demand, what was really said, who sits where) under `/sim/`.

One extension to Plivo's protocol: a `<Stream>` whose `contentType` is `text/plain;charset=utf-8`
carries words instead of sound. A `media` or `playAudio` frame then holds one utterance, base64 of
its UTF-8. A person's frame is sent when the utterance has been spoken, as a recogniser would
deliver it; when the person interrupts, it is sent at once.
"""

from vantage.adapters.simulated_carrier.app import build_app
from vantage.adapters.simulated_carrier.config import CarrierConfig
from vantage.adapters.simulated_carrier.harness import RunningCarrier, running_carrier
from vantage.adapters.simulated_carrier.people import DEFAULT_MIX

__all__ = ["DEFAULT_MIX", "CarrierConfig", "RunningCarrier", "build_app", "running_carrier"]
