"""What of registering, judging and promoting knows Prefect and MLflow."""
