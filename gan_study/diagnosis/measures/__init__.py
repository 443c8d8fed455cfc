"""The measures behind the findings, each as a pure function."""
