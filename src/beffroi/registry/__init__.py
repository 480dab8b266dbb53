"""The facts that law reads: bodies, people, cameras, documents and their versions. It keeps and never decides.

Whoever enters a document that widens access to a commune grants nothing until a person designated by that commune
confirms it.
"""
