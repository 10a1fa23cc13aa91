"""Wiring: settings, resources, assets, checks, jobs and the command line.

Belongs here: what runs, in which order, on which settings. Stays out: SQL beyond a call, and every rule;
a rule lives in `expectations/` (formats) or `dbt_project/` (numbers). Nothing imports this package.
"""
