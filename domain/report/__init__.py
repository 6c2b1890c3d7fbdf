"""What a command reports: values with words beside them, and results of checks."""
