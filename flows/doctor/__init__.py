"""What `lepton doctor` looks at. Each file looks at one side of the machine and tells findings."""
