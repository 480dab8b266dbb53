"""Pure video engineering: frames, timestamps, codec strings, fMP4 boxes, CENC, repair.

Knows bytes, never law, SQL or HTTP.
"""
