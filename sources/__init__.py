"""Receive bytes and lose none; personal data stops here.

Belongs here: the inbox, the archive, readers of tables and logs, the lake, masking. Stays out: what a good
row is (`expectations/`) and what a number means (`dbt_project/`).
"""
