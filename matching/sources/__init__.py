"""Where datasets come from: each source has an object `SOURCE` that loads one."""
