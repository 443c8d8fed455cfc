"""The sentences that say what a study has shown."""
