"""Resumes to profiles: what a document says, where, and how sure. `reading.resume` is the way in."""
