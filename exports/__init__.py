"""What leaves the house: the published database, reports, the ministry's bundle and its verification.

Belongs here: reading published tables and writing files of them. Stays out: computing any figure
(`dbt_project/`) and reading settings (`orchestration/settings.py`).
"""
