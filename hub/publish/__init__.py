"""What goes to the Hub: the bundle, its card, its notices and its bill of materials; and what comes back."""
