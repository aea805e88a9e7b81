"""`tektra agents …`: looking, making and changing, and what was before."""
