"""Who may see what over a span of time, and what if: asked of the engine once for all that it cannot tell apart."""
