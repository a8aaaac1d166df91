"""Nothing that was acknowledged is lost: real servers, killed, restarted and contended for."""
