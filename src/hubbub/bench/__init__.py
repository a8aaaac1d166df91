"""Load on a deployment of one's own, and whether it kept its promise: lost / doubled / out of order."""
