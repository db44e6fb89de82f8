"""Files to text with places. `sandbox` is the way in; `worker` and what it imports run in processes with limits."""
