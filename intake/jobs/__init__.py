"""Job posts of feeds, pages and files to drafts of profiles. `reading` is the way in."""
