"""Files and feeds to profiles. Empty until the intake is built; it may import `matching.data` and `matching.text`."""
