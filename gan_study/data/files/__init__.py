"""Image files in folders and archives."""
