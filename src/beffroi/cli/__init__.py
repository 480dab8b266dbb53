"""The commands. Thin: each imports its room when called, so that the recorder never loads the centre."""
