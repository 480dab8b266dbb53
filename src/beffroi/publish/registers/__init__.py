"""Registers as views of the log: extracts, destructions, accesses, refusals, and what an order still calls “registre”.

Pure: entries and facts in, tables out. Nothing of one commune's tables depends on another's entries.
"""
