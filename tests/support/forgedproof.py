"""Proofs that their forger proved anew: lines of the index and heads changed, the tree built again over them."""

import base64
import json
import random
from pathlib import Path
from typing import Any, Final

from beffroi.ledger import canonical, merkle
from beffroi.media.boxes import box, walk
from beffroi.vault.chunkformat import GopEntry, head_hash, unpack_entries

Proof = dict[str, Any]
_HOSTILE: Final = (0, 1, 90_000, 2**31, 2**32 - 1)
_FAR: Final = (-(2**62), -1, 0, 2**40, 2**53, 2**62)


def prove_again(proof: Proof) -> None:
    """Root and paths of every recorded file; its lines must all be in the proof."""
    for number, chunk in enumerate(proof["chunks"]):
        own = [one for one in proof["fragments"] if one["chunk"] == number]
        own.sort(key=lambda one: int(one["leaf"]))
        head = head_hash(base64.b64decode(chunk["head"]))
        hashes = [merkle.leaf_hash(leaf) for leaf in (head, *(bytes.fromhex(one["entry"]) for one in own))]
        node = merkle.nodes_of(hashes)
        chunk["leaves"] = len(hashes)
        chunk["root"] = merkle.range_root(node, 0, len(hashes)).hex()
        chunk["head_path"] = _path(node, 0, len(hashes))
        for leaf, one in enumerate(own, 1):
            one["leaf"], one["path"] = leaf, _path(node, leaf, len(hashes))


def _path(node: merkle.NodeReader, index: int, size: int) -> list[str]:
    return [step.hex() for step in merkle.inclusion_proof(node, index, size)]


def hostile(path: Path, chance: random.Random) -> str:
    """Change a proof in place as whoever holds every key could; says what was done."""
    proof = json.loads(path.read_bytes())
    kinds = (_line, _line, _line, _head, _times, _drop, _swap, _around)
    chosen = [chance.choice(kinds) for _ in range(chance.randrange(1, 3))]
    for kind in chosen:
        kind(proof, chance)
    prove_again(proof)
    path.write_bytes(canonical.dump(proof))
    return ", ".join(kind.__name__ for kind in chosen)


def _line(proof: Proof, chance: random.Random) -> None:
    one = chance.choice(proof["fragments"])
    (entry,) = unpack_entries(bytes.fromhex(one["entry"]))
    values = {name: getattr(entry, name) for name in GopEntry.__slots__}
    name = chance.choice(["length", "wall_us", "dts_90k", "duration_90k", "frames", "key"])
    if name == "key":
        values[name] = not entry.key
    elif name == "wall_us":
        values[name] = chance.choice([*_FAR, entry.wall_us + chance.randrange(-(10**7), 10**7)])
    elif name == "dts_90k":
        values[name] = chance.choice([abs(far) for far in _FAR])
    else:
        values[name] = chance.choice(_HOSTILE)
    one["entry"] = GopEntry(**values).pack().hex()


def _head(proof: Proof, chance: random.Random) -> None:
    chunk = chance.choice(proof["chunks"])
    head = base64.b64decode(chunk["head"])
    private = list(walk(head))[2]
    header = json.loads(head[private.body + 16 : private.end])
    key = chance.choice(["camera", "run", "config_digest", "wall_start_us", "version", "gaps", "kid", "codec_string"])
    plain = ["x", "", 0, -1, 2**40, None, True]
    gaps = [0, None, [], [[1, 0, "unknown"]], [[0, 1, "why"]], [[0, 1]], [[0, 1, "unknown"]]]
    header[key] = chance.choice(gaps if key == "gaps" else plain)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    whole = head[: private.start] + box(b"uuid", head[private.body : private.body + 16], text)
    chunk["head"] = base64.b64encode(whole).decode()


def _times(proof: Proof, chance: random.Random) -> None:
    start, end = proof["asked"]
    shift = chance.randrange(-(10**7), 10**7)
    ranges = [[max(0, start + shift), end + abs(shift)], [0, 2**53 - 1], [0, 1], [end, end + 1]]
    # a second change may start from the longest range: beyond it there is no spelling at all
    proof["asked"] = [min(at, 2**53 - 1) for at in chance.choice(ranges)]


def _drop(proof: Proof, chance: random.Random) -> None:
    if len(proof["fragments"]) > 1:
        proof["fragments"].pop(chance.randrange(len(proof["fragments"])))


def _swap(proof: Proof, chance: random.Random) -> None:
    chance.shuffle(chance.choice([proof["fragments"], proof["chunks"]]))


def _around(proof: Proof, chance: random.Random) -> None:
    one, name = chance.choice(proof["fragments"]), chance.choice(["moof", "tail"])
    raw = bytearray(base64.b64decode(one[name]))
    raw[chance.randrange(len(raw))] = chance.choice((0, 1, 0x7F, 0xFF))
    one[name] = base64.b64encode(bytes(raw)).decode()
