"""What the flow `tune` is made of: a trial as a process, its folder, and the summary."""
