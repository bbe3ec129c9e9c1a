"""Documents: drafted, reviewed, approved, issued, delivered, settled."""
