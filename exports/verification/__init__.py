"""The parts of checking a received bundle, each within stated limits; `exports/verify.py` puts them together.

Belongs here: reading what may be hostile. Stays out: making a bundle, exit codes.
"""
