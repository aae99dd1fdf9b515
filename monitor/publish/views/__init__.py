"""Rows → page values: everything that a page shows, decided before it is rendered. Pure."""
