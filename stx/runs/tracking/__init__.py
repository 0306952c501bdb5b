"""What a run tells an MLflow store, whatever becomes of the store."""
