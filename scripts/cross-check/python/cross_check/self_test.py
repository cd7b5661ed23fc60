"""Corrupts cases, to see that each corruption is caught."""

from collections.abc import Iterator
from typing import Any

from .core import Operation, VectorFile, disagreement


def corrupted(value: Any) -> Any:
    """Another value of the same shape."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return ("b" if value[-1:] == "a" else "a").join((value[:-1], ""))
        case list():
            return [*value[:-1], corrupted(value[-1])] if value else [None]
        case dict():
            last = next(reversed(value), "member")
            return value | {last: corrupted(value.get(last))}
        case _:
            return "a"


def corruptions(cases: list[dict]) -> Iterator[tuple[str, dict]]:
    valid = next((case for case in cases if case["result"] == "valid"), None)
    invalid = next((case for case in cases if case["result"] == "invalid"), None)
    stepped = next(
        (case for case in cases if case["result"] == "valid" and case["steps"]), None
    )
    if valid:
        yield "output", valid | {"output": corrupted(valid["output"])}
        yield "verdict", valid | {"result": "invalid", "refusal": "none"}
    if invalid:
        yield "verdict", invalid | {"result": "valid", "output": {}}
    if stepped:
        name = next(reversed(stepped["steps"]))
        step = corrupted(stepped["steps"][name])
        yield "step", stepped | {"steps": stepped["steps"] | {name: step}}
        yield "step", stepped | {"steps": stepped["steps"] | {"unheard-of": 0}}


def uncaught(files: list[VectorFile], operations: dict[str, Operation]) -> list[str]:
    found = [] if files else ["no cases"]
    for file in files:
        if operation := operations.get(file.operation):
            reader = operations.get(file.compared_by)
            for what, case in corruptions(file.cases):
                if disagreement(case, operation, reader) is None:
                    found.append(f"{case['id']}: a corrupted {what} is not caught")
    return found
