"""What `lepton bench` runs. Each file has one benchmark: `run(...)` gives its rows."""
