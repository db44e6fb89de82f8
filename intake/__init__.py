"""Files and feeds to profiles: resumes and job posts. It may import `matching.data` and `matching.text`."""
