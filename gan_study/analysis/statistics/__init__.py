"""Statistics over scores, without knowledge of studies."""
