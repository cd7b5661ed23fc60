"""Adds what the golden vectors hold for a fuzz target to its corpus: seeds.py TARGET CORPUS

Where a fuzzer begins decides how deep it gets in seconds.
"""

import hashlib
import json
import pathlib
import sys

# The vectors' files, by the beginnings of their paths.
FILES = {
    "accept_payment": ["mpp/accept-payment"],
    "auth_params": ["mpp/challenge.parse", "mpp/challenges"],
    "base64url": ["mpp/base64url", "mpp/credential"],
    "challenge": ["mpp/challenge.parse", "mpp/challenges"],
    "credential": ["mpp/credential"],
    "decimal": ["amount/"],
    "did": ["mpp/did"],
    "digest": ["mpp/digest"],
    "json": ["mpp/json", "mpp/credential", "x402/"],
    "mcp": ["mpp/mcp"],
    "problem": ["mpp/problem"],
    "receipt": ["mpp/receipt"],
    "sa": ["sa/"],
    "signature": ["evm/signature", "evm/voucher"],
    "subscription": ["period/access", "period/app-access"],
    "timestamp": ["mpp/expires", "mpp/receipt"],
    "x402": ["x402/"],
}


def values(value):
    """Every text within, and every object and list as JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        yield json.dumps(value, ensure_ascii=False)
        for part in value.values() if isinstance(value, dict) else value:
            yield from values(part)


def seeds(target):
    vectors = pathlib.Path(__file__).parents[3] / "vectors"
    for path in sorted(vectors.glob("*/*.json")):
        if not path.relative_to(vectors).as_posix().startswith(tuple(FILES[target])):
            continue
        for group in json.loads(path.read_text())["groups"]:
            for case in group["cases"]:
                for text in values([group.get("shared", {}) | case["input"], case["steps"]]):
                    if target != "signature":
                        yield text.encode()
                    elif len(text) > 64 and text.startswith("0x"):
                        yield bytes.fromhex(text[2:])


target, corpus = sys.argv[1], pathlib.Path(sys.argv[2])
corpus.mkdir(parents=True, exist_ok=True)
for seed in seeds(target):
    # Named as libFuzzer names what it finds.
    (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
