"""EIP-712: domain separators, and structs that are signed."""

import re
from functools import partial
from typing import Any

from eth_abi import encode
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from ..core import Operation, Refusal, Steps
from ..members import (
    address,
    decimal,
    hexadecimal,
    integer,
    list_,
    member,
    object_,
    text,
    within,
    word,
)
from .signatures import recover, sign
from .structs import SIGNED_STRUCTS

DOMAIN = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
}


class Struct:
    """A struct type and those it refers to, each as it is written."""

    def __init__(self, *written: str):
        self.written = {struct.partition("(")[0]: struct for struct in written}
        self.members = {name: members(struct) for name, struct in self.written.items()}
        self.name = next(iter(self.written))

    def referred(self, name: str) -> set[str]:
        direct = {type.removesuffix("[]") for type, _ in self.members[name]}
        structs = direct & self.members.keys()
        return structs.union(*map(self.referred, structs))

    def encoded_type(self, name: str) -> str:
        structs = [name, *sorted(self.referred(name))]
        return "".join(self.written[struct] for struct in structs)

    def type_hash(self, name: str) -> bytes:
        return keccak(text=self.encoded_type(name))

    def read(self, type: str, value: Any) -> Any:
        """A value of a message as its type has it."""
        if type.endswith("[]"):
            return [self.read(type[:-2], item) for item in list_(value)]
        if type in self.members:
            message = object_(value)
            return {
                name: self.read(of, member(message, name))
                for of, name in self.members[type]
            }
        if width := re.fullmatch(r"uint(\d+)", type):
            return decimal(value, int(width[1]))
        return {"address": address, "bytes32": word, "string": text}[type](value)

    def encoded(self, type: str, value: Any) -> bytes:
        """The word that stands for a value."""
        if type.endswith("[]"):
            return keccak(b"".join(self.encoded(type[:-2], item) for item in value))
        if type in self.members:
            return keccak(self.type_hash(type) + self.encoded_data(type, value))
        if type == "string":
            return keccak(text=value)
        return encode([type], [value])

    def encoded_data(self, name: str, message: dict) -> bytes:
        return b"".join(
            self.encoded(type, message[member]) for type, member in self.members[name]
        )

    def types(self) -> dict[str, list[dict]]:
        """The types as eth-account takes them."""
        return {
            struct: [{"type": type, "name": name} for type, name in declared]
            for struct, declared in self.members.items()
        }

    def is_standard(self) -> bool:
        """Whether the type is written as EIP-712 writes it."""
        return ", " not in self.encoded_type(self.name)


def members(struct: str) -> list[tuple[str, str]]:
    declared = struct[struct.index("(") + 1 : -1]
    return [tuple(one.split()) for one in declared.split(",")]


def read_domain(value: Any, steps: Steps) -> dict:
    given = object_(value)
    readers = {
        "name": text,
        "version": text,
        "chainId": lambda value: within(integer(value), 256),
        "verifyingContract": address,
    }
    domain = {
        name: read(given[name]) for name, read in readers.items() if name in given
    }
    if not domain:
        raise Refusal("the domain is empty")
    declared = ",".join(f"{DOMAIN[name]} {name}" for name in domain)
    struct = Struct(f"EIP712Domain({declared})")
    steps["encodedDomainType"] = struct.encoded_type(struct.name)
    steps["domainTypeHash"] = hexadecimal(struct.type_hash(struct.name))
    steps["encodedDomain"] = hexadecimal(struct.encoded_data(struct.name, domain))
    # The separator is eth-account's; it comes with any message, so also with none.
    steps["domainSeparator"] = hexadecimal(
        encode_typed_data(domain, {"Nothing": []}, {}).header
    )
    return domain


def domain_separator(input: dict, steps: Steps) -> dict:
    read_domain(member(input, "domain"), steps)
    return {"domainSeparator": steps["domainSeparator"]}


def digest(struct: Struct, input: dict, steps: Steps) -> bytes:
    domain = read_domain(member(input, "domain"), steps)
    message = struct.read(struct.name, member(input, "message"))
    steps["encodedType"] = struct.encoded_type(struct.name)
    steps["typeHash"] = hexadecimal(struct.type_hash(struct.name))
    steps["encodedData"] = hexadecimal(struct.encoded_data(struct.name, message))
    if struct.is_standard():
        struct_hash = encode_typed_data(domain, struct.types(), message).body
    else:
        struct_hash = struct.encoded(struct.name, message)
    steps["structHash"] = hexadecimal(struct_hash)
    separator = word(steps["domainSeparator"])
    hash = keccak(b"\x19\x01" + separator + struct_hash)
    steps["digest"] = hexadecimal(hash)
    return hash


def sign_struct(struct: Struct, input: dict, steps: Steps) -> dict:
    hash = digest(struct, input, steps)
    return {"signature": sign(hash, member(input, "privateKey"), steps)}


def verify_struct(struct: Struct, input: dict, steps: Steps) -> dict:
    hash = digest(struct, input, steps)
    signer = hexadecimal(address(member(input, "signer")))
    steps["recovered"] = recover(hash, member(input, "signature"), steps)
    if steps["recovered"] != signer:
        raise Refusal(f"signed by {steps['recovered']}")
    return {"signer": signer}


def operations_on(structs: dict[str, tuple[str, ...]]) -> dict[str, Operation]:
    """Signing and verifying of each, by the name of what is signed."""
    operations: dict[str, Operation] = {}
    for name, written in structs.items():
        operations[f"{name}.sign"] = partial(sign_struct, Struct(*written))
        operations[f"{name}.verify"] = partial(verify_struct, Struct(*written))
    return operations


OPERATIONS: dict[str, Operation] = {
    "evm.domain.separator": domain_separator
} | operations_on(SIGNED_STRUCTS)
