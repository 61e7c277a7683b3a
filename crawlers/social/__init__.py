"""Public social posts: read by the platforms' own interfaces or from files, without their authors."""
