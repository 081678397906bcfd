"""Which current rows lie outside the reference, behind a global test."""
