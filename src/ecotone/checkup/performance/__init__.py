"""How good the model is on each table: outputs, metrics, intervals, groups, attribution."""
