"""`tektra models …`: looking, keeping, loading and downloading."""
