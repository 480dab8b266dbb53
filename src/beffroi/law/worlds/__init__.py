"""Territories with all their papers, by name: what case files, guides and trials are written against."""
