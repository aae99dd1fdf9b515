"""Demo: the embedded sample and the small PubMed server that serves it."""
