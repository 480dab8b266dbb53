"""The public test vectors of transparency-dev/merkle, each with the verdict that they expect: both of our verifiers."""

import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.secondverifier import second_verifier

from beffroi.ledger import merkle

FILE: Final = Path(__file__).with_name("vectors") / "transparency-dev-merkle.json"
VECTORS: Final[dict[str, dict[str, Any]]] = json.loads(FILE.read_text())["vectors"]


def raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def steps(vector: dict[str, Any]) -> list[bytes]:
    return [raw(step) for step in vector["proof"] or []]


def in_its_tree(vector: dict[str, Any]) -> dict[str, Any] | None:
    """A proof within a subtree is one within the tree that the subtree is; None when the span is no subtree."""
    if "start" not in vector:
        return vector
    start, width = vector["start"], vector["end"] - vector["start"]
    if width <= 0 or start % (1 << (width - 1).bit_length()):
        return None
    return {**vector, "leafIdx": vector["leafIdx"] - start, "treeSize": width}


def included(vector: dict[str, Any]) -> bool:
    one = in_its_tree(vector)
    if one is None:
        return False
    return merkle.verify_inclusion(raw(one["leafHash"]), one["leafIdx"], one["treeSize"], steps(one), raw(one["root"]))


def consistent(vector: dict[str, Any]) -> bool:
    roots = raw(vector["root1"]), raw(vector["root2"])
    return merkle.verify_consistency(vector["size1"], roots[0], vector["size2"], roots[1], steps(vector))


def of(*kinds: str) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in VECTORS.items() if name.split("/")[0] in kinds}


def test_the_file_holds_what_it_says() -> None:
    assert (len(of("inclusion")), len(of("consistency")), len(of("subtreeinclusion"))) == (98, 98, 204)
    assert len(VECTORS) == 400
    good = sum(not one["wantErr"] for one in VECTORS.values())
    print(f"{len(VECTORS)} vectors, {good} that hold")  # noqa: T201  a figure is printed
    assert 20 < good < 200


@pytest.mark.parametrize("name", of("inclusion", "subtreeinclusion"))
def test_inclusion(name: str) -> None:
    assert included(VECTORS[name]) is not VECTORS[name]["wantErr"], VECTORS[name]["desc"]


@pytest.mark.parametrize("name", of("consistency"))
def test_consistency(name: str) -> None:
    assert consistent(VECTORS[name]) is not VECTORS[name]["wantErr"], VECTORS[name]["desc"]


def test_the_viewer_s_verifier_says_the_same() -> None:
    asked = 0
    with second_verifier() as second:
        for name, vector in of("inclusion", "subtreeinclusion").items():
            one = in_its_tree(vector)
            if one is None:
                continue
            keys = ("leafIdx", "treeSize", "leafHash", "root", "proof")
            answer = second.ask(inclusion=json.dumps({key: one[key] for key in keys}))
            assert answer == {"holds": not vector["wantErr"]}, (name, answer)
            asked += 1
    print(f"{asked} vectors answered by the viewer's verifier")  # noqa: T201  a figure is printed
    assert asked > 280
