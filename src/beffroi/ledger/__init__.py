"""The tamper-evident register: entries, tiles, checkpoints, proofs. Nothing here edits or deletes an entry."""
