"""What `spbe ui` runs: Dagster's pages, schedule and sensors in one process, its code server in another.

Belongs here: keeping these alive, quiet, closed to strangers. Stays out: what a night is (`jobs.py`,
`sensors.py`), how a command is stopped (`cli/signals.py`).
"""
