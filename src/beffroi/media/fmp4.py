"""Fragmented MP4 as this house writes it: one init segment, then fragments. Same functions for live and vault."""

from beffroi.media.cenc import Protection
from beffroi.media.fragment import fragment
from beffroi.media.initseg import TIMESCALE_HZ, TRACK_ID, init_segment

__all__ = ["TIMESCALE_HZ", "TRACK_ID", "Protection", "fragment", "init_segment"]
