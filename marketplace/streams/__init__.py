"""Live data: what happens, told in order to whoever keeps a stream open."""
