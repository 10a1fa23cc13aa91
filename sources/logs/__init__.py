"""One module per log format, each a SQL statement from lines to the canonical record.

`record.py` says what the canonical record is, `reading.py` turns bytes into lines. Writing Parquet is done by
`sources/lake.py`.
"""
