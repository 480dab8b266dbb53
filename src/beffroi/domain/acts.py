"""Closed lists: acts, purposes, forms, origins, verdicts (docs/glossary.md gives the French terms)."""

from enum import StrEnum


class Act(StrEnum):
    """What a person asks to do with a camera."""

    LIVE = "live"
    REPLAY = "replay"
    EXTRACT = "extract"
    RELAY = "relay"
    PTZ = "ptz"
    READ_REGISTER = "read_register"
    CONFIGURE = "configure"


class Keeping(StrEnum):
    """What a lease may let be done that shows no image to anybody: keep minutes for a case, and end that."""

    HOLD = "hold"


IMAGE_ACTS = frozenset({Act.LIVE, Act.REPLAY, Act.EXTRACT, Act.RELAY, Act.PTZ})


class Purpose(StrEnum):
    """Purposes (finalités) of CSI L.251-2; FE and FC are its two special paragraphs."""

    F1 = "F1"
    F2 = "F2"
    F3 = "F3"
    F4 = "F4"
    F5 = "F5"
    F6 = "F6"
    F7 = "F7"
    F8 = "F8"
    F9 = "F9"
    F10 = "F10"
    F11 = "F11"
    FE = "FE"
    FC = "FC"


class Form(StrEnum):
    """Legal form under which cameras are shared."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"
    G = "G"


class Origin(StrEnum):
    """Where a camera stands, in law."""

    PUBLIC_WAY = "v"
    DEPARTMENTAL = "d"
    OPEN_PLACE = "e"
    COMMON_PARTS = "h"
    MERCHANT = "m"
    L223_1 = "t"
    NON_PUBLIC = "n"


class Verdict(StrEnum):
    """The three answers of the law."""

    ALLOW = "allow"
    DENY = "deny"
    UNSETTLED = "unsettled"
