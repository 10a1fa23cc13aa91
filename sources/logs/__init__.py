"""One module per log format, each a SQL statement from lines to the canonical record."""
