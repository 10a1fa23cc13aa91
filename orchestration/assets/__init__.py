"""Dagster assets: one module per stage of the walk of the data."""
