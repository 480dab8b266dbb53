"""Beffroi: the supervision centre that communes share. Cameras are pooled, authority is not.

A camera's packets are captured once and put into the vault as ciphertext; a person asks the gate;
the gate asks the law, writes the ledger and hands out a lease; only with a lease does watch (or
evidence) release a key.
"""

__version__ = "0.1.0"
