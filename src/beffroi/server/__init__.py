"""HTTP routes, WebSockets, wiring of the centre's process. Thin: holds no rule."""
