"""Jobs on PostgreSQL, for workers on any number of machines (the extra `queue`).

A job is the name of a function and plain arguments. The same functions run in process without it.
"""
