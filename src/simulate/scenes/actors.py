"""Who moves, where and when: every path is a straight line on the ground, and the minute ends as it began."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from simulate.scenes import people, vehicles
from simulate.scenes.ground import Street
from simulate.scenes.people import Look
from simulate.scenes.vehicles import Model

LOOP_S: Final = 60.0
Kind = Literal["person", "bicycle", "car", "van", "bus"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or a vehicle on a line from (x0, z0) to (x1, z1), begun at ``start_s`` of each loop."""

    number: int
    kind: Kind
    start_s: float
    speed: float
    line: tuple[float, float, float, float]
    form: Look | Model

    @property
    def lasts_s(self) -> float:
        """Seconds from one end of the line to the other."""
        x0, z0, x1, z1 = self.line
        return float(((x1 - x0) ** 2 + (z1 - z0) ** 2) ** 0.5 / self.speed)

    def at(self, t: float) -> tuple[float, float, float] | None:
        """x, z and metres gone at this second of the loop; None when not in the scene."""
        since = (t - self.start_s) % LOOP_S
        if since >= self.lasts_s:
            return None
        share = since / self.lasts_s
        x0, z0, x1, z1 = self.line
        return x0 + (x1 - x0) * share, z0 + (z1 - z0) * share, since * self.speed


def cast(street: Street, seed: int, *, busy: float = 1.0) -> list[Actor]:
    """The people and vehicles of a scene. Vehicles pass before the 38th second; then people use the zebra."""
    rng = random.Random(seed)  # noqa: S311 — the same minute each time is wanted
    made = _across(street, rng, busy) if street.axis == "x" else _along(street, rng, busy)
    return [
        Actor(number, kind, start % LOOP_S, speed, line, form)
        for number, (kind, start, speed, line, form) in enumerate(made, 1)
    ]


_Plan = tuple[Kind, float, float, tuple[float, float, float, float], Look | Model]


def _walk(rng: random.Random, start: float, line: tuple[float, float, float, float]) -> _Plan:
    x0, z0, x1, z1 = line
    length = ((x1 - x0) ** 2 + (z1 - z0) ** 2) ** 0.5
    speed = max(rng.uniform(1.05, 1.6), length / (LOOP_S - 2))
    return "person", start, speed, line if rng.random() < 0.5 else (x1, z1, x0, z0), people.look(rng)


def _drive(rng: random.Random, start: float, speed: float, line: tuple[float, float, float, float]) -> _Plan:
    model = vehicles.any_car(rng)
    return model.kind, start, speed, line, model


def _across(street: Street, rng: random.Random, busy: float) -> Iterator[_Plan]:
    low, high = street.road
    for count in range(round(9 * busy)):
        z = rng.uniform(high + 1.2, street.pavement[1] - 0.7)
        yield _walk(rng, count * LOOP_S / (9 * busy) + rng.uniform(0, 3), (-22, z, 22, z + rng.uniform(-0.3, 0.3)))
    for count in range(round(4 * busy)):
        z = rng.uniform(street.pavement[0] + 0.9, low - 0.7)
        yield _walk(rng, count * LOOP_S / (4 * busy) + rng.uniform(0, 5), (-13, z, 13, z))
    for count in range(round(5 * busy)):
        x = street.zebra[0] + 0.5 + (street.zebra[1] - street.zebra[0] - 1) * rng.random()
        yield _walk(
            rng, 40 + count * 8 / (5 * busy), (x, street.pavement[0] + 0.3, x + rng.uniform(-0.5, 0.5), high + 2.6)
        )
    near, far = low + 1.75, street.middle + 1.35
    starts = [1 + n * 5.2 + rng.uniform(0, 1.2) for n in range(round(6 * busy))]
    for n, start in enumerate(starts):
        if n == 2:
            yield "bus", start, 7.5, (-27, near, 27, near), vehicles.bus((206, 214, 218))
        else:
            yield _drive(rng, start, 7.5, (-24, near, 24, near))
    for n in range(round(5 * busy)):
        yield _drive(rng, 3 + n * 6 + rng.uniform(0, 1.5), 8.5, (25, far, -25, far))
    for n in range(3):
        yield "bicycle", 6 + n * 17.0, 4.6, (23, high - 0.7, -23, high - 0.7), people.look(rng)


def _along(street: Street, rng: random.Random, busy: float) -> Iterator[_Plan]:
    low, high = street.road
    for side in (-1, 1):
        edge = low if side < 0 else high
        for count in range(round(6 * busy)):
            x = edge + side * rng.uniform(1.5, 3.4)
            yield _walk(rng, count * LOOP_S / (6 * busy) + rng.uniform(0, 4), (x, 9.5, x + rng.uniform(-0.2, 0.2), 70))
    for count in range(round(6 * busy)):
        z = street.zebra[0] + 0.4 + (street.zebra[1] - street.zebra[0] - 0.8) * rng.random()
        yield _walk(rng, 42 + count * 8 / (6 * busy), (low - 3.2, z, high + 3.2, z))
    for n in range(round(5 * busy)):
        yield _drive(rng, n * 5.5 + rng.uniform(0, 1.5), 9.0, (low + 1.75, 112, low + 1.75, 5))
    for n in range(round(4 * busy)):
        yield _drive(rng, 2 + n * 6.5 + rng.uniform(0, 1.5), 8.0, (high - 2.5, 5, high - 2.5, 112))
    for n in range(3):
        yield "bicycle", 4 + n * 19.0, 4.4, (high - 0.7, 9, high - 0.7, 80), people.look(rng)
