"""Programs that `make` calls, as `python -m bookpress.commands.NAME`, in the book's
top folder."""
