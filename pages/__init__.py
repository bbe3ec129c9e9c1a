"""One file a screen: read, draw, on a click call one verb of core. The table of screens is app/screens.py."""
