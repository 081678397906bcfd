"""What a check found, drawn: the HTML page and its sections, the terminal, plots and the words they share."""
