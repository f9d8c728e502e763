"""The search for the best model under a budget: what is tried, what is measured, what is chosen and why."""
