"""Loads vector files, runs their cases and says where they disagree."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Steps = dict[str, Any]
# Computes the output of a complete input, noting each step as it is reached, so
# that the steps up to a refusal are known as well.
Operation = Callable[[dict, Steps], Any]


class Refusal(Exception):
    """An input that an operation must not take."""


@dataclass
class VectorFile:
    operation: str
    compared_by: str | None
    cases: list[dict]


def load(folder: Path) -> Iterator[VectorFile]:
    for path in sorted(folder.rglob("*.json")):
        if path.name == "manifest.json" or path.name.endswith(".schema.json"):
            continue
        content = json.loads(path.read_text(encoding="utf-8"))
        cases = [
            case | {"input": group.get("shared", {}) | case["input"]}
            for group in content["groups"]
            for case in group["cases"]
        ]
        yield VectorFile(content["operation"], content.get("comparedBy"), cases)


def alike(one: Any, other: Any) -> bool:
    """Equality of JSON, in which true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            alike(one[name], other[name]) for name in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def read_alike(reader: Operation, expected: Any, computed: Any) -> bool:
    try:
        return alike(reader(expected, {}), reader(computed, {}))
    except Refusal:
        return False


def disagreement(
    case: dict, operation: Operation, reader: Operation | None = None
) -> str | None:
    """What a case and the operation differ in first, if in anything.

    Where spelling is free, `reader` is the operation that reads the output.
    """
    steps: Steps = {}
    refusal = output = None
    try:
        output = operation(case["input"], steps)
    except Refusal as reason:
        refusal = reason

    for name, expected in case["steps"].items():
        if name not in steps:
            # A refusal may come earlier here than there, for another reason.
            if case["result"] == "valid" and refusal is None:
                return f"step {name}: not recomputed"
        elif not alike(steps[name], expected):
            return f"step {name}: expected {shown(expected)}, computed {shown(steps[name])}"

    match case["result"]:
        case "invalid":
            if refusal is None:
                return (
                    f"expected a refusal ({case['refusal']}), computed {shown(output)}"
                )
        case "valid":
            if refusal is not None:
                return f"expected {shown(case['output'])}, refused: {refusal}"
            expected = case["output"]
            same = (
                read_alike(reader, expected, output)
                if reader
                else alike(output, expected)
            )
            if not same:
                return f"output: expected {shown(expected)}, computed {shown(output)}"
        case other:
            return f"a result of {shown(other)}"
    return None
