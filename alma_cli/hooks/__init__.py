"""Where agents live: what installed hooks call, and the installing of them. A hook never breaks or delays its host."""
