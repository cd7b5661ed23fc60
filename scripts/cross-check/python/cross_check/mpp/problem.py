"""What a refused client learns, and who pays."""

import re

from ..core import Operation, Refusal, Steps
from ..json_text import json_object
from ..members import integer, member, text

DID = re.compile(r"did:pkh:eip155:(0|[1-9][0-9]*):(0x[0-9a-fA-F]{40})")


def parse_problem(input: dict, steps: Steps) -> dict:
    status = integer(member(input, "status"))
    body = json_object(text(member(input, "body")))
    named = body.get("status")
    numbered = isinstance(named, int | float) and not isinstance(named, bool)
    if numbered and named != status:
        raise Refusal(f"a problem of status {named} in a response of {status}")
    texts = {
        name: body[name]
        for name in ("type", "title", "detail", "challengeId")
        if isinstance(body.get(name), str)
    }
    return {"type": "about:blank", **texts, "status": status}


def parse_did(input: dict, steps: Steps) -> dict:
    read = DID.fullmatch(text(member(input, "text")))
    if not read:
        raise Refusal("no did:pkh of an EVM chain")
    return {"chainId": int(read[1]), "address": read[2].lower()}


OPERATIONS: dict[str, Operation] = {
    "mpp.did.parse": parse_did,
    "mpp.problem.parse": parse_problem,
}
