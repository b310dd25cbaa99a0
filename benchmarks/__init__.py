"""Measurements of the library, side by side with its peers."""
