"""Sign requests: ours as Standard Webhooks has them, and check those that Chatwoot makes."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

_PREFIX = "whsec_"


def new_secret() -> str:
    """Return a new secret as Standard Webhooks writes it: 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(keys: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one signature for each secret that is good now."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = [
        hmac.digest(base64.b64decode(key.removeprefix(_PREFIX)), signed, "sha256") for key in keys
    ]
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def is_chatwoots(secret: str, timestamp: str, body: bytes, signature: str) -> bool:
    """Return whether `X-Chatwoot-Signature` is right for a body and `X-Chatwoot-Timestamp`."""
    signed = timestamp.encode() + b"." + body
    expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())
