"""Runs: stages with fingerprints, written whole, resumed where they stopped."""
