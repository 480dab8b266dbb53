"""The registry's door: facts in, facts out."""

from beffroi.registry.papers import Papers
from beffroi.registry.places import Places


class Registry(Places, Papers):
    """Facts as an immutable snapshot of the newest revision, and everything that changes them."""
