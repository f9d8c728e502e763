"""The parts of the report, in the order of the page: each a function of the view that returns a section."""
