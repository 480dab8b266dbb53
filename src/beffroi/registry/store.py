"""The registry's door: facts in, facts out."""

from beffroi.registry.confirming import Confirmations
from beffroi.registry.enclosures import Enclosures
from beffroi.registry.papers import Papers
from beffroi.registry.places import Places


class Registry(Places, Papers, Confirmations, Enclosures):
    """Facts as an immutable snapshot of the newest revision, and everything that changes them."""
