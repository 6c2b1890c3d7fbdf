"""What the user asks `token` for, judged, and the provisioner that it leads to."""
