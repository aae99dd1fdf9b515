"""`monitor run`: the jobs of the line by their schedules, one leader a database.

`times` and `due` decide with values and a time that is passed in; `child` runs a job as a process
of its own, which can be cut off; `daemon` asks the database again and again what is due.
"""

from __future__ import annotations
