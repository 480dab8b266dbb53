"""What a world holds, as plain data: for tools, and for the reference of case files."""

from beffroi.domain.facts import plain
from beffroi.law.worlds.world import World


def described(world: World) -> dict[str, object]:
    """Name, instant, persons, bodies, cameras and documents, JSON-ready."""
    facts = world.facts
    return {
        "name": world.name,
        "title": world.title.as_dict(),
        "at": world.at.isoformat(),
        "persons": [plain(one) for one in facts.persons.values()],
        "bodies": [plain(one) for one in facts.bodies.values()],
        "cameras": [plain(one) for one in facts.cameras.values()],
        "documents": [plain(one) for one in facts.documents],
    }
