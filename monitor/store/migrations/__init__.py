"""Alembic migrations. `HEAD` is the revision this version of the program was made for."""

HEAD = "0004"
