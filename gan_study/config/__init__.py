"""What a study file may say: frozen models, loading with file:line:column, search spaces, names."""
