"""What the house promises, as checks that run against a house that is up: by `beffroi demo --check` and by the tests.

A check gives one line and its figures. It raises `PromiseBrokenError` when the promise does not hold.
"""
