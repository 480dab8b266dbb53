"""The words: ids, value types, closed enums, units, the clock interface, the lease and its check.

Pure: no input or output, no SQL, no HTTP. Every other room may import this one.
"""
