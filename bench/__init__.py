"""Reproducible benchmarks, each against a floor measured in the same run."""
