"""What a report says: each module turns records into one part of it."""
