"""The types of provisioner that step-ott makes tokens for, a module each."""
