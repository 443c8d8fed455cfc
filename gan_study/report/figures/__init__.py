"""The figures of a report: their content as plain values, and their drawing."""
