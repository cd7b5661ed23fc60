"""Base64 and base64url, of which libraries take more than their alphabets."""

import base64
import re
from collections.abc import Callable

from .core import Refusal

BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
BASE64URL = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?")
PADDED_BASE64URL = re.compile(
    r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}(?:==)?|[A-Za-z0-9_-]{3}=?)?"
)


def exactly(value: bytes, encoded: Callable[[bytes], str], text: str) -> bytes:
    """Refuses unused bits that are set, lest one value have several spellings."""
    if encoded(value) != text:
        raise Refusal(f"{text!r} has bits that stand for nothing")
    return value


def base64_encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def base64_decoded(text: str) -> bytes:
    """Of base64 with its padding."""
    if not BASE64.fullmatch(text):
        raise Refusal(f"{text!r} is no base64")
    return exactly(base64.b64decode(text), base64_encoded, text)


def base64url_encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def base64url_decoded(text: str, padding: bool = False) -> bytes:
    """Of base64url without padding, or, if tolerated, with it."""
    if not (PADDED_BASE64URL if padding else BASE64URL).fullmatch(text):
        raise Refusal(f"{text!r} is no base64url")
    bare = text.rstrip("=")
    read = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    return exactly(read, base64url_encoded, bare)


def utf8(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as reason:
        raise Refusal(f"no UTF-8: {reason}") from reason
