"""Live and replay out, to the console. Shows nothing without a lease."""
