"""The figures of a report: their data as plain values, and functions that draw them."""
