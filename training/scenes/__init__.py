"""The generator of training scenes: rooms and streets at true size, with true depth."""
