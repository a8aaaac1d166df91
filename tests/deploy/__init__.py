"""What stands in `deploy/`, used as it stands: nginx, units, environment, backups."""
