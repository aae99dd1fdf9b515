"""Store: rows, versions and events; every query and every transaction of the program."""
