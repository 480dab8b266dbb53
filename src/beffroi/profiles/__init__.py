"""The deployments that must work, as ready-made worlds: data, the facts built from it, and the way to a lawful form.

Nothing here decides: the law engine does. This room stands above the law and below the server.
"""
