"""Reads JSON by the grammar of RFC 8259, and writes its canonical form."""

import json
import math
from typing import Any

import rfc8785

from .core import Refusal


def unique(pairs: list[tuple[str, Any]]) -> dict:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refusal("a name stands twice in an object")
    return members


def constant(name: str) -> None:
    raise Refusal(f"{name} is no JSON")


def double(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise Refusal(f"{number} is past the range of a double")
    return value


def json_value(text: str) -> Any:
    try:
        value = json.loads(
            text,
            object_pairs_hook=unique,
            parse_float=double,
            parse_constant=constant,
        )
        # Escapes can write half of a surrogate pair, which UTF-8 has no bytes for.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as reason:
        raise Refusal(f"no JSON: {reason}") from reason
    return value


def json_object(text: str) -> dict:
    value = json_value(text)
    if not isinstance(value, dict):
        raise Refusal("the JSON is no object")
    return value


def written(value: Any) -> str:
    """JSON without white space, members as they come."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def with_doubles(value: Any) -> Any:
    """To JCS every number is a double."""
    match value:
        case dict():
            return {name: with_doubles(one) for name, one in value.items()}
        case list():
            return [with_doubles(one) for one in value]
        case int() if not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError as reason:
                raise Refusal(f"{value} is past the range of a double") from reason
        case _:
            return value


def canonical(value: Any) -> str:
    try:
        return rfc8785.dumps(with_doubles(value)).decode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as reason:
        raise Refusal(f"no canonical form: {reason}") from reason
