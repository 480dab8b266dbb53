"""The audit of a commune: from facts to findings, each with its article, its cure and who issues it. Pure."""
