"""The notebook of the five questions that people ask most, over the published database (extra `notebook`).

Belongs here: the notebook and how it is started. Stays out: reading tables (`exports/frames.py`), rules and
figures (`dbt_project/`).
"""
