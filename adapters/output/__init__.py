"""What is written: tokens to streams, files and folders, and the files of a sandbox."""
