"""The sub-commands of `lepton`, a file each. Heavy libraries load inside the commands only."""
