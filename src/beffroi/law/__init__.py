"""Dated rules to a Decision: a pure function of (facts, act, instant).

Never reads an image, the network or the clock.
"""
