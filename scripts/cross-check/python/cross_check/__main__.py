"""Recomputes the golden vectors; exits with 1 where anything disagrees."""

import argparse
import json
import sys
from pathlib import Path

from .core import VectorFile, disagreement, load
from .operations import OPERATIONS
from .self_test import uncaught

HERE = Path(__file__).resolve().parent.parent


def problems(files: list[VectorFile], skips: dict[str, str]) -> list[str]:
    found = []
    named = {file.operation for file in files}
    for skipped in skips:
        if skipped not in named or skipped in OPERATIONS:
            found.append(f"{skipped}: skipped, but unknown or implemented")
    if not any(file.cases for file in files):
        found.append("no cases")
    for file in files:
        if file.operation not in OPERATIONS:
            if file.operation not in skips:
                found.append(f"{file.operation}: unknown operation")
            continue
        if file.compared_by and file.compared_by not in OPERATIONS:
            found.append(f"{file.operation}: unknown reader {file.compared_by}")
            continue
        operation = OPERATIONS[file.operation]
        reader = OPERATIONS.get(file.compared_by)
        if not file.cases:
            found.append(f"{file.operation}: no cases")
        for case in file.cases:
            if difference := disagreement(case, operation, reader):
                found.append(f"{case['id']}: {difference}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument(
        "vectors", nargs="?", type=Path, default=HERE.parent.parent.parent / "vectors"
    )
    parser.add_argument(
        "prefix", nargs="?", default="", help="only operations whose names begin so"
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="corrupt an output, a step and a verdict of each operation instead",
    )
    arguments = parser.parse_args()

    skips_file = HERE / "skips.json"
    skips = json.loads(skips_file.read_text()) if skips_file.exists() else {}
    files = [
        file
        for file in load(arguments.vectors)
        if file.operation.startswith(arguments.prefix)
    ]
    skips = {
        skipped: reason
        for skipped, reason in skips.items()
        if skipped.startswith(arguments.prefix)
    }
    if arguments.self_test:
        found, done = uncaught(files, OPERATIONS), "every corruption is caught"
    else:
        cases = sum(len(file.cases) for file in files if file.operation not in skips)
        operations = len({file.operation for file in files} - skips.keys())
        found = problems(files, skips)
        done = f"{cases} cases in {operations} operations agree"
    for problem in found:
        print(problem)
    if not found:
        print(f"python: {done}")
    return 1 if found else 0


sys.exit(main())
