"""The pipeline over many machines: locations, references to pictures, the actors, and the result's table."""
