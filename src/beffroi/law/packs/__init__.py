"""Packs: one country's rules, policies, document types and words. France is the first."""
