"""Generated documents: what the facts and the law say, on paper that a mayor can read.

Nothing here decides, and nothing here serves an image.
"""
