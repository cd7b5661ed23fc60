"""The lists of challenges in WWW-Authenticate fields."""

import re

from ..core import Refusal

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# Text past ASCII is allowed in quoted strings: to HTTP it is opaque.
QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*"'
# What follows an element of a list.
END = r"(?=[ \t]*(?:,|\Z))"
ASSIGNMENT = rf"({TOKEN})[ \t]*=[ \t]*({TOKEN}|{QUOTED}){END}"
PARAMETER = re.compile(ASSIGNMENT)
SCHEME = re.compile(
    rf"(?P<scheme>{TOKEN})"
    rf"(?:(?P<open> +)(?={ASSIGNMENT}|,)|(?: +[A-Za-z0-9._~+/-]+=*)?{END})"
)
SEPARATORS = re.compile(r"[ \t,]*")


def unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value


def challenges_of(field: str) -> list[tuple[str, dict[str, str]]]:
    """Each scheme with its parameters, their names in lower case."""
    found: list[tuple[str, dict[str, str]]] = []
    open_ = False
    position = SEPARATORS.match(field).end()
    while position < len(field):
        if read := PARAMETER.match(field, position):
            name = read[1].lower()
            if not open_ or name in found[-1][1]:
                raise Refusal(f"{name} belongs to no challenge, or stands twice in it")
            found[-1][1][name] = unquoted(read[2])
        elif read := SCHEME.match(field, position):
            found.append((read["scheme"], {}))
            # No parameters stand behind a token68, or a scheme without a space.
            open_ = read["open"] is not None
        else:
            raise Refusal(f"neither a challenge nor a parameter: {field[position:]!r}")
        position = SEPARATORS.match(field, read.end()).end()
    return found
