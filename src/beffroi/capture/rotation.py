"""When a stream's file ends and the next begins: each ten minutes, staggered, and at each UTC hour.

The hour is a must (a content key is sealed to the public key of one hour); the ten minutes bound what a torn file, a
wrong term or an extract's key can touch. The stagger spreads the fsyncs of many streams over the ten minutes. A file
should begin with a key frame: some minutes are waited for one, no longer. Some cameras send one and never another
(periodic intra refresh); their files must end too, or nothing finds, counts or destroys what they hold.
"""

import hashlib
from typing import Final

CHUNK_US: Final = 600_000_000
HOUR_US: Final = 3_600_000_000
NO_KEY_US: Final = 300_000_000
"""A file outlasts its turn by at most so much, for want of a key frame: cameras that save bits at night go minutes
without one. The images past the hour's end die with it, younger than their term by as much."""


def stagger_us(camera: str, stream: str) -> int:
    """This stream's fixed shift within the ten minutes, in whole seconds, as microseconds."""
    digest = hashlib.sha256(f"{camera}/{stream}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % (CHUNK_US // 1_000_000) * 1_000_000


def rotate_at_us(start_us: int, shift_us: int) -> int:
    """The wall time at or after which a key frame must open a new file, for a file that starts at ``start_us``."""
    tenth = (start_us - shift_us) // CHUNK_US * CHUNK_US + CHUNK_US + shift_us
    return min(tenth, hour_of(start_us) * HOUR_US + HOUR_US)


def hour_of(wall_us: int) -> int:
    """The UTC hour, counted from 1970, that an instant belongs to."""
    return wall_us // HOUR_US
