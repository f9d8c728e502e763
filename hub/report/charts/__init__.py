"""Charts as inline SVG, each drawn by a pure function of plain values. Colours come from the page's style."""
