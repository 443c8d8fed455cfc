"""Pure parts: losses, penalties, networks."""
