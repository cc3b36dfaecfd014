"""The torch modules of the zoo. Only builders and trainers import this room: torch is loaded with it."""
