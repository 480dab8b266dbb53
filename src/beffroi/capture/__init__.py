"""Streams in: RTSP, runs and gaps, the recorder program. Never waits for a disk, a database or a viewer."""
