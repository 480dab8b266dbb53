"""Case files: what the law must answer, written in YAML by those who know it, and run like tests."""
