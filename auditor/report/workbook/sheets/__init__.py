"""One module per sheet of ``audit.xlsx``."""
