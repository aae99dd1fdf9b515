"""An evidence-tracking literature monitor for PubMed: harvest, assess, ledger, digest, publish."""

__version__ = "0.1.0"
