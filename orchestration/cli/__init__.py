"""The `spbe` command: one thin module per command, heavy imports inside the function body."""
