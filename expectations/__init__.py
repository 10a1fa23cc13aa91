"""The shared formats: one contract per kind, everything else is generated from it.

Belongs here: contracts, aliases, rules, the quarantine SQL and the Great Expectations suite. Stays out:
reading files (`sources/`) and knowing where they come from.
"""
