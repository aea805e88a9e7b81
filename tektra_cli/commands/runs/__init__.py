"""`tektra run` and `tektra runs`: agents at work, and what a person does with what they changed."""
