"""Plivo's V3 webhook signature, compared in constant time."""

import hmac
from collections.abc import Mapping, Sequence

from plivo.utils.signature_v3 import construct_post_url, get_signature_v3


def validate(
    url: str,
    nonce: str,
    signatures: str,
    params: Mapping[str, str | Sequence[str]],
    token: str,
) -> bool:
    """Was this POST signed with `token`?

    `url` is the public address that Plivo called, query included (behind a proxy it comes from
    configuration, not from the Host header). `signatures` is the header X-Plivo-Signature-V3,
    which may hold several, separated by commas. `params` is the whole form; a repeated key has a
    list. The SDK builds the signed text; its own comparison is not constant in time, ours is.
    """
    if not (nonce and signatures and token):
        return False
    form = {key: value if isinstance(value, str) else list(value) for key, value in params.items()}
    signed: bytes = bytes(construct_post_url(url, form))
    expected: bytes = get_signature_v3(token.encode(), signed.decode(), nonce)
    matched = False
    for given in signatures.split(","):
        matched |= hmac.compare_digest(given.strip().encode(), expected)
    return matched
