"""Names of networks by CAIP-2."""

import re
from typing import Any

from ..core import Operation, Refusal, Steps
from ..members import member, text

NAMESPACE = re.compile(r"[-a-z0-9]{3,8}")
REFERENCE = re.compile(r"[-_a-zA-Z0-9]{1,32}")


def read_network(value: Any, steps: Steps) -> dict:
    namespace, colon, reference = text(value).partition(":")
    if not colon:
        raise Refusal(f"{value!r} has no namespace")
    steps["namespace"], steps["reference"] = namespace, reference
    if not NAMESPACE.fullmatch(namespace):
        raise Refusal(f"{namespace!r} is no namespace")
    if not REFERENCE.fullmatch(reference):
        raise Refusal(f"{reference!r} is no reference")
    network = {"namespace": namespace, "reference": reference}
    if namespace != "eip155":
        return network
    if not re.fullmatch("[0-9]+", reference):
        raise Refusal(f"{reference!r} is no chain id")
    return network | {"chainId": reference}


def parse_network(input: dict, steps: Steps) -> dict:
    return read_network(member(input, "network"), steps)


def network(value: Any) -> None:
    read_network(value, {})


OPERATIONS: dict[str, Operation] = {"x402.network.parse": parse_network}
