"""The settings of a study: frozen models, search spaces, names, reading with file:line:column, and all checks."""
