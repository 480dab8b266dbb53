"""The routes, a file for each subject. Thin: a route reads its input, calls a room, renders the answer."""
