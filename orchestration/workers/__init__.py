"""Where tasks run: in the run's own process, in processes of this machine, or on a Dask scheduler's workers.

Belongs here: handing tasks out, repeating those whose worker died, saying what ran where. Stays out: what a
task does (`sources/log_tasks.py`), what becomes of what it leaves (`orchestration/intake`).
"""
