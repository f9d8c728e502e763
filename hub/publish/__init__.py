"""What goes to the Hub beside the model: its card and its notices."""
