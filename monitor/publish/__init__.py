"""Publish: the store as static pages, feeds and exports."""
