"""What the stand-in centre says of its machine: a disk that fills, by the sentences of the real one."""

from typing import Any

from beffroi.server.machine import disk_notices
from beffroi.server.rendering import notice_json


def machine() -> dict[str, Any]:
    """The answer of ``/api/health/system``."""
    disk: dict[str, Any] = {
        "size": 8_000_000_000_000,
        "free": 640_000_000_000,
        "used_percent": 92.0,
        "line": 401_000_000_000,
        "alarm": 90,
        "holds_days": 24.6,
        "short": True,
    }
    notices = disk_notices({**disk, "stopped": [], "refused": ["place-1"]})
    return {"notices": [notice_json(one) for one in notices], "disk": {**disk, "stopped": 0, "refused": 1}}
