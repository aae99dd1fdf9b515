"""Assess: from an `Article` to an `Assessment`, each label with the passage it came from."""
