"""The facts that law reads: bodies, people, cameras, documents and their versions. It never decides."""
