"""Cameras, street scenes and faults for the demo and the tests. Never imported by the product itself."""
