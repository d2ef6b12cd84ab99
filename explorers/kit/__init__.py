"""What the explorers share in the browser; of it `numbers.py` in NumPy."""
