"""Every line that the troubleshooting page shows is what the server, a check or the browser really says."""
