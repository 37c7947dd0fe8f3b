"""Where rows come from: files, objects, databases and samples, all as files with a digest."""
