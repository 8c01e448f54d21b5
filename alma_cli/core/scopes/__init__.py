"""Who may learn what, what a task is about, and whose memories an agent sees."""
