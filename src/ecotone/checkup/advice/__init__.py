"""From findings to what to do: needs, and the remedies that the cards offer for them."""
