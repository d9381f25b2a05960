"""Layout, components, styles and scripts of the pages; knows no feature."""
