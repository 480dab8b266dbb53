"""Evidence: what leaves the centre for a procedure. Holds, requisitions, extracts limited to them, the package that
proves itself offline, and the verifier that believes nothing. It never re-encodes an original.
"""
