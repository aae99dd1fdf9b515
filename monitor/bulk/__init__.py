"""Whole files of PubMed into the store: on one process, on many, or on the queue."""
