"""Delivery: signed bundles of the outbox brought to their receiver, with a receipt and the receiver's answer.

Belongs here: where to (`target.py`), what (`parcel.py`), by which way (`folder.py`, `sftp.py`, `command.py`),
without a loss (`sending.py`), what is kept of it (`receipts.py`, `answers.py`), the order (`run.py`). Stays
out: making a bundle (`exports/bundle.py`), when it is delivered and who is told (`orchestration/`).
"""
