"""What can be said of two tables without a test: their columns, each column's facts, what broke, and a contract."""
